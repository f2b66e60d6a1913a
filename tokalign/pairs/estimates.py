"""Values with their bootstrap draws, so that differences of differences keep their pairing.

Every statistic here is a function of weights over pairs. A bootstrap is the same statistic under
drawn weights, and pairs that share sentences are drawn together. Two estimates that were drawn from
the same pairs with the same seed can be added and subtracted draw by draw.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from tokalign.errors import TokalignError
from tokalign.measures.intervals import LEVEL, RESAMPLES, Interval

#: Weights that are drawn at a time: 4 MiB.
_AT_A_TIME = 1 << 19
Statistic = Callable[[np.ndarray], np.ndarray]
K = TypeVar("K")


@dataclass(frozen=True, eq=False)
class Estimate:
    """A number and the values that it takes when the pairs are drawn anew.

    Attributes:
        value: Over the pairs as they are.
        draws: ``(R,)``, one a resample; NaN where a resample has no value.

    >>> one, other = Estimate(2.0, np.array([1.0, 3.0])), Estimate(1.0, np.array([0.0, 2.0]))
    >>> (one - other).value, (one - other).draws.tolist(), (one * 0.5).value
    (1.0, [1.0, 1.0], 1.0)
    """

    value: float
    draws: np.ndarray

    def __add__(self, other: Estimate) -> Estimate:
        return Estimate(self.value + other.value, self.draws + other.draws)

    def __sub__(self, other: Estimate) -> Estimate:
        return self + other * -1.0

    def __mul__(self, factor: float) -> Estimate:
        return Estimate(self.value * factor, self.draws * factor)

    def __truediv__(self, other: Estimate) -> Estimate:
        with np.errstate(divide="ignore", invalid="ignore"):
            value = float(np.float64(self.value) / other.value)
            return Estimate(value, self.draws / other.draws)

    def interval(self) -> Interval:
        """The value and its 95 % percentile interval; NaN bounds where nothing is left."""
        kept = self.draws[np.isfinite(self.draws)]
        if not len(kept) or not np.isfinite(self.value):
            return Interval(self.value, np.nan, np.nan)
        low, high = np.quantile(kept, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return Interval(self.value, min(float(low), self.value), max(float(high), self.value))


def mean_of(estimates: Iterable[Estimate]) -> Estimate:
    """The mean of one or more estimates, draw by draw.

    >>> mean_of([Estimate(1.0, np.zeros(2)), Estimate(3.0, np.ones(2))]).value
    2.0
    """
    first, *rest = estimates
    total = first
    for one in rest:
        total = total + one
    return total * (1 / (1 + len(rest)))


def drawn_weights(groups: np.ndarray, seed: int | tuple[int, ...] = 0) -> Iterator[np.ndarray]:
    """How often each pair is in each resample; groups are drawn whole, with replacement.

    Args:
        groups: ``(N,)`` int, the group of each pair; all different where pairs are independent.
        seed: Of the draws.

    Yields:
        Blocks ``(B, N)`` float64, 2,000 rows in all.

    >>> first = next(drawn_weights(np.array([0, 0, 1])))
    >>> first.shape[1], bool((first[:, 0] == first[:, 1]).all())
    (3, True)
    """
    _, member = np.unique(groups, return_inverse=True)
    count = int(member.max()) + 1
    generator = np.random.default_rng(seed)
    step = max(_AT_A_TIME // len(member), 1)
    for start in range(0, RESAMPLES, step):
        rows = min(step, RESAMPLES - start)
        drawn = generator.integers(0, count, (rows, count)) + count * np.arange(rows)[:, None]
        times = np.bincount(drawn.ravel(), minlength=rows * count).reshape(rows, count)
        yield times[:, member].astype(np.float64)


def estimates(
    statistics: Mapping[K, Statistic], groups: np.ndarray, seed: int | tuple[int, ...] = 0
) -> dict[K, Estimate]:
    """Several statistics of the same pairs, from the same draws.

    Args:
        statistics: Each a function of weights ``(B, N)`` that gives ``(B,)``.
        groups: ``(N,)`` see `drawn_weights`.
        seed: Of the draws.

    Raises:
        TokalignError: There are no pairs.

    >>> numbers = np.array([1.0, 2.0, 3.0])
    >>> estimates({"mean": lambda w: weighted_mean(numbers, w)}, np.arange(3))["mean"].value
    2.0
    """
    if not len(groups):
        raise TokalignError("there are no pairs to draw from")
    whole = np.ones((1, len(groups)))
    parts: dict[K, list[np.ndarray]] = {name: [] for name in statistics}
    for block in drawn_weights(groups, seed):
        for name, statistic in statistics.items():
            parts[name].append(statistic(block))
    return {
        name: Estimate(float(statistic(whole)[0]), np.concatenate(parts[name]))
        for name, statistic in statistics.items()
    }


def estimate(statistic: Statistic, groups: np.ndarray, seed: int | tuple[int, ...] = 0) -> Estimate:
    """One statistic of pairs and its bootstrap; see `estimates`."""
    return estimates({"": statistic}, groups, seed)[""]


def weighted_mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Means of ``(N,)`` values under weights ``(B, N)``; NaN where all weights are 0.

    >>> weighted_mean(np.array([1.0, 4.0]), np.array([[2.0, 1.0], [0.0, 3.0]])).tolist()
    [2.0, 4.0]
    """
    return _share(weights @ values, weights.sum(axis=1))


def weighted_auc(higher: np.ndarray, lower: np.ndarray, w: np.ndarray, v: np.ndarray) -> np.ndarray:
    """How often a number of the one sort is above one of the other, ties counted half.

    Args:
        higher: ``(n,)``.
        lower: ``(m,)``.
        w: ``(B, n)`` weights of the one.
        v: ``(B, m)`` weights of the other.

    Returns:
        ``(B,)``, 0 to 1; 0.5 by chance; NaN where either sort has no weight.

    >>> weighted_auc(np.array([2.0, 1.0]), np.array([1.0]), np.ones((1, 2)), np.ones((1, 1)))
    array([0.75])
    """
    wins = (np.sign(higher[:, None] - lower[None]) + 1) / 2
    return _share(((w @ wins) * v).sum(axis=1), w.sum(axis=1) * v.sum(axis=1))


def weighted_spearman(scores: np.ndarray, gold: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Spearman's correlation where pair i counts ``weights[b, i]`` times.

    Whole weights give what repeating the pairs would, ties at their mean rank.

    Args:
        scores: ``(N,)``.
        gold: ``(N,)``.
        weights: ``(B, N)``.

    Returns:
        ``(B,)``, -1 to 1; NaN where either side is all equal.

    >>> weighted_spearman(np.array([1.0, 2, 3]), np.array([1.0, 3, 2]), np.ones((1, 3))).round(3)
    array([0.5])
    """
    ranked = []
    for values in (scores, gold):
        ranks = _weighted_ranks(values, weights)
        ranks -= _share((weights * ranks).sum(axis=1), weights.sum(axis=1))[:, None]
        ranked.append(ranks)
    x, y = ranked
    spread = np.sqrt((weights * x * x).sum(axis=1) * (weights * y * y).sum(axis=1))
    return _share((weights * x * y).sum(axis=1), spread)


def _weighted_ranks(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The mean rank of each value, ``(B, N)``, each value standing there as often as it weighs."""
    _, place = np.unique(values, return_inverse=True)
    order = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], np.arange(place.max() + 1))
    mass = np.add.reduceat(weights[:, order], starts, axis=1)
    ranks: np.ndarray = (np.cumsum(mass, axis=1) - mass + (mass + 1) / 2)[:, place]
    return ranks


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    found: np.ndarray = part / np.where(whole > 0, whole, np.nan)
    return found
