"""Mark each aligned token of a text: is it one of the text's own tokens, a variant, or neither?

For pictures and galleries. A *variant* has the normal form of a word of the text (case,
inflection, first piece); *other* says only that the text does not hold it, not that it is off
topic.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tokalign.embedders import Embedder
from tokalign.store import Store
from tokalign.tokens import aligned_tokens, load_head, normal_form, word_forms

#: `related` is given by `related.judge_related` alone.
Mark = Literal["literal", "variant", "related", "other"]


@dataclass(frozen=True)
class MarkedText:
    """A text with its aligned tokens.

    Attributes:
        text: The text.
        tokens: Its aligned tokens as strings, best first.
        logits: Their logits.
        marks: The mark of each.
        matched: Character spans ``(start, end)`` of the words that a token matches.
    """

    text: str
    tokens: tuple[str, ...]
    logits: tuple[float, ...]
    marks: tuple[Mark, ...]
    matched: tuple[tuple[int, int], ...]


def mark(text: str, ids: Sequence[int], logits: Sequence[float], tokenizer: Any) -> MarkedText:
    """Mark the aligned tokens of one text.

    Args:
        text: The raw text.
        ids: Token ids, best first.
        logits: One a token.
        tokenizer: What both were made with.
    """
    # The special tokens that stand around every text are no tokens of it.
    own = set(tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])
    words = word_forms(text, tokenizer)
    known = {form for word in words for form in word.matches}
    tokens = tuple(tokenizer.decode([int(i)]) for i in ids)
    forms = [normal_form(token) for token in tokens]
    marks: list[Mark] = []
    for i, form in zip(ids, forms, strict=True):
        if int(i) in own:
            marks.append("literal")
        else:
            marks.append("variant" if form is not None and form in known else "other")
    matched = tuple((w.start, w.end) for w in words if w.matches & set(forms))
    return MarkedText(text, tokens, tuple(map(float, logits)), tuple(marks), matched)


def mark_strings(text: str, tokens: Sequence[str], tokenizer: Any) -> MarkedText:
    """Mark tokens that are known as strings alone, such as those that a publication quotes.

    A token is *literal* where it is a word of the text as it stands there; its pieces cannot be
    told.

    Args:
        text: The raw text.
        tokens: As a tokenizer decodes them, best first; their logits are not known.
        tokenizer: Any: it cuts words into first pieces, which count as variants.
    """
    words = word_forms(text, tokenizer)
    written = set(re.findall(r"\w+|[^\w\s]", text))
    known = {form for word in words for form in word.matches}
    forms = [normal_form(token) for token in tokens]
    marks: list[Mark] = []
    for token, form in zip(tokens, forms, strict=True):
        if token.strip() in written:
            marks.append("literal")
        else:
            marks.append("variant" if form is not None and form in known else "other")
    matched = tuple((w.start, w.end) for w in words if w.matches & set(forms))
    return MarkedText(text, tuple(tokens), (math.nan,) * len(marks), tuple(marks), matched)


def marked_texts(
    embedder: Embedder, texts: Sequence[str], k: int = 10, store: Store | None = None
) -> list[MarkedText]:
    """Embed and decode texts, and mark their aligned tokens.

    Args:
        embedder: Who embeds.
        texts: One or more texts.
        k: Tokens a text.
        store: Where results are kept.
    """
    found = aligned_tokens(embedder, load_head(embedder), texts, k, store)
    return [
        mark(text, ids.tolist(), logits.tolist(), embedder.tokenizer)
        for text, ids, logits in zip(texts, found.ids, found.logits, strict=True)
    ]
