"""Engines by the names that people write."""

from __future__ import annotations

from tokalign.errors import unknown
from tokalign.retrieval.engines.exact import ExactEngine
from tokalign.retrieval.engines.milvus import MilvusEngine
from tokalign.retrieval.engines.protocol import Engine
from tokalign.retrieval.engines.seismic import SeismicEngine


def engine_by_name(written: str) -> Engine:
    """Make an engine.

    Args:
        written: ``exact``, ``seismic``, or ``milvus:`` and a file ending in ``.db`` or the URI of a
            server.

    Raises:
        TokalignError: An unknown name; see `SeismicEngine` and `MilvusEngine`.

    >>> engine_by_name("exact").name
    'exact'
    """
    if written == "exact":
        return ExactEngine()
    if written == "seismic":
        return SeismicEngine()
    name, colon, where = written.partition(":")
    if name == "milvus" and colon:
        return MilvusEngine(where)
    raise unknown("engine", written, ["exact", "seismic", "milvus:FILE.db", "milvus:URI"])
