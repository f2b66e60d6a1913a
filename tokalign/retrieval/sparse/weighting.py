"""What an index adds to a query: how rare its tokens are among the documents."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from tokalign.retrieval.sparse.settings import SparseSettings


def document_frequency(documents: sp.csr_array) -> np.ndarray:
    """In how many documents each column has a weight, ``(C,)`` int64."""
    return np.bincount(documents.indices, minlength=documents.shape[1])


def inverse_document_frequency(frequency: np.ndarray, count: int) -> np.ndarray:
    """``log(1 + (D - n + 0.5) / (n + 0.5))`` for columns in n of D documents, ``(C,)`` float32.

    Source: the weight of Robertson and Sparck Jones in the form that Lucene's BM25 has, never
    negative.

    >>> inverse_document_frequency(np.array([0, 9]), 9).round(2)
    array([3.  , 0.05], dtype=float32)
    """
    made = np.log1p((count - frequency + 0.5) / (frequency + 0.5))
    return made.astype(np.float32)


def weighted_queries(
    queries: sp.csr_array, frequency: np.ndarray, count: int, settings: SparseSettings
) -> sp.csr_array:
    """Queries as they meet an index.

    Args:
        queries: ``(Q, C)`` as `SparseEncoder.queries` gives them.
        frequency: ``(C,)`` see `document_frequency`.
        count: How many documents there are.
        settings: Whether inverse document frequencies count.

    Returns:
        ``(Q, C)`` float32.
    """
    if not settings.idf:
        return queries
    made = queries.copy()
    made.data = made.data * inverse_document_frequency(frequency, count)[made.indices]
    return made
