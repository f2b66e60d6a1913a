"""Sparse indexes in a folder: built in one piece, mapped at load, searched by any engine."""

from __future__ import annotations

from tokalign.retrieval.index.building import build_index
from tokalign.retrieval.index.description import Description
from tokalign.retrieval.index.documents import Documents, read_documents
from tokalign.retrieval.index.stored import SparseIndex
from tokalign.retrieval.matches import Match

__all__ = ["Description", "Documents", "Match", "SparseIndex", "build_index", "read_documents"]
