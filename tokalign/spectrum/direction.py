"""A direction in the space of vectors: u_1 and whatever is put in its place.

`first_direction` gives what `components` gives first, without the others: where u_1 alone is asked
for, many times over, the whole decomposition would be wasted.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh

from tokalign.errors import TokalignError

#: How far from length 1 a direction may be; float32 rounding stays well below it.
_OFF_UNIT = 1e-4


def finite_matrix(vectors: np.ndarray, least: int = 1) -> np.ndarray:
    """Vectors as ``(N, d)`` float64.

    Args:
        vectors: ``(N, d)``.
        least: How many are needed.

    Raises:
        TokalignError: Another shape, fewer, or numbers that are not finite.

    >>> finite_matrix(np.ones((2, 3), "f")).dtype.name
    'float64'
    """
    matrix = np.asarray(vectors, dtype=np.float64)
    if matrix.ndim != 2 or len(matrix) < least or not matrix.shape[1]:
        raise TokalignError(
            f"vectors of shape {matrix.shape}; (N, d) with N at least {least} is needed"
        )
    if not np.isfinite(matrix).all():
        raise TokalignError("vectors that are not finite; only finite ones are allowed")
    return matrix


def unit_direction(direction: np.ndarray, width: int) -> np.ndarray:
    """A direction as ``(d,)`` float64.

    Args:
        direction: ``(d,)``, of length 1: with any other, lambda would have another unit.
        width: The d that is needed.

    Raises:
        TokalignError: Another shape or another length.

    >>> unit_direction(np.array([0.6, 0.8]), width=2).tolist()
    [0.6, 0.8]
    """
    unit = np.asarray(direction, dtype=np.float64)
    if unit.shape != (width,):
        raise TokalignError(f"a direction of shape {unit.shape}; ({width},) is needed here")
    length = float(np.linalg.norm(unit))
    # Written so that NaN is refused too.
    if not abs(length - 1) <= _OFF_UNIT:
        raise TokalignError(f"a direction of length {length:.6g}; length 1 is needed")
    return unit


def first_direction(vectors: np.ndarray) -> np.ndarray:
    """u_1: the first right singular vector, uncentred, on whose positive side the mean lies.

    Args:
        vectors: ``(N, d)``.

    Returns:
        ``(d,)`` float64 of length 1.

    Raises:
        TokalignError: No vectors, not finite, or all of them 0.

    Source: arXiv 2406.17378 for what it is; computed by the Gram matrix of the shorter side.

    >>> first_direction(np.array([[-3.0, 0.0], [-1.0, 1.0]])).round(2).tolist()
    [-0.99, 0.11]
    """
    matrix = finite_matrix(vectors)
    scale = np.abs(matrix).max()
    if not scale:
        raise TokalignError("vectors that are all 0 have no first direction; another is needed")
    # Brought to a common scale first, since the Gram matrix squares it.
    matrix = matrix / scale
    n, width = matrix.shape
    tall = n >= width
    gram = matrix.T @ matrix if tall else matrix @ matrix.T
    last = len(gram) - 1
    _, found = eigh(gram, subset_by_index=[last, last])
    unit: np.ndarray = found[:, 0] if tall else matrix.T @ found[:, 0]
    unit = unit / np.linalg.norm(unit)
    return -unit if unit @ matrix.mean(axis=0) < 0 else unit
