"""``h + lambda u_1``, the paper's adjustment of the vectors.

The logits change by the same constant per token and step in every text, see `constant_shift`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from tokalign.embedders import Embeddings
from tokalign.errors import TokalignError
from tokalign.spectrum.direction import unit_direction
from tokalign.spectrum.reading import replaced


def adjusted(embeddings: Embeddings, u1: np.ndarray, lam: float) -> Embeddings:
    """Add lambda u_1 to every vector.

    Args:
        embeddings: N vectors; those of length 1 do not have it any more afterwards.
        u1: ``(d,)`` of length 1.
        lam: lambda, in the unit of the vectors.

    Returns:
        The same texts in the same space, for `decode`.

    Raises:
        TokalignError: u_1 does not fit, or lambda or a vector is not finite.

    >>> from tokalign.embedders import Space
    >>> h = Embeddings(np.ones((1, 2), "f"), Space("x", 2), np.ones(1, "f"), np.zeros(1, bool))
    >>> adjusted(h, np.array([1.0, 0.0]), -3.0).vectors.tolist()
    [[-2.0, 1.0]]
    """
    unit = unit_direction(u1, embeddings.space.width)
    if not np.isfinite(lam):
        raise TokalignError(f"lambda {lam}; a finite number is needed")
    return replaced(embeddings, embeddings.vectors.astype(np.float64) + lam * unit)


def adjustments(
    embeddings: Embeddings, u1: np.ndarray, lambdas: Sequence[float] | np.ndarray
) -> Iterator[tuple[float, Embeddings]]:
    """`adjusted` for many lambdas in turn: ``(lambda, embeddings)``, one at a time in memory."""
    for lam in lambdas:
        yield float(lam), adjusted(embeddings, u1, float(lam))
