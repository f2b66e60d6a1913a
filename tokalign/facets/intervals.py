"""Intervals for what was measured on drawn texts under drawn wordings of an instruction.

Both are samples: other texts and other wordings would have given another number. A number that is
the mean over wordings of a statistic of the texts has an error from each, and the two add up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from tokalign.errors import TokalignError
from tokalign.measures.intervals import LEVEL, Interval

#: Resamples of the texts: they give a standard error, to about 4 %.
RESAMPLES = 400


@dataclass(frozen=True)
class CrossedInterval(Interval):
    """A value with 95 % bounds over texts and wordings.

    Attributes:
        texts_error: The part of its standard error that is due to the texts.
        wordings_error: The part that is due to the wordings; 0 where there is one alone.
    """

    texts_error: float
    wordings_error: float


def resample_counts(n: int, *, resamples: int = RESAMPLES, seed: int = 0) -> np.ndarray:
    """How often each of n things is drawn in each bootstrap resample.

    Args:
        n: Number of texts, or of wordings.
        resamples: R.
        seed: Of the draws.

    Returns:
        ``(R + 1, n)`` float64; the first row is the sample itself, each thing once.

    >>> resample_counts(3, resamples=2)[0].tolist(), resample_counts(3, resamples=2).sum(axis=1)[1]
    ([1.0, 1.0, 1.0], np.float64(3.0))
    """
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=resamples)
    return np.concatenate([np.ones((1, n)), drawn])


def weighted_means(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The mean over texts of each column, in each resample.

    Args:
        values: ``(N, W)``, a number for each text and wording.
        counts: ``(R + 1, N)`` as `resample_counts` gives it.

    Returns:
        ``(R + 1, W)``.

    >>> weighted_means(np.array([[1.0], [3.0]]), np.array([[1, 1], [2, 0]])).tolist()
    [[2.0], [1.0]]
    """
    means: np.ndarray = counts @ values / counts.sum(axis=1, keepdims=True)
    return means


def crossed_interval(
    asked: np.ndarray, control: np.ndarray | None = None, *, n: int
) -> CrossedInterval:
    """The mean of a statistic over wordings, or the difference of two such means.

    The texts' part of the variance is the bootstrap's, all wordings kept; the wordings' part is
    ``s^2 / W``, s the standard deviation of the statistic over the wordings. The bounds are
    Student's, with degrees of freedom after Satterthwaite (1946): with five wordings, a percentile
    bootstrap over them (the pigeonhole bootstrap, Owen 2007) would be too narrow. The part that a
    text and a wording make together is in both parts, so it counts twice, and the bounds are
    rather too wide than too narrow.

    Args:
        asked: ``(R + 1, W)``, the statistic under each wording; the first row on the texts
            themselves, each other row on one resample of them.
        control: ``(R + 1, W')``, taken off; the same resamples, other wordings.
        n: Number of texts.

    Returns:
        Of a single text, or without resamples, the bounds are infinite.

    Raises:
        TokalignError: There is no wording, or the resamples are not as many.

    >>> asked = np.array([[0.5, 0.75], [0.5, 0.75], [0.5, 0.75]])  # texts do not matter here
    >>> found = crossed_interval(asked, n=40)
    >>> found.value, found.texts_error, found.wordings_error
    (0.625, 0.0, 0.125)
    """
    sides = [np.asarray(asked, float)] + ([] if control is None else [np.asarray(control, float)])
    if any(side.ndim != 2 or side.shape[1] < 1 or len(side) != len(sides[0]) for side in sides):
        shapes = " and ".join(str(side.shape) for side in sides)
        raise TokalignError(f"tables of shape {shapes}; (resamples + 1, wordings) is needed")
    drawn = sides[0].mean(axis=1) - (sides[1].mean(axis=1) if len(sides) > 1 else 0.0)
    value = float(drawn[0])
    # Each part of the variance with its degrees of freedom.
    parts = [(float(drawn[1:].var(ddof=1)) if n > 1 and len(drawn) > 2 else np.inf, n - 1)]
    for side in sides:
        wordings = side.shape[1]
        if wordings > 1:
            parts.append((float(side[0].var(ddof=1)) / wordings, wordings - 1))
    total = sum(variance for variance, _ in parts)
    texts, wordings_error = np.sqrt(parts[0][0]), np.sqrt(sum(v for v, _ in parts[1:]))
    reach = np.inf if np.isinf(total) else np.sqrt(total) * _quantile(parts, total)
    return CrossedInterval(
        value, value - float(reach), value + float(reach), float(texts), float(wordings_error)
    )


def _quantile(parts: list[tuple[float, int]], total: float) -> float:
    squares = sum(variance**2 / degrees for variance, degrees in parts)
    return float(student.ppf((1 + LEVEL) / 2, total**2 / squares)) if squares else 0.0


@dataclass(frozen=True)
class VarianceParts:
    """Where the differences between single numbers come from, in squared units.

    Attributes:
        texts: Variance between texts.
        wordings: Variance between wordings.
        rest: What a text and a wording make together, and noise.
    """

    texts: float
    wordings: float
    rest: float


def variance_parts(values: np.ndarray) -> VarianceParts:
    """Take the variance of a table of texts times wordings apart, both being random.

    Mean squares of the two-way analysis of variance without replication, set equal to what they
    are expected to be; a part that comes out negative is 0.

    Args:
        values: ``(N, W)``, both at least 2.

    Raises:
        TokalignError: There are fewer.

    Source: Searle, Casella and McCulloch, *Variance Components* (1992), chapter 4.

    >>> variance_parts(np.array([[0.0, 2.0], [1.0, 3.0], [2.0, 4.0]]))
    VarianceParts(texts=1.0, wordings=2.0, rest=0.0)
    """
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or min(table.shape) < 2:
        raise TokalignError(f"a table of shape {table.shape}; two texts and two wordings needed")
    n, w = table.shape
    by_text, by_wording = table.mean(axis=1), table.mean(axis=0)
    left = table - by_text[:, None] - by_wording + table.mean()
    rest = float((left**2).sum() / ((n - 1) * (w - 1)))
    texts = float(by_text.var(ddof=1)) - rest / w
    wordings = float(by_wording.var(ddof=1)) - rest / n
    return VarianceParts(max(texts, 0.0), max(wordings, 0.0), rest)
