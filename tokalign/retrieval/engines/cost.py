"""What an exact search over an inverted index costs, counted rather than timed."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from tokalign.retrieval.sparse import SparseVectors


def postings_touched(queries: sp.csr_array, documents: SparseVectors) -> np.ndarray:
    """How many postings queries read: the lengths of the lists of their columns, added.

    Each posting read is one multiplication and one addition, so this is the number of
    multiply-adds as well.

    Args:
        queries: ``(Q, C)``; a stored 0 is no column of the query.
        documents: N documents over the same columns.

    Returns:
        ``(Q,)`` int64.

    Raises:
        ValueError: Queries and documents differ in columns.

    >>> from tokalign.retrieval.sparse import sparse_vectors
    >>> documents = sparse_vectors(["a", "b"], np.array([[1.0, 2], [0, 3]]))
    >>> postings_touched(sp.csr_array([[1.0, 1], [1, 0], [0, 0]]), documents)
    array([3, 1, 0])
    """
    if queries.shape[1] != documents.matrix.shape[1]:
        raise ValueError(f"queries {queries.shape} and documents {documents.matrix.shape}")
    lengths = np.bincount(documents.matrix.indices, minlength=queries.shape[1])
    present = queries.astype(np.int64, copy=True)
    present.data[:] = queries.data != 0
    touched: np.ndarray = present @ lengths
    return touched
