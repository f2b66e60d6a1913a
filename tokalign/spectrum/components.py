"""The components of a backbone's embeddings: right singular vectors of the uncentred matrix.

Uncentred, as the paper's authors take them: the first one is then close to the direction of the
mean, and `cos_mean` tells how close. Each is turned so that the mean of the embeddings lies on its
positive side, since the sign of a singular vector is arbitrary.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tokalign.errors import TokalignError


@dataclass(frozen=True)
class Components:
    """Directions in the order of their singular values, the largest first.

    Attributes:
        directions: ``(r, d)`` float64, orthonormal rows; r = min(N, d).
        singular_values: ``(r,)`` float64, of the ``(N, d)`` matrix of embeddings.
        mean: ``(d,)`` float64, the mean of the embeddings.
    """

    directions: np.ndarray
    singular_values: np.ndarray
    mean: np.ndarray

    @property
    def cos_mean(self) -> float:
        """Cosine between the first direction and the mean; 0 where the mean is 0."""
        length = float(np.linalg.norm(self.mean))
        return float(self.directions[0] @ self.mean) / length if length else 0.0


def components(vectors: np.ndarray) -> Components:
    """The components of embeddings.

    Args:
        vectors: ``(N, d)``, N at least 1; computed in float64 whatever they are.

    Raises:
        TokalignError: There are no vectors, or one is not finite.

    >>> found = components(np.array([[-3.0, 0.0], [-1.0, 1.0]]))
    >>> found.directions[0].round(2).tolist(), round(found.cos_mean, 2)
    ([-0.99, 0.11], 0.99)
    """
    matrix = np.asarray(vectors, dtype=np.float64)
    if matrix.ndim != 2 or not len(matrix):
        raise TokalignError(f"vectors of shape {matrix.shape}; (N, d) with N at least 1 is needed")
    if not np.isfinite(matrix).all():
        raise TokalignError("vectors that are not finite have no components")
    _, values, directions = np.linalg.svd(matrix, full_matrices=False)
    mean = matrix.mean(axis=0)
    turned = np.where(directions @ mean < 0, -1.0, 1.0)
    return Components(directions * turned[:, None], values, mean)
