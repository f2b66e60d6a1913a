"""95 % intervals over texts, each fit for its kind of statistic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest, norm

LEVEL = 0.95
#: Resamples: enough for the second digit of a bound.
RESAMPLES = 2000
HALVES = 200


@dataclass(frozen=True)
class Interval:
    """A value and its bounds, ``low <= value <= high``."""

    value: float
    low: float
    high: float


def share_interval(hits: np.ndarray) -> Interval:
    """A share of yes or no answers, with Wilson's score interval (Wilson 1927).

    Args:
        hits: ``(N,)`` bool.

    >>> share_interval(np.array([True] * 10)).low > 0.7
    True
    """
    count, n = int(hits.sum()), len(hits)
    bounds = binomtest(count, n).proportion_ci(LEVEL, method="wilson")
    share = count / n
    # Rounding may put a bound a hair on the wrong side of a share of 0 or 1.
    return Interval(share, min(float(bounds.low), share), max(float(bounds.high), share))


def mean_interval(values: np.ndarray, seed: int = 0) -> Interval:
    """A mean over texts, with a percentile bootstrap interval.

    Args:
        values: ``(N,)``, one share a text. A single one tells nothing of the spread: its interval
            is 0 to 1.
        seed: Of the resampling.

    >>> mean_interval(np.array([1.0, 1.0]))
    Interval(value=1.0, low=1.0, high=1.0)
    """
    generator = np.random.default_rng(seed)
    n = len(values)
    if n < 2:
        return Interval(float(values.mean()), 0.0, 1.0)
    means = [values[generator.integers(0, n, n)].mean() for _ in range(RESAMPLES)]
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    mean = float(values.mean())
    return Interval(mean, min(float(low), mean), max(float(high), mean))


def subsampled_interval(
    statistic: Callable[[np.ndarray], float], value: float, n: int, seed: int = 0
) -> Interval:
    """A statistic of a union, with a delete-half jackknife interval (Shao and Wu 1989).

    A bootstrap repeats texts, and repeated texts add nothing to a union, so it is biased here.
    The spread over random halves, drawn without repetition, estimates the standard error.

    Args:
        statistic: Function of ``(n // 2,)`` indices of texts.
        value: The statistic over all texts, a share.
        n: Number of texts.
        seed: Of the halves.

    Returns:
        The value plus and minus 1.96 standard errors, within 0 and 1.
    """
    half = n // 2
    if half < 1:
        return Interval(value, 0.0, 1.0)
    generator = np.random.default_rng(seed)
    drawn = [statistic(generator.permutation(n)[:half]) for _ in range(HALVES)]
    error = float(np.std(drawn)) * np.sqrt(half / (n - half))
    reach = float(norm.ppf((1 + LEVEL) / 2)) * error
    return Interval(value, max(0.0, value - reach), min(1.0, value + reach))
