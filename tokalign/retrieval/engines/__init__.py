"""Engines that search sparse vectors: exact in process, Seismic, Milvus."""

from __future__ import annotations

from tokalign.retrieval.engines.cost import postings_touched
from tokalign.retrieval.engines.exact import ExactEngine
from tokalign.retrieval.engines.milvus import MilvusEngine
from tokalign.retrieval.engines.names import engine_by_name
from tokalign.retrieval.engines.protocol import Engine
from tokalign.retrieval.engines.seismic import SeismicEngine

__all__ = [
    "Engine",
    "ExactEngine",
    "MilvusEngine",
    "SeismicEngine",
    "engine_by_name",
    "postings_touched",
]
