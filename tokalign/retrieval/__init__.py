"""Retrieval: dense, sparse from aligned tokens, and BM25; runs, and what they are worth.

Needs the extra `retrieval` (bm25s, ir-measures) for BM25 and for evaluation; the rest does not.
"""

from __future__ import annotations

from tokalign.retrieval.bm25 import bm25_search, bm25_words
from tokalign.retrieval.collection import EmbeddedCollection, embedded
from tokalign.retrieval.comparison import Comparison, compare_systems
from tokalign.retrieval.dense import DenseVectors, dense_search, dense_vectors, embed_collection
from tokalign.retrieval.evaluation import Evaluation, difference, evaluate, retained
from tokalign.retrieval.following import Followed, follow, worst_query
from tokalign.retrieval.hybrid import fuse
from tokalign.retrieval.published import published_retrieval
from tokalign.retrieval.rarity import by_cut_words, cut_words
from tokalign.retrieval.run import Ranker, Run
from tokalign.retrieval.searching import SparseCollection, sparse_collection, sparse_search
from tokalign.retrieval.sparse import SparseSettings, frozen_settings
from tokalign.retrieval.tuning import Ground, factorial, trials

__all__ = [
    "Comparison",
    "DenseVectors",
    "EmbeddedCollection",
    "Evaluation",
    "Followed",
    "Ground",
    "Ranker",
    "Run",
    "SparseCollection",
    "SparseSettings",
    "bm25_search",
    "bm25_words",
    "by_cut_words",
    "compare_systems",
    "cut_words",
    "dense_search",
    "dense_vectors",
    "difference",
    "embed_collection",
    "embedded",
    "evaluate",
    "factorial",
    "follow",
    "frozen_settings",
    "fuse",
    "published_retrieval",
    "retained",
    "sparse_collection",
    "sparse_search",
    "trials",
    "worst_query",
]
