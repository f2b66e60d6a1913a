"""Retrieval: runs of dense search and BM25, and what they are worth.

Needs the extra `retrieval` (bm25s, ir-measures) for BM25 and for evaluation; dense search does not.
"""

from __future__ import annotations

from tokalign.retrieval.bm25 import bm25_search, bm25_words
from tokalign.retrieval.dense import DenseVectors, dense_search, embed_collection
from tokalign.retrieval.evaluation import Evaluation, difference, evaluate, retained
from tokalign.retrieval.run import Ranker, Run

__all__ = [
    "DenseVectors",
    "Evaluation",
    "Ranker",
    "Run",
    "bm25_search",
    "bm25_words",
    "dense_search",
    "difference",
    "embed_collection",
    "evaluate",
    "retained",
]
