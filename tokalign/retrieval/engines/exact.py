"""Exact search on scipy, in process: the default engine.

An inverted index: for each column the documents that have it, and their weights. A query reads the
lists of its own columns only. That is one product of a sparse matrix in compressed columns with the
query's weights, which scipy does in C++. Nothing is approximated, pruned or cached; every score is
summed in float64 and rounded to float32, as in dense search.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from tokalign.retrieval.engines.protocol import in_order, query_rows
from tokalign.retrieval.sparse import SparseVectors

#: Documents whose scores are in memory at a time: 1 MiB in float64, as much as a cache may hold.
BLOCK = 2**17

#: Groups that scores are split into, at least, when a bound for the best is looked for.
_GROUPS = 2048


class ExactEngine:
    """Scores every document that shares a column with the query.

    Beyond the index itself a search holds the scores of `block` documents, the postings of one
    query within that block, and the rankings.

    Args:
        block: Documents that are scored at a time; does not change a result.

    >>> from tokalign.retrieval.sparse import sparse_vectors
    >>> engine = ExactEngine()
    >>> engine.add(sparse_vectors(["b", "a", "c"], np.array([[1.0, 0], [1, 0], [0, 3]])))
    >>> engine.search(sp.csr_array([[2.0, 0.0], [0, 0]]), top=10)
    [{'a': 2.0, 'b': 2.0}, {}]
    """

    name = "exact"

    def __init__(self, block: int = BLOCK) -> None:
        if block < 1:
            raise ValueError(f"a block of {block} documents")
        self._block = block
        self._ids: list[str] = []
        self._lists: list[sp.csc_array] | None = None
        self._columns = 0

    def add(self, documents: SparseVectors) -> None:
        """Turn the documents into lists; see `Engine.add`."""
        if self._lists is not None:
            raise ValueError("the engine already has its documents")
        order = in_order(documents.ids)
        self._ids = [documents.ids[i] for i in order]
        self._columns = documents.matrix.shape[1]
        self._lists = [
            _lists(documents.matrix[order[start : start + self._block]])
            for start in range(0, len(order), self._block)
        ]

    def search(self, queries: sp.csr_array, top: int) -> list[dict[str, float]]:
        """Rank documents for queries; see `Engine.search`."""
        if self._lists is None:
            raise ValueError("the engine has no documents yet")
        return [
            self._ranking(columns, weights, top)
            for columns, weights in query_rows(queries, self._columns, top)
        ]

    def _ranking(self, columns: np.ndarray, weights: np.ndarray, top: int) -> dict[str, float]:
        assert self._lists is not None
        rows, scores = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        if len(columns):
            for number, lists in enumerate(self._lists):
                made = (lists[:, columns] @ weights).astype(np.float32)
                # What is level with the last one so far has a later row, and loses.
                found = _candidates(made, top, scores[-1] if len(scores) == top else 0.0)
                rows = np.concatenate([rows, found + number * self._block])
                scores = np.concatenate([scores, made[found]])
                best = np.argsort(-scores, kind="stable")[:top]
                rows, scores = rows[best], scores[best]
        return {self._ids[row]: float(score) for row, score in zip(rows, scores, strict=True)}


def _lists(matrix: sp.csr_array) -> sp.csc_array:
    """The same in compressed columns, with places in 32 bits where they fit."""
    made = sp.csc_array(matrix.tocsc())
    if made.nnz < 2**31:
        made.indices = made.indices.astype(np.int32, copy=False)
        made.indptr = made.indptr.astype(np.int32, copy=False)
    return made


def _candidates(scores: np.ndarray, top: int, above: float) -> np.ndarray:
    """Rows among which the `top` best are, rising: a few more than that, none without need.

    The scores are split into groups. At least `top` scores reach the `top`-th highest maximum of a
    group, so no lower score is among the best. Maxima cost one pass; a selection over all scores
    costs many, most of all where many are 0.
    """
    groups = max(4 * top, _GROUPS)
    width = len(scores) // groups
    if width > 1:
        maxima = scores[: width * groups].reshape(width, groups).max(axis=0)
        least = np.partition(maxima, -top)[-top]
        if least > above:
            return np.flatnonzero(scores >= least)
    return np.flatnonzero(scores > above)
