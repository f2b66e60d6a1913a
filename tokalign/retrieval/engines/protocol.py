"""What a search engine for sparse vectors must be able to do, and what it may take as given."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import scipy.sparse as sp

from tokalign.errors import TokalignError
from tokalign.retrieval.sparse import SparseVectors


class Engine(Protocol):
    """Finds the documents whose sparse vectors have the highest inner products with a query's.

    Attributes:
        name: For people.
    """

    name: str

    def add(self, documents: SparseVectors) -> None:
        """Take the documents; called once, before any search."""

    def search(self, queries: sp.csr_array, top: int) -> list[dict[str, float]]:
        """Rank documents for queries.

        Args:
            queries: ``(Q, C)``, weights 0 or above and final: no idf is applied here.
            top: How many documents a query keeps, at least 1.

        Returns:
            Q rankings, document -> score above 0, best first, equal scores by identifier.

        Raises:
            TokalignError: `top` is below 1, or a weight is negative or not finite.
            ValueError: Queries and documents differ in columns, or there are no documents yet.
        """


def query_rows(
    queries: sp.csr_array, columns: int, top: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Check what a search was given, and take queries apart.

    Args:
        queries: ``(Q, C)``.
        columns: C of the documents.
        top: How many documents are asked for.

    Returns:
        For each query its columns, rising, and their weights above 0 in float64.

    Raises:
        TokalignError: As `Engine.search`.
        ValueError: Another number of columns.

    >>> query_rows(sp.csr_array([[0, 2.0, 0]]), columns=3, top=1)
    [(array([1], dtype=int32), array([2.]))]
    """
    if top < 1:
        raise TokalignError(f"top must be at least 1, not {top}")
    if queries.shape[1] != columns:
        raise ValueError(f"queries of shape {queries.shape} for documents of {columns} columns")
    made = queries.astype(np.float64, copy=True)
    made.sum_duplicates()
    if not np.isfinite(made.data).all() or (made.data < 0).any():
        raise TokalignError("a query's weight is negative or not finite; allowed: 0 or more")
    made.eliminate_zeros()
    pieces = [slice(*ends) for ends in zip(made.indptr[:-1], made.indptr[1:], strict=True)]
    return [(made.indices[piece], made.data[piece]) for piece in pieces]


def in_order(ids: tuple[str, ...]) -> np.ndarray:
    """Where documents stand in the order of their identifiers.

    With documents in that order, the lower of two rows is the one that wins a tie.

    Returns:
        ``(N,)`` int64: the first is the row whose identifier comes first.

    >>> in_order(("9", "10", "a"))
    array([1, 0, 2])
    """
    return np.array(sorted(range(len(ids)), key=ids.__getitem__), dtype=np.int64)
