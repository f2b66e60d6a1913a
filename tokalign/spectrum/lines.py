"""Which of many straight lines are among the k highest somewhere in a range.

On a grid alone, lines that rise to the top between two of its points are missed. Here none is: a
stretch of the range is given up to no line that could be among the k highest in it, by a bound that
holds at all its points, and stretches are halved until that bound is as good as exact.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tokalign.errors import TokalignError

#: Rounding of ``intercept + x slope`` in float64, and a line that is as good as level with the
#: k-th: both as a share of the largest value. The second is below what float32 tells apart.
_ROUNDING = 8 * np.finfo(np.float64).eps
_LEVEL = 5e-8


def entering(
    intercepts: np.ndarray, slopes: np.ndarray, xs: Sequence[float] | np.ndarray, k: int
) -> np.ndarray:
    """The lines that are among the k highest anywhere between the least and the largest x.

    On a stretch [a, b], let T be k lines that are highest at a. At every x of it the k-th highest
    value is at least the lowest of T, which is a concave function of x. A line that is below a
    concave function at both ends is below it in between; so such a line is never among the k
    highest, and is dropped. The same with T taken at b. What is left is as it should be when every
    line left is among the k highest (or level with the k-th) at a or at b; if not, both halves are
    looked at in turn, with the lines that are left.

    Args:
        intercepts: ``(V,)``.
        slopes: ``(V,)``.
        xs: A grid over the range, or its two ends: only the ends matter.
        k: All lines where it is V or more.

    Returns:
        ``(M,)`` int64 rising indices. None is missed, those level with the k-th included, at any
        real x between the ends. One that is there without need comes within 5e-8 of the largest
        value of being among the k highest.

    Raises:
        TokalignError: Fewer than two different xs, k less than 1, shapes that differ, or numbers
            that are not finite.

    >>> entering(np.array([0.0, 0.0, 0.1]), np.array([1.0, -1.0, 0.0]), [-1, 1], k=1).tolist()
    [0, 1, 2]
    >>> entering(np.array([0.0, 0.0, -0.1]), np.array([1.0, -1.0, 0.0]), [-1, 1], k=1).tolist()
    [0, 1]
    """
    start, slope = (np.asarray(part, dtype=np.float64) for part in (intercepts, slopes))
    points = np.unique(np.asarray(xs, dtype=np.float64))
    if start.ndim != 1 or start.shape != slope.shape or not len(start):
        raise TokalignError(f"lines of shape {start.shape} and {slope.shape}; (V,) is needed twice")
    if k < 1:
        raise TokalignError(f"k must be at least 1, not {k}")
    if len(points) < 2 or not np.isfinite(points).all():
        raise TokalignError("a range needs two different ends, both of them finite numbers")
    largest = float(np.abs(start).max() + np.abs(points).max() * np.abs(slope).max())
    if not np.isfinite(largest):
        raise TokalignError("lines that are not finite have no order; only finite ones are allowed")
    if k >= len(start):
        return np.arange(len(start))
    found = np.zeros(len(start), dtype=bool)
    everything = np.arange(len(start))
    waiting = [(float(points[0]), float(points[-1]), everything)]
    while waiting:
        a, b, lines = waiting.pop()
        first, last = (start[lines] + x * slope[lines] for x in (a, b))
        rounding, level = _ROUNDING * largest, _LEVEL * largest
        left = _possible(first, last, k, rounding) & _possible(last, first, k, rounding)
        at_an_end = (first >= _kth(first, k) - level) | (last >= _kth(last, k) - level)
        middle = a + (b - a) / 2
        if (at_an_end | ~left).all() or not a < middle < b:
            found[lines[left]] = True
        else:
            waiting += [(a, middle, lines[left]), (middle, b, lines[left])]
    return np.flatnonzero(found)


def _kth(values: np.ndarray, k: int) -> float:
    return float(np.partition(values, -k)[-k])


def _possible(here: np.ndarray, there: np.ndarray, k: int, rounding: float) -> np.ndarray:
    """Lines that are not below the lowest of the k highest `here` at both ends, ``(L,)`` bool."""
    top = np.argpartition(here, -k)[-k:]
    possible: np.ndarray = (here >= here[top].min() - rounding) | (
        there >= there[top].min() - rounding
    )
    return possible
