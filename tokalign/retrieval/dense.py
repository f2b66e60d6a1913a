"""Dense retrieval: every document is compared with every query, exactly.

No approximate index: at the sizes of the book's collections none is needed, and it would be one
more thing between a vector and its score.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from tokalign.datasets import RetrievalSet
from tokalign.embedders import Embedder
from tokalign.errors import TokalignError, unknown
from tokalign.retrieval.collection import EmbeddedCollection, embedded
from tokalign.retrieval.run import TOP, Ranker, Run
from tokalign.store import Store

Similarity = Literal["cosine", "dot"]

#: Scores in memory at a time, 128 MiB in float32, and documents that are in float64 at a time.
_CELLS = 2**25
_DOCUMENTS = 4096


@dataclass(frozen=True, eq=False)
class DenseVectors:
    """The vectors of a collection. Blank queries and documents have none, and are left out.

    Attributes:
        query_ids: Q identifiers.
        queries: ``(Q, d)``.
        doc_ids: D identifiers.
        documents: ``(D, d)``.
    """

    query_ids: tuple[str, ...]
    queries: np.ndarray
    doc_ids: tuple[str, ...]
    documents: np.ndarray

    def __post_init__(self) -> None:
        for ids, vectors in ((self.query_ids, self.queries), (self.doc_ids, self.documents)):
            if vectors.ndim != 2 or len(ids) != len(vectors):
                raise ValueError(f"{len(ids)} identifiers for vectors of shape {vectors.shape}")
        if self.queries.shape[1] != self.documents.shape[1]:
            raise ValueError(
                f"queries {self.queries.shape} and documents {self.documents.shape} differ in width"
            )

    def changed(self, change: Callable[[np.ndarray], np.ndarray]) -> DenseVectors:
        """The same collection with every vector changed, by a filter say.

        Args:
            change: ``(N, d)`` to ``(N, d')``; called for queries and for documents.
        """
        return replace(self, queries=change(self.queries), documents=change(self.documents))


def dense_vectors(collection: EmbeddedCollection) -> DenseVectors:
    """The bare vectors of a collection."""
    return DenseVectors(
        collection.query_ids, collection.queries.vectors,
        collection.doc_ids, collection.documents.vectors,
    )  # fmt: skip


def embed_collection(
    embedder: Embedder,
    data: RetrievalSet,
    store: Store | None = None,
    *,
    own_length: bool = False,
    progress: bool = False,
) -> DenseVectors:
    """Embed a collection; see `embedded`.

    Args:
        embedder: Who embeds.
        data: The collection.
        store: Where vectors are kept; None computes everything.
        own_length: Give vectors the lengths that they had before normalisation, as filters need.
        progress: Show progress bars on standard error.
    """
    made = embedded(embedder, data, store, progress=progress)
    return dense_vectors(made.unnormalised() if own_length else made)


def dense_search(
    vectors: DenseVectors,
    name: str,
    *,
    similarity: Similarity = "cosine",
    top: int | None = TOP,
    documents_at_a_time: int = _DOCUMENTS,
) -> Run:
    """Rank all documents for every query.

    Args:
        vectors: The collection.
        name: Of the run.
        similarity: ``cosine``, 0 where a vector is 0; or ``dot``.
        top: Documents a query keeps; all where it is None.
        documents_at_a_time: Does not change the result.

    Returns:
        The run. Scores are computed in float64 and rounded to float32, so that equal documents
        score equally wherever they stand; equal scores by identifier.

    Raises:
        TokalignError: An unknown similarity, `top` below 1, or numbers that are not finite.

    >>> two = DenseVectors(("q",), np.array([[1.0, 0]]), ("a", "b"), np.array([[1.0, 1], [2, 0]]))
    >>> dense_search(two, "toy").rankings["q"]
    {'b': 1.0, 'a': 0.7071067690849304}
    """
    if similarity not in get_args(Similarity):
        raise unknown("similarity", similarity, get_args(Similarity))
    ranker = Ranker(vectors.doc_ids, top)
    count = len(vectors.doc_ids)
    rankings = {}
    step = max(1, _CELLS // max(count, 1))
    for first in range(0, len(vectors.query_ids), step):
        queries = _ready(vectors.queries[first : first + step], similarity)
        scores = np.empty((len(queries), count), dtype=np.float32)
        for start in range(0, count, documents_at_a_time):
            rows = slice(start, start + documents_at_a_time)
            scores[:, rows] = queries @ _ready(vectors.documents[rows], similarity).T
        for query, row in zip(vectors.query_ids[first : first + step], scores, strict=True):
            rankings[query] = ranker.rank(row)
    return Run(name, rankings)


def _ready(vectors: np.ndarray, similarity: Similarity) -> np.ndarray:
    made = np.asarray(vectors, dtype=np.float64)
    if not np.isfinite(made).all():
        raise TokalignError("vectors that are not finite have no score; only finite are allowed")
    if similarity == "dot":
        return made
    lengths = np.linalg.norm(made, axis=1, keepdims=True)
    unit: np.ndarray = made / np.where(lengths > 0, lengths, 1.0)
    return unit
