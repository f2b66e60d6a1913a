"""Sparse vectors: N texts over C columns, no weight negative. Does NOT make them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from tokalign.errors import TokalignError


@dataclass(frozen=True, eq=False)
class SparseVectors:
    """Sparse vectors of N texts.

    Attributes:
        ids: N identifiers, each once.
        matrix: ``(N, C)`` float32, rows compressed, columns of a row in rising order, every stored
            weight above 0.

    >>> made = sparse_vectors(["a", "b"], np.array([[0.0, 2.0], [0.0, -1.0]]))
    >>> made.matrix.nnz, len(made)
    (1, 2)
    """

    ids: tuple[str, ...]
    matrix: sp.csr_array

    def __post_init__(self) -> None:
        m = self.matrix
        if m.shape[0] != len(self.ids):
            raise ValueError(f"{len(self.ids)} identifiers for a matrix of shape {m.shape}")
        if m.dtype != np.float32 or not m.has_canonical_format:
            raise ValueError("the matrix must be float32, its rows sorted and without repetition")
        if m.nnz and not (np.isfinite(m.data).all() and m.data.min() > 0):
            raise ValueError("every stored weight must be finite and above 0")
        if len(set(self.ids)) != len(self.ids):
            raise TokalignError("an identifier occurs twice; each must be its own")

    def __len__(self) -> int:
        return len(self.ids)


def sparse_vectors(ids: Sequence[str], matrix: sp.csr_array | np.ndarray) -> SparseVectors:
    """Sparse vectors from any matrix: what is 0 or below is dropped.

    Args:
        ids: N identifiers.
        matrix: ``(N, C)``.

    Raises:
        TokalignError: A weight is not finite, or an identifier occurs twice.
    """
    made: sp.csr_array = sp.csr_array(matrix).astype(np.float32, copy=True)
    made.sum_duplicates()
    if not np.isfinite(made.data).all():
        raise TokalignError("a weight is not finite; only finite ones are allowed")
    made.data[made.data < 0] = 0
    made.eliminate_zeros()
    return SparseVectors(tuple(ids), made)
