"""Compare two embedders, or an embedder and a control, on the same texts.

What is easy to find in a text is easy for both, so their difference is often better known than
either value: two intervals that overlap do not say that there is no difference.
"""

from __future__ import annotations

import numpy as np

from tokalign.errors import TokalignError
from tokalign.measures.intervals import LEVEL, RESAMPLES, Interval, subsampled_interval
from tokalign.measures.overlap import GAR
from tokalign.measures.ranks import Ranks

#: Numbers that are drawn at a time: 16 MiB.
_AT_A_TIME = 1 << 21


def paired_difference(a: np.ndarray, b: np.ndarray, seed: int = 0) -> Interval:
    """The mean of ``a - b`` over texts, with a percentile bootstrap interval over texts.

    Args:
        a: ``(N,)`` a share for each text, such as `LAR.per_text` gives; yes or no counts as 1 or 0.
        b: ``(N,)``, of the same texts in the same order.
        seed: Of the resampling.

    Returns:
        Mean difference and 95 % bounds, within -1 and 1; of a single text, -1 and 1.

    Raises:
        TokalignError: Different numbers of texts, none at all, or what is no share.

    >>> paired_difference(np.array([0.5, 1.0, 0.25]), np.array([0.25, 0.75, 0.0]))
    Interval(value=0.25, low=0.25, high=0.25)
    """
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.shape != second.shape or first.ndim != 1 or not len(first):
        raise TokalignError(
            f"scores of shape {first.shape} and {second.shape} cannot be paired; one for each of "
            "the same texts is needed"
        )
    for scores in (first, second):
        if not ((scores >= 0) & (scores <= 1)).all():
            raise TokalignError("scores to be paired must be shares, from 0 to 1")
    difference = first - second
    low, high = bootstrap_bounds(difference[:, None], seed)
    mean = float(difference.mean())
    return Interval(mean, min(float(low[0]), mean), max(float(high[0]), mean))


def bootstrap_bounds(columns: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """95 % percentile bootstrap bounds of several means over the same texts, drawn once for all.

    The draws are those of `mean_interval` with the same seed, and so are the bounds.

    Args:
        columns: ``(N, C)`` shares or differences of shares, one row a text.
        seed: Of the resampling.

    Returns:
        Lower and upper bounds, ``(C,)`` each. A single text tells nothing of the spread: -1 and 1.

    >>> low, high = bootstrap_bounds(np.array([[0.0, 0.5], [1.0, 0.5]]))
    >>> low.tolist(), high.tolist()
    ([0.0, 0.5], [1.0, 0.5])
    """
    n, several = columns.shape
    if n < 2:
        return np.full(several, -1.0), np.full(several, 1.0)
    generator = np.random.default_rng(seed)
    means = np.empty((several, RESAMPLES))
    step = max(_AT_A_TIME // n, 1)
    for start in range(0, RESAMPLES, step):
        drawn = generator.integers(0, n, (min(step, RESAMPLES - start), n))
        for row, values in zip(means, np.ascontiguousarray(columns.T, np.float64), strict=True):
            row[start : start + len(drawn)] = values[drawn].mean(axis=1)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=1)
    return low, high


def gar_difference(a: Ranks, b: Ranks, *, cap: int | None = None, seed: int = 0) -> Interval:
    """The difference of two GARs at equal N, from the same half-samples of the texts.

    GAR depends on the number of texts, and a bootstrap shrinks its unions, since a text that is
    drawn twice adds nothing. Here both GARs are taken of the same halves, drawn without
    repetition, and their difference spreads as the delete-half jackknife says (Shao and Wu 1989).

    Args:
        a: Ranks of the items of N texts.
        b: Ranks of the same texts in the same order, by another embedder or control; its items
            may be others, where its tokenizer is.
        cap: See `GAR`.
        seed: Of the halves.

    Returns:
        ``GAR(a) - GAR(b)`` over all N texts and 95 % bounds, within -1 and 1.

    Raises:
        TokalignError: Different numbers of texts, or none.

    >>> from tokalign.measures.ranks import Literals, ranks
    >>> texts = Literals.of_ids([[1], [2], [3], [4]])
    >>> all_found, none = (ranks(texts, np.array([[i + more] for i in (1, 2, 3, 4)]))
    ...                    for more in (0, 5))
    >>> gar_difference(all_found, none)
    Interval(value=1.0, low=1.0, high=1.0)
    """
    if a.texts != b.texts or not a.texts:
        raise TokalignError(
            f"GAR of {a.texts} and of {b.texts} texts cannot be compared, since it depends on "
            "their number; the same texts are needed"
        )
    metric = GAR(cap)

    def shifted(first: Ranks, second: Ranks) -> float:
        return (metric.value(first) - metric.value(second) + 1) / 2

    # `subsampled_interval` keeps a share within 0 and 1; twice that, less 1, is a difference.
    found = subsampled_interval(
        lambda half: shifted(a.select(half), b.select(half)), shifted(a, b), a.texts, seed
    )
    value, low, high = (float(2 * share - 1) for share in (found.value, found.low, found.high))
    return Interval(value, low, high)
