"""Similarity of pairs: how well scores order pairs of texts as people do, and word overlap.

Spearman's correlation with people's scores, with intervals over pairs, as benchmarks of sentence
similarity report it. Word overlap is the baseline that needs no model. Nothing is embedded here.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import snowballstemmer
from scipy.stats import rankdata, spearmanr

from tokalign.errors import TokalignError
from tokalign.measures.intervals import LEVEL, RESAMPLES, Interval

#: Resamples that are ranked at a time.
_AT_A_TIME = 100
_WORD = re.compile(r"[^\W_]+")
_STEMMER = snowballstemmer.stemmer("english")


def cosines(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The cosine of each row of the one with the same row of the other, in float64.

    Args:
        first: ``(N, d)``.
        second: ``(N, d)``.

    Returns:
        ``(N,)``; 0 where either vector is 0.

    Raises:
        TokalignError: The shapes differ, or a number is not finite.

    >>> cosines(np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([[2.0, 0.0], [1.0, 1.0]])).tolist()
    [1.0, 0.0]
    """
    left, right = (np.asarray(side, dtype=np.float64) for side in (first, second))
    if left.ndim != 2 or left.shape != right.shape:
        raise TokalignError(
            f"vectors of shape {left.shape} and {right.shape}; (N, d) is needed twice"
        )
    if not (np.isfinite(left).all() and np.isfinite(right).all()):
        raise TokalignError("vectors that are not finite have no cosine; only finite are allowed")
    lengths = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    found: np.ndarray = (left * right).sum(axis=1) / np.where(lengths > 0, lengths, 1.0)
    return found


def rank_correlation(scores: np.ndarray, gold: np.ndarray, seed: int = 0) -> Interval:
    """Spearman's correlation with people's scores, with a percentile bootstrap over pairs.

    Args:
        scores: ``(N,)`` a system's scores, on any scale.
        gold: ``(N,)`` people's scores.
        seed: Of the resampling.

    Returns:
        The correlation, -1 to 1, and its 95 % interval. Resamples in which all scores are equal
        have no correlation and are left out.

    Raises:
        TokalignError: Fewer than three pairs, shapes that differ, numbers that are not finite, or
            scores that are all equal.

    >>> rank_correlation(np.array([0.1, 0.5, 0.3, 0.9]), np.array([1.0, 3.0, 2.0, 4.0])).value
    1.0
    """
    given, people = _checked(scores, gold)
    value = float(spearmanr(given, people).statistic)
    drawn = _resampled(people, given, seed=seed)
    return _interval(value, drawn[0])


def rank_correlation_difference(
    scores: np.ndarray, other: np.ndarray, gold: np.ndarray, seed: int = 0
) -> Interval:
    """How much better the one system orders the pairs than the other, paired over pairs.

    Args:
        scores: ``(N,)`` scores of the one.
        other: ``(N,)`` scores of the other, on a scale of their own.
        gold: ``(N,)`` people's scores.
        seed: Of the resampling; every resample is the same for both.

    Returns:
        The difference of the two correlations, the one minus the other, with its 95 % interval.

    Raises:
        TokalignError: See `rank_correlation`.

    >>> gold = np.array([1.0, 2.0, 3.0, 4.0])
    >>> rank_correlation_difference(gold, -gold, gold).value
    2.0
    """
    (given, people), (rival, _) = _checked(scores, gold), _checked(other, gold)
    value = float(spearmanr(given, people).statistic - spearmanr(rival, people).statistic)
    drawn = _resampled(people, given, rival, seed=seed)
    return _interval(value, drawn[0] - drawn[1])


def _checked(scores: np.ndarray, gold: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    given, people = (np.asarray(side, dtype=np.float64) for side in (scores, gold))
    if given.ndim != 1 or given.shape != people.shape or len(given) < 3:
        raise TokalignError(
            f"scores of shape {given.shape} and {people.shape}; (N,) with N at least 3 is needed "
            "twice"
        )
    if not (np.isfinite(given).all() and np.isfinite(people).all()):
        raise TokalignError("scores that are not finite have no rank; only finite ones are allowed")
    for name, side in (("the system's", given), ("people's", people)):
        if (side == side[0]).all():
            raise TokalignError(f"{name} scores are all equal, so they put the pairs in no order")
    return given, people


def _resampled(gold: np.ndarray, *systems: np.ndarray, seed: int) -> np.ndarray:
    """Correlations of each system in each resample ``(S, R)``; NaN where there is none."""
    generator = np.random.default_rng(seed)
    found = []
    for start in range(0, RESAMPLES, _AT_A_TIME):
        size = (min(_AT_A_TIME, RESAMPLES - start), len(gold))
        drawn = generator.integers(0, len(gold), size)
        people = _standard_ranks(gold[drawn])
        found.append([(_standard_ranks(s[drawn]) * people).sum(axis=1) for s in systems])
    return np.concatenate(found, axis=1)


def _standard_ranks(values: np.ndarray) -> np.ndarray:
    """Ranks of each row, centred and of length 1: their product is Spearman's correlation."""
    ranks = rankdata(values, axis=1)
    ranks -= ranks.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(ranks, axis=1, keepdims=True)
    standard: np.ndarray = ranks / np.where(lengths > 0, lengths, np.nan)
    return standard


def _interval(value: float, drawn: np.ndarray) -> Interval:
    kept = drawn[np.isfinite(drawn)]
    low, high = np.quantile(kept, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(value, min(float(low), value), max(float(high), value))


@lru_cache(maxsize=200_000)
def _stem(word: str) -> str:
    return str(_STEMMER.stemWord(word))


def words(text: str) -> frozenset[str]:
    """The different words of a text: runs of letters and digits, case folded and stemmed.

    Stop words stay, since their idf makes them light. The stemmer is Snowball's for English.

    >>> sorted(words("The dogs, the dog; 2 x2"))
    ['2', 'dog', 'the', 'x2']
    """
    return frozenset(map(_stem, _WORD.findall(text.casefold())))


@dataclass(frozen=True)
class WordOverlap:
    """Similarity without a model: how much of what two texts say, they say in the same words.

    The idf of all words of both texts, those of the words they share over those of all of them (a
    weighted Jaccard index). ``idf(w) = log((n + 1) / (df(w) + 1))`` for n texts fitted on, df(w) of
    which hold w: 0 for a word of every text, highest for one of none. See `words` for what a word
    is.

    Attributes:
        texts: n.
        found: Word -> df(w).

    >>> overlap = WordOverlap.fit(["the cat", "the dog", "the sea"])
    >>> overlap.scores(["The cats!", "the", "a dog"], ["the cat", "the", "the cat"]).tolist()
    [1.0, 0.0, 0.0]
    """

    texts: int
    found: Counter[str] = field(repr=False)

    @classmethod
    def fit(cls, texts: Sequence[str]) -> WordOverlap:
        """Count in how many texts each word is.

        Args:
            texts: n texts that are scored nowhere.

        Raises:
            TokalignError: There are none.
        """
        if not len(texts):
            raise TokalignError("word overlap is fitted on texts, and there is none")
        return cls(len(texts), Counter(word for text in texts for word in words(text)))

    def idf(self, word: str) -> float:
        """The weight of a word as `words` gives it, 0 or more."""
        return math.log((self.texts + 1) / (self.found[word] + 1))

    def scores(self, first: Sequence[str], second: Sequence[str]) -> np.ndarray:
        """Overlap of each pair.

        Args:
            first: N texts.
            second: N texts.

        Returns:
            ``(N,)`` float64, 0 to 1; 0 where the two have no word of any weight.

        Raises:
            TokalignError: Not the same number of texts.
        """
        if len(first) != len(second):
            raise TokalignError(f"{len(first)} first texts for {len(second)} second ones")
        return np.array(
            [self._score(words(a), words(b)) for a, b in zip(first, second, strict=True)]
        )

    def _score(self, first: frozenset[str], second: frozenset[str]) -> float:
        # In one order, whatever the order of the sets: sums of floats depend on it.
        weight = {word: self.idf(word) for word in sorted(first | second)}
        everything = math.fsum(weight.values())
        shared = math.fsum(weight[word] for word in first & second)
        return shared / everything if everything else 0.0
