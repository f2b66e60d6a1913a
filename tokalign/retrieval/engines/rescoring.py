"""Candidates of another engine, scored again exactly, so that its rankings can be compared.

Engines round weights, and order equal scores as they like. Whoever found a document, its score here
is the one of `ExactEngine`, to the bit, and equal scores go by identifier.
"""

from __future__ import annotations

import numpy as np

from tokalign.retrieval.engines.protocol import in_order
from tokalign.retrieval.sparse import SparseVectors

#: Candidates beyond those that are asked for: as many again, and this many.
_MORE = 32


class Rescorer:
    """Ranks candidates by their exact scores.

    Args:
        documents: All documents; a copy is kept, in the order of identifiers.
        rounding: By what share of a score the engine may be wrong.

    Attributes:
        ids: N identifiers, in their order. Rows are counted in it.
        matrix: ``(N, C)``, rows in that order.

    >>> from tokalign.retrieval.sparse import sparse_vectors
    >>> exact = Rescorer(sparse_vectors(["b", "a"], np.array([[1.0, 1], [2, 0]])), rounding=1e-5)
    >>> exact.rank(np.array([0, 1]), np.array([1.0, 1.0]), 2, rows=np.array([1, 0]), complete=True)
    {'a': 2.0, 'b': 2.0}
    """

    def __init__(self, documents: SparseVectors, rounding: float) -> None:
        order = in_order(documents.ids)
        self.ids = [documents.ids[i] for i in order]
        self.matrix = documents.matrix[order]
        self._rounding = rounding

    def depth(self, top: int) -> int:
        """How many candidates to ask for, so that `rank` seldom has to look further."""
        return min(2 * top + _MORE, len(self.ids))

    def rank(
        self,
        columns: np.ndarray,
        weights: np.ndarray,
        top: int,
        rows: np.ndarray,
        complete: bool,
    ) -> dict[str, float]:
        """The ranking of one query.

        Args:
            columns: The query's columns.
            weights: Their weights.
            top: How many documents are asked for.
            rows: The rows that the engine found best, in any order.
            complete: Whether the engine found no more than these.

        Returns:
            Document -> score above 0, best first, equal scores by identifier. Where the last
            candidates are level with the last document kept, the engine may have held back others
            that are: then all documents are scored.
        """
        query = np.zeros(self.matrix.shape[1])
        query[columns] = weights
        rows = np.sort(rows)
        scores = (self.matrix[rows] @ query).astype(np.float32)
        if not complete and not self._settled(scores, top):
            rows = np.arange(len(self.ids))
            scores = (self.matrix @ query).astype(np.float32)
        best = np.argsort(-scores, kind="stable")[:top]
        found = zip(rows[best], scores[best], strict=True)
        return {self.ids[row]: float(score) for row, score in found if score > 0}

    def _settled(self, scores: np.ndarray, top: int) -> bool:
        """Whether a document that is worse than every candidate must be worse than the best."""
        if len(scores) < top:
            return False
        last = np.partition(scores, -top)[-top]
        return bool(scores.min() < last * (1 - self._rounding))
