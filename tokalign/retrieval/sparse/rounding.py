"""Weights in one byte: an index a quarter of the size, with a stated error."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

#: Steps of one byte; 0 stands for no weight.
STEPS = 255


def rounded(weights: sp.csr_array) -> tuple[sp.csr_array, float]:
    """Round weights up to whole steps, the highest weight of all being the last step.

    Rounding up keeps every weight above 0, so that no posting is lost; a weight grows by less than
    one step.

    Args:
        weights: ``(N, C)``, stored weights above 0.

    Returns:
        ``(N, C)`` uint8 steps from 1 to 255, and the length of a step: weight = steps * length. The
        length is 0 where there is no weight.

    >>> steps, length = rounded(sp.csr_array(np.array([[0.0, 1.0, 510.0, 3.0]])))
    >>> steps.data.tolist(), length
    ([1, 255, 2], 2.0)
    """
    length = float(weights.data.max()) / STEPS if weights.nnz else 0.0
    if not weights.nnz:
        return weights.astype(np.uint8), length
    # The division may overshoot the highest step by a rounding error.
    steps = np.ceil(weights.data.astype(np.float64) / length - 1e-9)
    data = np.clip(steps, 1, STEPS).astype(np.uint8)
    return sp.csr_array((data, weights.indices, weights.indptr), shape=weights.shape), length
