"""Does a word's token stand high because the word is there? Delete the word and look again.

The control is the same token when another content word of the same text is deleted: any deletion
shortens the text and spoils its grammar. What this does not tell: a token may stay because the rest
of the text is about the same thing, and a text with a hole in it is no text that anyone wrote.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd
import torch

from tokalign.embedders import Embedder, Embeddings, encode_stored
from tokalign.embedders.encoding.tokenising import check_text
from tokalign.errors import TokalignError
from tokalign.measures.intervals import Interval, mean_interval
from tokalign.measures.keywords import TextWord, text_words
from tokalign.store import Store
from tokalign.tokens import Head, VocabularyForms, content_head, load_head

#: Rows of the head that are brought to float32 at a time.
_ROWS = 8192
#: What happened to the text, as the columns call it.
_STATES = ("before", "deleted", "control")


@dataclass(frozen=True)
class Deletion:
    """The text of a number without one of its content words: what is `remaining` of it."""

    text: int
    word: TextWord
    remaining: str


def without_spans(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """Cut some words out of a text, each with the blank before it, or else the one behind it.

    Args:
        text: Raw text.
        spans: Characters ``(start, end)`` of the words, in order.

    >>> without_spans("Parrots talk, parrots sing.", [(0, 7), (14, 21)])
    'talk, sing.'
    """
    for start, end in reversed(spans):
        if start and text[start - 1].isspace():
            start -= 1
        elif not start and text[end : end + 1].isspace():
            end += 1
        text = text[:start] + text[end:]
    return text


def draw_deletions(
    texts: Sequence[str], tokenizer: Any, forms: VocabularyForms, sample: int, words: int, seed: int
) -> list[Deletion]:
    """Draw texts, and content words of each to be deleted.

    All occurrences of a word's normal form go together. A word can be drawn where a token of the
    vocabulary matches it, and where what is left holds another content word and no token that
    matches the word any more, not even as a piece of another one ("sun" beside "sunlight").

    Args:
        texts: N texts.
        tokenizer: Of the embedder.
        forms: The forms of its tokens.
        sample: How many texts are drawn, if so many have two such words.
        words: How many words of each at most, two or more.
        seed: Of both draws; a text's words do not depend on the other texts.

    Returns:
        The deletions, text by text, in the order of the texts.
    """
    found: dict[int, list[Deletion]] = {}
    for number in np.random.default_rng(seed).permutation(len(texts)).tolist():
        if len(found) == sample:
            break
        text, drawn = texts[number], []
        there = text_words(text, tokenizer)
        for place in np.random.default_rng([seed, crc32(text.encode())]).permutation(len(there)):
            word = there[place]
            remaining = without_spans(text, word.spans)
            numbers = {forms.number[form] for form in word.matches if form in forms.number}
            ids = tokenizer(remaining, add_special_tokens=False, verbose=False)["input_ids"]
            if numbers and len(there) > 1 and numbers.isdisjoint(forms.of[ids].tolist()):
                drawn.append(Deletion(number, word, remaining))
            if len(drawn) == words:
                break
        if len(drawn) > 1:
            found[number] = drawn
    return [deletion for number in sorted(found) for deletion in found[number]]


def deletion_effects(
    embedder: Embedder,
    texts: Sequence[str],
    *,
    sample: int = 100,
    words: int = 3,
    store: Store | None = None,
    seed: int = 0,
    head: Head | None = None,
) -> pd.DataFrame:
    """What becomes of a word's best token when the word is deleted, and when another one is.

    It costs one embedding a text and one a word. Texts that are longer than the model reads are
    left out: a deletion would bring unread words in.

    Args:
        embedder: Whose aligned tokens.
        texts: N texts.
        sample: See `draw_deletions`.
        words: See `draw_deletions`; a word's control is the next one drawn of its text.
        store: Where vectors are kept.
        seed: See `draw_deletions`.
        head: Which head decodes; the recipe's own where it is None.

    Returns:
        One row a word: ``embedder``, ``text`` (number from 0), ``word``, ``count`` of its
        occurrences, ``control`` (the other word), ``token`` and ``id`` of its best token in the
        whole text; ``logit_before``, ``logit_deleted``, ``logit_control`` of that token;
        ``spread``, the standard deviation of all content tokens' logits in the whole text; and
        ``rank_before``, ``rank_deleted``, ``rank_control``, from 1, among content forms.

    Raises:
        TokalignError: No text of which two words can be deleted, or fewer asked for.
    """
    if sample < 1 or words < 2:
        raise TokalignError(
            f"{sample} texts and {words} words of each; at least 1 text and 2 words are needed"
        )
    for number, text in enumerate(texts, 1):
        check_text(text, number)
    forms = VocabularyForms.from_tokenizer(embedder.tokenizer)
    drawn = draw_deletions(texts, embedder.tokenizer, forms, sample, words, seed)
    whole = list(dict.fromkeys(deletion.text for deletion in drawn))
    content, rows = content_head(head or load_head(embedder), forms), []
    if drawn:
        read = [*(texts[number] for number in whole), *(deletion.remaining for deletion in drawn)]
        made = encode_stored(embedder, read, store)
        for first, number in enumerate(whole):
            places = [i for i, deletion in enumerate(drawn) if deletion.text == number]
            if not made.truncated[first]:
                logits = _logits(made, [first, *(len(whole) + i for i in places)], content)
                rows += _followed([drawn[i] for i in places], logits, content, forms)
    if not rows:
        raise TokalignError(
            f"no text that {embedder.name} reads whole has two content words that can be deleted "
            "one by one; other texts are needed"
        )
    frame = pd.DataFrame(rows)
    frame.insert(0, "embedder", embedder.name)
    frame.insert(5, "token", [embedder.tokenizer.decode([i]) for i in frame["id"].tolist()])
    return frame


@torch.inference_mode()
def _logits(made: Embeddings, places: list[int], head: Head) -> np.ndarray:
    """All logits of some of the vectors, ``(len(places), V)``."""
    some = replace(made, vectors=made.vectors[places], norms=made.norms[places],
                   truncated=made.truncated[places])  # fmt: skip
    vectors = head.ready(some if head.linear else some.unnormalised())
    tiles = (slice(i, min(i + _ROWS, len(head))) for i in range(0, len(head), _ROWS))
    logits = torch.cat([head.finish(vectors @ head.tile(t).T, t) for t in tiles], dim=1)
    return np.asarray(logits.cpu())


def _followed(
    deletions: Sequence[Deletion], logits: np.ndarray, head: Head, forms: VocabularyForms
) -> list[dict[str, Any]]:
    """The best token of each word of one text, whose logits come first, then those without it."""
    ids = head.ids.cpu().numpy()
    of = forms.of[ids]
    order = np.argsort(of, kind="stable")
    known, starts = np.unique(of[order], return_index=True)
    best = np.maximum.reduceat(logits[:, order], starts, axis=1)
    rows = []
    for place, deletion in enumerate(deletions):
        other = (place + 1) % len(deletions)
        numbers = [forms.number[form] for form in deletion.word.matches if form in forms.number]
        own = np.flatnonzero(np.isin(of, numbers))
        if not len(own):  # the tokenizer knows more tokens than the head
            continue
        token, states = own[logits[0, own].argmax()], [0, 1 + place, 1 + other]
        followed = logits[states, token]
        rivals = best[states][:, ~np.isin(known, numbers)]
        ranks = 1 + (rivals > followed[:, None]).sum(axis=1)
        rows.append(
            {"text": deletion.text, "word": deletion.word.word, "count": len(deletion.word.spans),
             "control": deletions[other].word.word, "id": int(ids[token]),
             **{f"logit_{s}": float(x) for s, x in zip(_STATES, followed, strict=True)},
             "spread": float(logits[0].std()),
             **{f"rank_{s}": int(x) for s, x in zip(_STATES, ranks, strict=True)}}
        )  # fmt: skip
    return rows


def deletion_summary(effects: pd.DataFrame, *, k: int = 10, seed: int = 0) -> pd.DataFrame:
    """The effects of deletion, averaged within each text and then over texts.

    Args:
        effects: `deletion_effects` of one or more embedders, put together.
        k: How far down the list a token counts as being at the top.
        seed: Of the resampling.

    Returns:
        One row for each embedder and ``quantity``: ``texts``, ``n`` words, ``value``, ``low`` and
        ``high`` (95 %, percentile bootstrap over texts). For each ``unit`` (``logit``; ``spread``,
        which can be compared between embedders; ``log2 rank``, doublings of the rank) there is how
        far the token falls when its word is ``deleted``, when another is (``control``), and the
        ``difference`` of the two, 0 if the word does not matter. As ``share``:
        ``falls further`` when its own word is deleted (ties count half; 0.5 if it does not
        matter), ``top before``, and of those in the top k before, how many are there when their
        word is deleted (``stays, deleted``) or another is (``stays, control``), NaN for none.
    """
    rows = []
    for name, here in effects.groupby("embedder", sort=False):
        for (quantity, unit), values in _quantities(here, k).items():
            known = values.dropna()
            texts = known.groupby(here["text"]).mean().to_numpy()
            found = (mean_interval(texts, seed) if len(texts) > 1 else
                     Interval(texts[0] if len(texts) else np.nan, np.nan, np.nan))  # fmt: skip
            rows.append({"embedder": name, "quantity": quantity, "unit": unit,
                         "texts": len(texts), "n": len(known), **vars(found)})  # fmt: skip
    return pd.DataFrame(rows)


def _quantities(effects: pd.DataFrame, k: int) -> dict[tuple[str, str], pd.Series]:
    """``(quantity, unit)`` -> one number a word."""
    found: dict[tuple[str, str], pd.Series] = {}
    for state in _STATES[1:]:
        fall = effects["logit_before"] - effects[f"logit_{state}"]
        found[state, "logit"], found[state, "spread"] = fall, fall / effects["spread"]
        ratio = effects[f"rank_{state}"] / effects["rank_before"]
        found[state, "log2 rank"] = ratio.map(np.log2)
    for unit in ("logit", "spread", "log2 rank"):
        found["difference", unit] = found["deleted", unit] - found["control", unit]
    found["falls further", "share"] = np.sign(found["difference", "logit"]) / 2 + 0.5
    top = effects["rank_before"] <= k
    found["top before", "share"] = top.astype(float)
    for state in _STATES[1:]:
        found[f"stays, {state}", "share"] = (effects[f"rank_{state}"] <= k).astype(float).where(top)
    return found
