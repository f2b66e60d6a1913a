"""Dense, sparse, BM25 and their fusion on one collection: what does the sparse search retain?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from tokalign.datasets import RetrievalSet
from tokalign.embedders import Embedder
from tokalign.errors import TokalignError
from tokalign.measures import Interval
from tokalign.measures.intervals import mean_interval
from tokalign.retrieval.bm25 import bm25_search
from tokalign.retrieval.collection import embedded
from tokalign.retrieval.dense import dense_search, dense_vectors
from tokalign.retrieval.engines import postings_touched
from tokalign.retrieval.evaluation import MEASURES, Evaluation, evaluate, retained
from tokalign.retrieval.hybrid import fuse
from tokalign.retrieval.run import Run
from tokalign.retrieval.searching import SparseCollection, sparse_collection, sparse_search
from tokalign.retrieval.sparse import SparseSettings
from tokalign.store import Store
from tokalign.tokens import Head


@dataclass(frozen=True, eq=False)
class Comparison:
    """Systems on one collection.

    Attributes:
        sparse: The collection as sparse vectors, and their settings.
        width: Dimension of the dense vectors.
        runs: System -> its run: ``dense``, ``sparse``, ``bm25``, ``hybrid`` (sparse and BM25) and
            ``hybrid_dense`` (dense and BM25), fused by reciprocal rank.
        evaluations: System -> what its run is worth.
    """

    sparse: SparseCollection
    width: int
    runs: Mapping[str, Run]
    evaluations: Mapping[str, Evaluation]

    def retained(self, measure: str = "nDCG@10", seed: int = 0) -> Interval | None:
        """Which share of dense search sparse search retains, by a bootstrap over queries.

        Returns:
            The share; None where there is none: dense search finds nothing, be it for one drawing
            of the queries alone, or there is a single query.
        """
        try:
            return retained(self.evaluations["sparse"], self.evaluations["dense"], measure, seed)
        except TokalignError:
            return None

    def cost_share(self, seed: int = 0) -> Interval:
        """Multiply-adds of sparse search over those of exact dense search, the mean over queries.

        A posting that is touched is one of them; dense search makes one for each document and
        dimension. What a query costs before it meets the index is in neither.
        """
        touched = postings_touched(self.sparse.queries, self.sparse.documents)
        return mean_interval(touched / (len(self.sparse.documents) * self.width), seed)

    def frame(self, seed: int = 0) -> pd.DataFrame:
        """A tidy frame: run, dataset, measure, n, value, low, high."""
        frames = [found.frame(seed) for found in self.evaluations.values()]
        return pd.concat(frames, ignore_index=True)


def compare_systems(
    embedder: Embedder,
    head: Head,
    data: RetrievalSet,
    settings: SparseSettings,
    store: Store | None = None,
    *,
    progress: bool = False,
) -> Comparison:
    """Search a collection by every system and judge what was found.

    Args:
        embedder: Whose vectors.
        head: Who decodes them.
        data: The collection.
        settings: Of the sparse search.
        store: Where vectors are kept; None computes everything.
        progress: Show progress bars on standard error.

    Raises:
        TokalignError: See `embedded`, `SparseEncoder`, `bm25_search` and `evaluate`.
    """
    collection = embedded(embedder, data, store, progress=progress)
    made = sparse_collection(collection, head, embedder.tokenizer, settings)
    dense = dense_search(dense_vectors(collection), "dense")
    sparse = sparse_search(made, "sparse")
    # A blank query has no vector, and BM25 finds nothing for it either.
    words = bm25_search(data).rankings
    bm25 = Run("bm25", {query: words[query] for query in dense.rankings})
    runs = [
        dense,
        sparse,
        bm25,
        fuse([sparse, bm25], "hybrid"),
        fuse([dense, bm25], "hybrid_dense"),
    ]
    width = collection.documents.vectors.shape[1]
    judged = {run.name: evaluate(run, data, MEASURES) for run in runs}
    return Comparison(made, width, {run.name: run for run in runs}, judged)
