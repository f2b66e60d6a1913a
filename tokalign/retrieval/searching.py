"""Sparse search over a collection that was embedded: in memory, without an index on disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import scipy.sparse as sp

from tokalign.retrieval.collection import EmbeddedCollection
from tokalign.retrieval.engines import Engine, ExactEngine
from tokalign.retrieval.run import TOP, Run
from tokalign.retrieval.sparse import SparseEncoder, SparseSettings, SparseVectors, mean_of
from tokalign.retrieval.sparse.columns import Columns
from tokalign.retrieval.sparse.rounding import rounded
from tokalign.retrieval.sparse.weighting import document_frequency, weighted_queries
from tokalign.tokens import Head


class Searchable(Protocol):
    """Queries and documents over the same columns, whoever made their weights."""

    @property
    def query_ids(self) -> tuple[str, ...]:
        """Q identifiers."""

    @property
    def queries(self) -> sp.csr_array:
        """``(Q, C)``."""

    @property
    def documents(self) -> SparseVectors:
        """D documents."""


@dataclass(frozen=True, eq=False)
class SparseCollection:
    """Queries and documents as sparse vectors.

    Attributes:
        settings: How they were made.
        query_ids: Q identifiers.
        queries: ``(Q, C)``, weights as they meet the documents' weights.
        literal: ``(Q, C)``, each query's own tokens.
        documents: D documents, weights as an index would hold them.
        columns: What the C columns stand for.
    """

    settings: SparseSettings
    query_ids: tuple[str, ...]
    queries: sp.csr_array
    literal: sp.csr_array
    documents: SparseVectors
    columns: Columns


def sparse_collection(
    collection: EmbeddedCollection, head: Head, tokenizer: Any, settings: SparseSettings
) -> SparseCollection:
    """Sparse vectors of a collection.

    Args:
        collection: Vectors as the embedder gives them.
        head: Who decodes; vectors are brought back to their own length where it is not linear.
        tokenizer: The one that the head's ids belong to.
        settings: How.

    Raises:
        TokalignError: See `SparseEncoder`.
    """
    if not head.linear:
        collection = collection.unnormalised()
    mean = mean_of(head, collection.documents) if settings.centre else None
    encoder = SparseEncoder(head, tokenizer, settings, mean)
    weights = encoder.documents(collection.documents)
    if settings.bits == 8:
        weights = in_bytes(weights)
    queries = weighted_queries(
        encoder.queries(collection.queries, collection.query_texts),
        document_frequency(weights),
        len(collection.doc_ids),
        settings,
    )
    documents = SparseVectors(collection.doc_ids, weights)
    literal = encoder.literal(collection.query_texts)
    return SparseCollection(
        settings, collection.query_ids, queries, literal, documents, encoder.columns
    )


def in_bytes(weights: sp.csr_array) -> sp.csr_array:
    """Weights as an index of one byte each gives them back, float32."""
    steps, length = rounded(weights)
    return sp.csr_array(steps.astype(np.float32) * np.float32(length))


def sparse_search(
    made: Searchable, name: str, *, engine: Engine | None = None, top: int = TOP
) -> Run:
    """Search a collection of sparse vectors.

    Args:
        made: Queries and documents.
        name: Of the run.
        engine: Who searches; exact search in memory where it is None.
        top: Documents a query keeps.

    Returns:
        The run, equal scores by identifier. Documents without a token of the query are not found.
    """
    engine = ExactEngine() if engine is None else engine
    engine.add(made.documents)
    found: Sequence[dict[str, float]] = engine.search(made.queries, top)
    return Run(name, dict(zip(made.query_ids, found, strict=True)))
