"""The literal words of a pair: those that both texts have, and those that set the two apart.

Unlike content forms, these keep the stop words: "not" is one. Words are compared as forms: NFKC,
case folded, stemmed (Snowball English). A token is a word's where its form is that of the word, or
of the word's first piece.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import pandas as pd
import snowballstemmer

from tokalign.embedders import Embeddings
from tokalign.errors import TokalignError
from tokalign.measures import cosines, derangements
from tokalign.pairs.split import TokenSplit
from tokalign.tokens import VocabularyForms

#: Whose tokens add to the cosine.
PARTS = ("shared", "first alone", "second alone", "neither")
#: Ways of giving a pair another pair's words that are averaged.
_OTHERS = 5
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_MARKS = "\u0120\u2581 "
_STEMMER = snowballstemmer.stemmer("english")


@lru_cache(maxsize=500_000)
def word_form(token: str) -> str | None:
    """The form of a word or token, stop words kept; None without a letter or digit.

    >>> [word_form(token) for token in (" Not", "apples", ",")]
    ['not', 'appl', None]
    """
    plain = unicodedata.normalize("NFKC", token).replace("\u2019", "'").strip()
    plain = plain.lstrip(_MARKS).strip().casefold()
    return str(_STEMMER.stemWord(plain)) if any(c.isalnum() for c in plain) else None


@dataclass(frozen=True)
class SpokenWord:
    """A word of a text, all its occurrences together.

    Attributes:
        word: As it is first written.
        form: Its form.
        spans: Characters ``(start, end)`` of each occurrence, in order.
    """

    word: str
    form: str
    spans: tuple[tuple[int, int], ...]


def spoken_words(text: str) -> list[SpokenWord]:
    """Every word of a text, stop words in, in the order of first occurrence.

    >>> [(one.word, one.spans) for one in spoken_words("Not hot, not cold")]
    [('Not', ((0, 3), (9, 12))), ('hot', ((4, 7),)), ('cold', ((13, 17),))]
    """
    merged: dict[str, SpokenWord] = {}
    for found in _WORD.finditer(text):
        form = word_form(found.group())
        if form is not None:
            old = merged.get(form, SpokenWord(found.group(), form, ()))
            merged[form] = SpokenWord(old.word, form, (*old.spans, found.span()))
    return list(merged.values())


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The tokens of a tokenizer, found by the words that they are.

    Attributes:
        tokenizer: The tokenizer.
        forms: The form of each token, stop words kept; none for special tokens.
    """

    tokenizer: Any
    forms: VocabularyForms

    @classmethod
    def of(cls, tokenizer: Any) -> Vocabulary:
        """Work out the form of every token."""
        return cls(tokenizer, VocabularyForms.from_tokenizer(tokenizer, word_form))

    @cached_property
    def _ids(self) -> list[np.ndarray]:
        order = np.argsort(self.forms.of, kind="stable")
        starts = np.searchsorted(self.forms.of[order], np.arange(len(self.forms.number) + 1))
        return np.split(order, starts)[1:-1]

    @cached_property
    def _numbers(self) -> dict[str, tuple[int, ...]]:
        return {}

    def numbers(self, word: str) -> tuple[int, ...]:
        """The numbers of the forms that match a word: its own, and its first piece's."""
        if word not in self._numbers:
            self._numbers[word] = self._look_up(word)
        return self._numbers[word]

    def _look_up(self, word: str) -> tuple[int, ...]:
        matches = {word_form(word)}
        for written in (" " + word, word):
            pieces = self.tokenizer.encode(written, add_special_tokens=False)
            forms = (word_form(self.tokenizer.decode([i])) for i in pieces)
            matches.add(next((form for form in forms if form is not None), None))
        known = self.forms.number
        numbers = (known[form] for form in matches if form is not None and form in known)
        return tuple(sorted(numbers))

    def ids(self, words: Sequence[str]) -> np.ndarray:
        """The ids of all tokens of some words, in order; each once."""
        numbers = {number for word in words for number in self.numbers(word)}
        found = [self._ids[number] for number in sorted(numbers)]
        return np.sort(np.concatenate([np.empty(0, np.int64), *found]).astype(np.int64))


def word_parts(first: str, second: str, vocabulary: Vocabulary) -> list[np.ndarray]:
    """The tokens of the words of a pair: shared, of the first alone, of the second alone.

    Args:
        first: A text.
        second: Another.
        vocabulary: Of the head.

    Returns:
        Three arrays of token ids; a token of two of them counts for the first of the three.
    """
    one, other = spoken_words(first), spoken_words(second)
    forms = {word.form for word in one} & {word.form for word in other}
    shared = vocabulary.ids([word.word for word in one if word.form in forms])
    left = vocabulary.ids([word.word for word in one if word.form not in forms])
    right = vocabulary.ids([word.word for word in other if word.form not in forms])
    left = np.setdiff1d(left, shared)
    return [shared, left, np.setdiff1d(right, np.concatenate([shared, left]))]


def word_shares(
    split: TokenSplit,
    first: Embeddings,
    second: Embeddings,
    texts: tuple[Sequence[str], Sequence[str]],
    vocabulary: Vocabulary,
    seed: int = 0,
) -> pd.DataFrame:
    """The split of each cosine, gathered by the words of the pair.

    Args:
        split: Of the head.
        first: Vectors of N first texts.
        second: Vectors of N second texts.
        texts: The N first texts and the N second ones.
        vocabulary: Of the head.
        seed: Of the derangements.

    Returns:
        One row for each ``pair`` and ``part`` (see `PARTS`): ``tokens`` of the part, ``value``,
        what they add to the cosine; ``even``, what as many tokens would add if all added the same;
        and ``chance``, what the tokens of another pair's part add to it, the mean over 5
        derangements (NaN for a single pair). The values of a pair sum to its cosine.

    Raises:
        TokalignError: Numbers that do not fit; see `TokenSplit.sums`.
    """
    if not len(texts[0]) == len(texts[1]) == len(first):
        raise TokalignError(
            f"{len(texts[0])} first texts and {len(texts[1])} second ones for {len(first)} vectors"
        )
    parts = [word_parts(a, b, vocabulary) for a, b in zip(*texts, strict=True)]
    own = split.sums(first, second, parts)
    whole = cosines(first.vectors, second.vectors)
    others = [split.sums(first, second, [parts[i] for i in order])
              for order in derangements(len(parts), _OTHERS, seed)]  # fmt: skip
    chance = np.mean(others, axis=0) if others else np.full_like(own, np.nan)
    tokens = np.array([[len(ids) for ids in sets] for sets in parts])
    tokens = np.column_stack([tokens, len(split.head) - tokens.sum(axis=1)])
    columns = {
        "tokens": tokens,
        "value": np.column_stack([own, whole - own.sum(axis=1)]),
        "even": whole[:, None] * tokens / len(split.head),
        "chance": np.column_stack([chance, whole - chance.sum(axis=1)]),
    }
    frame = pd.DataFrame({name: column.ravel() for name, column in columns.items()})
    frame.insert(0, "pair", np.repeat(np.arange(len(parts)), len(PARTS)))
    frame.insert(1, "part", PARTS * len(parts))
    return frame
