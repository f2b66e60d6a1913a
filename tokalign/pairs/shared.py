"""The aligned tokens of a pair: which of them the two texts share, and which set them apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from tokalign.embedders import Embedder, Embeddings
from tokalign.errors import TokalignError
from tokalign.measures import derangements
from tokalign.pairs.marked import MarkedPairs
from tokalign.pairs.words import Vocabulary, spoken_words
from tokalign.store import Store
from tokalign.tokens import AlignedTokens, Head, VocabularyForms, decode, decode_forms, ranked_forms


@dataclass(frozen=True, eq=False)
class SharedForms:
    """The top K content forms of both texts of N pairs.

    Attributes:
        first: ``(N, K)`` form numbers, best first.
        second: ``(N, K)``.
        forms: What the numbers stand for.

    >>> two = SharedForms(np.array([[0, 1]]), np.array([[1, 2]]),
    ...                   VocabularyForms(np.array([0, 1, 2]), {"hot": 0, "tea": 1, "cold": 2}))
    >>> two.jaccard().round(2).tolist(), two.strings(0)
    ([0.33], (['tea'], ['hot'], ['cold']))
    """

    first: np.ndarray
    second: np.ndarray
    forms: VocabularyForms

    def jaccard_table(self) -> np.ndarray:
        """The Jaccard index of every first list with every second one, ``(N, N)``.

        `gaps` takes it as it takes cosines: the mismatched pairs are the chance level.
        """
        n, k = self.first.shape
        marks = [
            csr_array(
                (np.ones(n * k), side.ravel(), np.arange(0, n * k + 1, k)),
                (n, len(self.forms.number)),
            )
            for side in (self.first, self.second)
        ]
        both = (marks[0] @ marks[1].T).toarray()
        found: np.ndarray = both / (2 * k - both)
        return found

    def jaccard(self) -> np.ndarray:
        """The Jaccard index of the lists of each pair, ``(N,)``, 0 to 1."""
        return np.diagonal(self.jaccard_table()).copy()

    def strings(self, pair: int, tokenizer: Any = None) -> tuple[list[str], list[str], list[str]]:
        """The forms that both lists have, those of the first alone, those of the second alone.

        Args:
            pair: Which, from 0.
            tokenizer: Names each form by the token of the lowest id that has it, which for
                byte-pair vocabularies is the most frequent; None names it by itself.
        """
        one, other = self.first[pair], self.second[pair]
        lists = (one[np.isin(one, other)], one[~np.isin(one, other)], other[~np.isin(other, one)])
        shared, left, right = ([self._name(int(i), tokenizer) for i in some] for some in lists)
        return shared, left, right

    def _name(self, number: int, tokenizer: Any) -> str:
        if tokenizer is None:
            return self._forms[number]
        return str(tokenizer.decode([int(np.argmax(self.forms.of == number))])).strip()

    @cached_property
    def _forms(self) -> dict[int, str]:
        return {number: form for form, number in self.forms.number.items()}


def shared_forms(
    embedder: Embedder,
    first: Sequence[str],
    second: Sequence[str],
    *,
    head: Head,
    k: int = 10,
    forms: VocabularyForms | None = None,
    store: Store | None = None,
) -> SharedForms:
    """Decode both texts of each pair.

    Args:
        embedder: Who embeds.
        first: N texts.
        second: N texts.
        head: Who decodes.
        k: Content forms of each text.
        forms: Of the tokenizer; worked out where it is None.
        store: Where results are kept.

    Raises:
        TokalignError: Not as many texts on both sides, none at all, or k below 1.
    """
    if len(first) != len(second) or not len(first):
        raise TokalignError(
            f"{len(first)} first texts and {len(second)} second ones; as many of both are needed, "
            "one or more"
        )
    if k < 1:
        raise TokalignError(f"k must be at least 1, not {k}")
    forms = forms or VocabularyForms.from_tokenizer(embedder.tokenizer)
    place = {text: i for i, text in enumerate(dict.fromkeys([*first, *second]))}
    lists = ranked_forms(embedder, head, forms, list(place), k, store)
    one, other = (lists[[place[text] for text in side]] for side in (first, second))
    return SharedForms(one, other, forms)


def difference(first: Embeddings, second: Embeddings, head: Head) -> Embeddings:
    """What the second text has more of than the first: the difference of their directions.

    Both vectors are brought to length 1 before the one is taken from the other, as a cosine sees
    them. Decoded, it gives the tokens that the second text moves towards.

    Args:
        first: N vectors.
        second: N vectors.
        head: Who is to decode it.

    Raises:
        TokalignError: The head is not linear, so that it does not decode a difference.
    """
    if not head.linear:
        raise TokalignError(
            f"{head.name} of {head.owner} is not linear, so that a difference of vectors has no "
            "logits; only a linear head decodes one"
        )
    one, other = (
        side.vectors / np.maximum(np.linalg.norm(side.vectors, axis=1, keepdims=True), 1e-12)
        for side in (first, second)
    )
    space = replace(second.space, normalised=False)
    norms = np.linalg.norm(other - one, axis=1)
    return replace(second, vectors=other - one, space=space, norms=norms)


def moved_towards(first: Embeddings, second: Embeddings, head: Head, k: int = 10) -> AlignedTokens:
    """The k tokens that the second text has more of than the first; see `difference`."""
    return decode(difference(first, second, head), head, k)


def changed_shown(
    first: Embeddings,
    second: Embeddings,
    pairs: MarkedPairs,
    *,
    head: Head,
    vocabulary: Vocabulary,
    k: int = 10,
    seed: int = 0,
) -> pd.DataFrame:
    """Do the words that set a pair apart show among the aligned tokens?

    Lists are of words with their stop words kept, equal forms merged.

    Args:
        first: Vectors of the N first texts.
        second: Vectors of the N second texts.
        pairs: The N pairs.
        head: Who decodes.
        vocabulary: Of the head.
        k: How far down the lists count.
        seed: Of the derangements.

    Returns:
        One row for each text with changed words and ``list``: ``own``, of the text; ``opposite``,
        of the pair's other text; and for a linear head ``towards``, of what the text has more of
        than the other (see `difference`). ``pair``, ``kind``, ``group``, ``side``, ``words``;
        ``reachable``, whether any token matches one of them; ``shown``, whether one is in the list;
        ``chance``, the share of other pairs' lists that show one (20 derangements), NaN for a
        single pair.

    Raises:
        TokalignError: Numbers of vectors that do not fit, or k below 1.
    """
    if not len(first) == len(second) == len(pairs):
        raise TokalignError(f"{len(first)} and {len(second)} vectors for {len(pairs)} pairs")
    if k < 1:
        raise TokalignError(f"k must be at least 1, not {k}")
    others = np.array(derangements(len(pairs), seed=seed), dtype=int)
    marks = (pairs.changed_first, pairs.changed)
    wanted = [[_numbers(words, vocabulary) for words in side] for side in marks]
    rows = []
    for name, sides in _lists(first, second, head, vocabulary, k).items():
        for side, lists in enumerate(sides):
            for pair, words in enumerate(marks[side]):
                if not words:
                    continue
                numbers = wanted[side][pair]
                shown: np.ndarray = np.any(np.isin(lists, numbers), axis=1)
                rows.append(
                    {"pair": pair, "kind": pairs.kinds[pair], "group": int(pairs.groups[pair]),
                     "side": ("first", "second")[side], "words": " ".join(words),
                     "reachable": bool(len(numbers)), "list": name,
                     "shown": bool(shown[pair]),
                     "chance": float(shown[others[:, pair]].mean()) if len(others) else np.nan}
                )  # fmt: skip
    names = ["pair", "kind", "group", "side", "words", "reachable", "list", "shown", "chance"]
    return pd.DataFrame(rows, columns=names)


def _numbers(words: Sequence[str], vocabulary: Vocabulary) -> np.ndarray:
    found = {n for word in spoken_words(" ".join(words)) for n in vocabulary.numbers(word.word)}
    return np.array(sorted(found), dtype=np.int64)


def _lists(
    first: Embeddings, second: Embeddings, head: Head, vocabulary: Vocabulary, k: int
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Name of a list -> the lists for the words of the first and of the second texts."""

    def ranked(vectors: Embeddings) -> np.ndarray:
        made = vectors if head.linear else vectors.unnormalised()
        return decode_forms(made, head, vocabulary.forms, k)

    one, other = ranked(first), ranked(second)
    found = {"own": (one, other), "opposite": (other, one)}
    if head.linear:
        found["towards"] = (
            ranked(difference(second, first, head)), ranked(difference(first, second, head))
        )  # fmt: skip
    return found
