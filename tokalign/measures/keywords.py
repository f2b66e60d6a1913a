"""Which words of a text stand high among its aligned tokens: one row for each content word.

A word's rank is taken as the content view takes it: over content forms, equal ones merged. Beside
it stands what might decide it: how rare the word is, where it stands, how it looks. There is no
part of speech here: `shape_class` goes by letters and endings alone, has been compared with no
tagger, and calls many words by the wrong name ("evening" ends like "running").
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from tokalign.embedders import Embedder, encode_stored
from tokalign.embedders.encoding.tokenising import check_text
from tokalign.errors import TokalignError
from tokalign.measures.chance import derangements
from tokalign.measures.ranks import Literals, ranks
from tokalign.store import Store
from tokalign.tokens import Head, VocabularyForms, load_head, ranked_forms, word_forms

#: How deep the lists are looked through; a word that comes later is censored.
DEPTH = 5000
ShapeClass = Literal[
    "number", "name-like", "-ly", "-ing", "-ed", "noun suffix", "adjective suffix", "no suffix"
]
#: Endings of English, the first that fits counts; three letters with a vowel must stay before it.
_SUFFIXES: dict[ShapeClass, str] = {
    "-ly": "ly",
    "-ing": "ings?",
    "-ed": "ed",
    "noun suffix": "(?:tion|sion|ment|ness|ship|hood|ism|ist|ance|ence)s?|(?:it|c)(?:y|ies)",
    "adjective suffix": "ous|ful|less|able|ible|ive|ic|al|ish|ary",
}
_ENDS = {
    name: re.compile(rf"(?=\w*[aeiouy]\w*(?:{ends})\Z)\w{{3,}}(?:{ends})")
    for name, ends in _SUFFIXES.items()
}
#: After these a capital letter says nothing.
_OPENING = frozenset('.!?:\u2026\n"\u201c\u2018\u00ab(')
_GAP = re.compile(r"[\W_]*\Z")


def shape_class(word: str, capitalised: bool = False) -> ShapeClass:
    """The class of a word by its letters and its ending. English only, and no part of speech.

    Args:
        word: As it is written.
        capitalised: Whether it has a capital letter that no beginning of a sentence explains.

    Returns:
        ``number`` with a digit in it; ``name-like`` where it is capitalised or all capitals;
        otherwise by the first suffix that fits, and ``no suffix`` where none does.

    >>> [shape_class(word) for word in ("1610", "NASA", "slowly", "treaties", "agreement", "moon")]
    ['number', 'name-like', '-ly', 'no suffix', 'noun suffix', 'no suffix']
    """
    if any(c.isdigit() for c in word):
        return "number"
    if capitalised or (len(word) > 1 and word.isupper()):
        return "name-like"
    plain = re.sub(r"['\u2019]s\Z", "", word.casefold())
    return next((name for name, ends in _ENDS.items() if ends.fullmatch(plain)), "no suffix")


@dataclass(frozen=True)
class TextWord:
    """A content word of a text, its occurrences merged.

    Attributes:
        word: As it is first written.
        form: Its normal form.
        matches: The forms that match it.
        spans: Characters ``(start, end)`` of every occurrence, in order.
        capitalised: Whether one of them has a capital letter inside a sentence. An abbreviation's
            full stop counts as the end of one.
    """

    word: str
    form: str
    matches: frozenset[str]
    spans: tuple[tuple[int, int], ...]
    capitalised: bool


def text_words(text: str, tokenizer: Any) -> list[TextWord]:
    """The content words of a text in the order of their first occurrence.

    Args:
        text: Raw text.
        tokenizer: The tokenizer whose tokens will be compared.
    """
    merged: dict[str, TextWord] = {}
    for found in word_forms(text, tokenizer):
        word, span = text[found.start : found.end], (found.start, found.end)
        capital = word[0].isupper() and not _begins(text, found.start)
        old = merged.get(found.form, TextWord(word, found.form, frozenset(), (), False))
        merged[found.form] = TextWord(
            old.word, found.form, old.matches | found.matches, (*old.spans, span),
            old.capitalised or capital,
        )  # fmt: skip
    return list(merged.values())


def _begins(text: str, start: int) -> bool:
    """Whether a sentence or a quotation may begin here."""
    gap = _GAP.search(text, 0, start)
    between = gap.group() if gap else ""
    return len(between) == start or not _OPENING.isdisjoint(between)


def word_ranks(
    embedder: Embedder,
    texts: Sequence[str],
    *,
    store: Store | None = None,
    seed: int = 0,
    depth: int = DEPTH,
    head: Head | None = None,
) -> pd.DataFrame:
    """The rank of every content word of every text, and what may decide it.

    Args:
        embedder: Whose aligned tokens.
        texts: N texts.
        store: Where vectors and ranked forms are kept.
        seed: Of the draw of another text for each, whose list is the chance level.
        depth: How many content forms of each list are looked through.
        head: Which head decodes; the recipe's own where it is None.

    Returns:
        One row a content word of a text, occurrences of the same normal form merged:

        - ``embedder``; ``text``, its number from 0; ``word`` as first written; ``form``;
        - ``rank`` of its best token among content forms, from 1; where none of the first `depth`
          matches, depth + 1 and ``censored``; ``reachable``, whether any token of the vocabulary
          matches it at all;
        - ``rank_elsewhere``, the same in the list of another text; NaN where there is none;
        - ``document_frequency``, in how many of the N texts the form occurs, and ``idf``,
          log((1 + N) / (1 + frequency)) + 1, as scikit-learn's TfidfTransformer smooths it;
        - ``position``, the middle of its first occurrence as a share of the text's characters;
          ``order``, its place among the text's different content words, from 1; ``words``, how
          many there are; ``count``, how often it occurs;
        - ``pieces``, into how many tokens its first occurrence is cut; ``capitalised`` inside a
          sentence; ``shape_class``;
        - ``cut``, whether the text is longer than the model reads: its last words went unread.

    Raises:
        TokalignError: No texts, a text that the embedder cannot read, or a depth below 1.
    """
    if not len(texts):
        raise TokalignError("there is no text to rank the words of")
    if depth < 1:
        raise TokalignError(f"depth must be at least 1, not {depth}")
    for number, text in enumerate(texts, 1):
        check_text(text, number)
    if store is None:
        # Two parts need the same vectors: without any store each would embed anew.
        with tempfile.TemporaryDirectory() as folder:
            passing = Store(Path(folder))
            return word_ranks(embedder, texts, store=passing, seed=seed, depth=depth, head=head)
    cut = encode_stored(embedder, texts, store).truncated
    forms = VocabularyForms.from_tokenizer(embedder.tokenizer)
    words = [text_words(text, embedder.tokenizer) for text in texts]
    lists = ranked_forms(embedder, head or load_head(embedder), forms, texts, depth, store)
    literals = _literals(words, forms)
    own = ranks(literals, lists).rank
    elsewhere = np.full(len(own), np.nan)
    for order in derangements(len(texts), 1, seed):
        elsewhere = np.minimum(ranks(literals, lists, order).rank, lists.shape[1]) + 1.0
    frequency = Counter(word.form for row in words for word in row)
    rows = [
        {
            "text": number,
            "word": word.word,
            "form": word.form,
            "reachable": not forms.number.keys().isdisjoint(word.matches),
            "document_frequency": frequency[word.form],
            "idf": np.log((1 + len(texts)) / (1 + frequency[word.form])) + 1,
            "position": sum(word.spans[0]) / 2 / len(text),
            "order": order,
            "words": len(words[number]),
            "count": len(word.spans),
            "pieces": pieces,
            "capitalised": word.capitalised,
            "shape_class": shape_class(word.word, word.capitalised),
            "cut": bool(cut[number]),
        }
        for number, text in enumerate(texts)
        for order, (word, pieces) in enumerate(
            zip(words[number], _pieces(text, words[number], embedder.tokenizer), strict=True), 1
        )
    ]
    frame = pd.DataFrame(rows, columns=_COLUMNS)
    frame.insert(0, "embedder", embedder.name)
    frame.insert(4, "rank", np.minimum(own, lists.shape[1]) + 1)
    frame.insert(5, "censored", own >= lists.shape[1])
    frame.insert(6, "rank_elsewhere", elsewhere)
    return frame


_COLUMNS = [
    "text", "word", "form", "reachable", "document_frequency", "idf", "position", "order", "words",
    "count", "pieces", "capitalised", "shape_class", "cut",
]  # fmt: skip


def _literals(words: Sequence[Sequence[TextWord]], forms: VocabularyForms) -> Literals:
    """Words as items of their texts, numbered within each."""
    matches = [
        [
            np.array(sorted(forms.number[m] for m in word.matches if m in forms.number), np.int64)
            for word in row
        ]
        for row in words
    ]
    sizes = np.array([len(row) for row in words], dtype=np.int64)
    return Literals([np.arange(size) for size in sizes], matches, sizes)


def _pieces(text: str, words: Sequence[TextWord], tokenizer: Any) -> list[int]:
    """How many tokens of the text overlap the first occurrence of each word."""
    made = tokenizer(
        text, add_special_tokens=False, return_offsets_mapping=True, verbose=False
    )["offset_mapping"]  # fmt: skip
    offsets = np.array(made, dtype=np.int64).reshape(-1, 2)
    first = np.array([word.spans[0] for word in words], dtype=np.int64).reshape(-1, 2)
    over = (offsets[:, 0] < first[:, 1:]) & (offsets[:, 1] > first[:, :1])
    found: list[int] = over.sum(axis=1).tolist()
    return found
