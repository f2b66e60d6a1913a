"""Many settings on one collection, and the choice among them.

Used on development data alone: what is chosen here is reported elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from tokalign.datasets import RetrievalSet
from tokalign.errors import TokalignError
from tokalign.retrieval.collection import EmbeddedCollection
from tokalign.retrieval.dense import dense_search, dense_vectors
from tokalign.retrieval.engines import postings_touched
from tokalign.retrieval.evaluation import evaluate
from tokalign.retrieval.searching import SparseCollection, in_bytes, sparse_search
from tokalign.retrieval.sparse import SparseEncoder, SparseSettings, SparseVectors, mean_of
from tokalign.retrieval.sparse.weighting import document_frequency, weighted_queries
from tokalign.tokens import Head

#: What is measured: the measure of the paper's table.
MEASURE = "nDCG@10"
#: No document further down counts for it.
DEPTH = 10


@dataclass(frozen=True, eq=False)
class Ground:
    """A collection on which settings are tried.

    Attributes:
        embedder: Name of the embedder.
        data: Documents, queries, judgements.
        collection: Their vectors.
        head: Who decodes.
        tokenizer: The one that the head's ids belong to.
    """

    embedder: str
    data: RetrievalSet
    collection: EmbeddedCollection
    head: Head
    tokenizer: Any

    def dense(self) -> np.ndarray:
        """What dense search is worth, ``(Q,)``."""
        run = dense_search(dense_vectors(self.collection), "dense")
        return evaluate(run, self.data, [MEASURE]).values(MEASURE)


@dataclass(frozen=True, eq=False)
class Trial:
    """What some settings are worth on a ground.

    Attributes:
        settings: Which.
        values: ``(Q,)`` nDCG@10 a query.
        postings: Postings that a query touches, the mean over queries, as a share of the documents.
        weights: Weights that a document keeps, the mean over documents.
    """

    settings: SparseSettings
    values: np.ndarray = field(repr=False)
    postings: float
    weights: float


def trials(ground: Ground, many: Iterable[SparseSettings]) -> Iterator[Trial]:
    """Try settings; the logits of the documents are worked out once for all that share them.

    Args:
        ground: Where.
        many: Which; they come back sorted by what they share.

    Yields:
        One trial a setting, the same as if it had been tried alone.
    """
    ordered = sorted(many, key=lambda s: (_space(s), s.expand, s.query_weights, s.k))
    collection = ground.collection if ground.head.linear else ground.collection.unnormalised()
    for _, group in groupby(ordered, key=_space):
        shared = list(group)
        deepest = shared[0].changed(k=max(s.k for s in shared), saturation="none")
        mean = mean_of(ground.head, collection.documents) if deepest.centre else None
        whole = SparseEncoder(ground.head, ground.tokenizer, deepest, mean)
        weights = whole.documents(collection.documents)
        asked: dict[tuple[int, str], sp.csr_array] = {}
        cut = {k: strongest(weights, k) for k in {settings.k for settings in shared}}
        for settings in shared:
            key = (settings.expand, settings.query_weights)
            if key not in asked:
                encoder = SparseEncoder(ground.head, ground.tokenizer, settings, mean)
                asked[key] = encoder.queries(collection.queries, collection.query_texts)
            documents = _as_indexed(cut[settings.k], settings)
            queries = weighted_queries(
                asked[key], document_frequency(documents), documents.shape[0], settings
            )
            made = SparseCollection(
                settings, collection.query_ids, queries, queries,
                SparseVectors(collection.doc_ids, documents), whole.columns,
            )  # fmt: skip
            found = evaluate(sparse_search(made, settings.label, top=DEPTH), ground.data, [MEASURE])
            yield Trial(
                settings,
                found.values(MEASURE),
                float(postings_touched(queries, made.documents).mean()) / documents.shape[0],
                documents.nnz / documents.shape[0],
            )


def strongest(weights: sp.csr_array, k: int) -> sp.csr_array:
    """The k highest weights of each row; of equal ones at the edge, the first columns.

    >>> strongest(sp.csr_array(np.array([[1.0, 3.0, 2.0]])), 2).toarray().tolist()
    [[0.0, 3.0, 2.0]]
    """
    lengths = np.diff(weights.indptr)
    # Rows side by side, filled up with nothing; sorted stably, so that equal ones keep their order.
    filled = np.arange(lengths.max(initial=0)) < lengths[:, None]
    table = np.zeros(filled.shape, dtype=weights.dtype)
    table[filled] = weights.data
    rank = np.argsort(np.argsort(-table, axis=1, kind="stable"), axis=1)
    kept = (rank < k)[filled]
    indptr = np.concatenate([[0], np.minimum(lengths, k).cumsum()])
    return sp.csr_array((weights.data[kept], weights.indices[kept], indptr), shape=weights.shape)


def choose(table: pd.DataFrame, within: float = 0.01) -> SparseSettings:
    """The cheapest settings that are nearly the best.

    Args:
        table: A row for each settings and ground: a column for each field of `SparseSettings`,
            ``value`` (the mean over queries) and ``postings``.
        within: Which share of the best mean may be missing.

    Returns:
        Of the settings whose value, as the mean over grounds, is at least 1 - `within` of the
        highest, those that touch the fewest postings; of equal ones, the first.

    Raises:
        TokalignError: The settings were not all tried on the same grounds.
    """
    names: list[str] = list(SparseSettings.model_fields)
    grouped = table.groupby(names, sort=False)[["value", "postings"]]
    if len(set(grouped.size())) != 1:
        raise TokalignError("settings that were tried on different grounds cannot be compared")
    means = grouped.mean().reset_index()
    near = means[means["value"] >= (1 - within) * means["value"].max()]
    best = near.sort_values("postings", kind="stable").iloc[0]
    return SparseSettings(**{name: getattr(best[name], "item", lambda v=best[name]: v)()
                             for name in names})  # fmt: skip


def factorial(options: dict[str, Sequence[Any]]) -> list[SparseSettings]:
    """All settings that combine some choices.

    >>> [s.label for s in factorial({"k": [64], "idf": [False, True]})]
    ['K 64, M 100', 'K 64, M 100, idf']
    """
    made: list[dict[str, Any]] = [{}]
    for name, values in options.items():
        made = [{**one, name: value} for one in made for value in values]
    return [SparseSettings().changed(**one) for one in made]


def _as_indexed(weights: sp.csr_array, settings: SparseSettings) -> sp.csr_array:
    if settings.saturation == "log":
        weights = weights.copy()
        weights.data = np.log1p(weights.data)
    return in_bytes(weights) if settings.bits == 8 else weights


def _space(settings: SparseSettings) -> tuple[bool, bool, str]:
    return settings.centre, settings.cosine_head, settings.merge
