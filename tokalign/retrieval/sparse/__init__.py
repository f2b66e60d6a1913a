"""Sparse vectors of aligned tokens: settings, columns, encoding."""

from __future__ import annotations

from tokalign.retrieval.sparse.columns import Columns, columns_of
from tokalign.retrieval.sparse.encoder import SparseEncoder, mean_of
from tokalign.retrieval.sparse.settings import PUBLISHED, SparseSettings, frozen_settings
from tokalign.retrieval.sparse.vectors import SparseVectors, sparse_vectors

__all__ = [
    "PUBLISHED",
    "Columns",
    "SparseEncoder",
    "SparseSettings",
    "SparseVectors",
    "columns_of",
    "frozen_settings",
    "mean_of",
    "sparse_vectors",
]
