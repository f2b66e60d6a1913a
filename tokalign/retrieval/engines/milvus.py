"""Search by Milvus: milvus-lite in a file, or a cluster by its URI.

Needs the extra `milvus` (pymilvus, milvus-lite). Documents are rows of a collection, numbered in
the order of identifiers, with one sparse field under inner product. The collection's name is made
from what it holds, so documents that are already there are not sent again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeVar

import numpy as np
import scipy.sparse as sp

from tokalign.errors import TokalignError
from tokalign.retrieval.engines.protocol import query_rows
from tokalign.retrieval.engines.rescoring import Rescorer
from tokalign.retrieval.sparse import SparseVectors

#: milvus-lite below this scores sparse fields wrongly.
LITE = (3, 2, 2)

#: Rows sent, and queries asked, at a time; results that Milvus gives for a query at most.
_ROWS, _QUERIES, _LIMIT = 1000, 64, 16_384

#: Weights are kept, and scores summed, in float32.
_ROUNDING = 1e-5

#: Seconds until a server that does not answer counts as unreachable.
_PATIENCE = 10.0

_FIELD = "weights"
_T = TypeVar("_T")


class MilvusEngine:
    """Searches a Milvus collection; candidates are scored again exactly.

    Args:
        uri: A file whose name ends in ``.db`` for milvus-lite, or ``http(s)://host:port``. A
            cluster's token is read from the environment variable ``MILVUS_TOKEN``.

    Raises:
        TokalignError: A library is missing or too old, the URI is of another form, or nothing
            answers there.
    """

    name = "milvus"

    def __init__(self, uri: str) -> None:
        self._uri = _checked(uri)
        self._library = _library(lite=not uri.startswith("http"))
        token = os.environ.get("MILVUS_TOKEN", "") if uri.startswith("http") else ""
        self._client: Any = self._asked(
            lambda: self._library.MilvusClient(uri, token=token, timeout=_PATIENCE)
        )
        self._documents: Rescorer | None = None
        self._collection = ""

    def close(self) -> None:
        """End the connection; the collection stays."""
        self._asked(self._client.close)

    def add(self, documents: SparseVectors) -> None:
        """Send the documents, unless they are there already; see `Engine.add`.

        They are sent to a collection of another name, which gets its own when it is complete: what
        was interrupted is never searched, and begun anew the next time.

        Raises:
            TokalignError: Milvus refuses.
        """
        if self._documents is not None:
            raise ValueError("the engine already has its documents")
        held = Rescorer(documents, _ROUNDING)
        self._collection = _name(held)
        if held.matrix.nnz:
            self._asked(lambda: self._provide(held.matrix))
        self._documents = held

    def search(self, queries: sp.csr_array, top: int) -> list[dict[str, float]]:
        """Rank documents for queries; see `Engine.search`.

        Raises:
            TokalignError: Also where Milvus does not answer.
        """
        documents = self._documents
        if documents is None:
            raise ValueError("the engine has no documents yet")
        asked = query_rows(queries, documents.matrix.shape[1], top)
        depth = min(documents.depth(top), _LIMIT)
        rankings: list[dict[str, float]] = [{} for _ in asked]
        there = [i for i, (columns, _) in enumerate(asked) if len(columns) and documents.matrix.nnz]
        for start in range(0, len(there), _QUERIES):
            some = there[start : start + _QUERIES]
            for i, rows in zip(some, self._find([asked[i] for i in some], depth), strict=True):
                rankings[i] = documents.rank(*asked[i], top, rows, complete=len(rows) < depth)
        return rankings

    def _provide(self, matrix: sp.csr_array) -> None:
        """Make the collection, if it is not there, and load it."""
        if not self._client.has_collection(self._collection):
            building = f"{self._collection}_building"
            if self._client.has_collection(building):
                self._client.drop_collection(building)
            self._create(building)
            # Milvus takes no row without weights, and none could be found.
            rows = np.flatnonzero(np.diff(matrix.indptr))
            for start in range(0, len(rows), _ROWS):
                some = rows[start : start + _ROWS].tolist()
                self._client.insert(building, [_entity(matrix, row) for row in some])
            self._client.flush(building)
            self._client.rename_collection(building, self._collection)
        self._client.load_collection(self._collection)

    def _create(self, name: str) -> None:
        kinds = self._library.DataType
        schema = self._client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("row", kinds.INT64, is_primary=True)
        schema.add_field(_FIELD, kinds.SPARSE_FLOAT_VECTOR)
        index = self._client.prepare_index_params()
        index.add_index(_FIELD, index_type="SPARSE_INVERTED_INDEX", metric_type="IP")
        self._client.create_collection(
            name, schema=schema, index_params=index, consistency_level="Strong"
        )

    def _find(self, asked: list[tuple[np.ndarray, np.ndarray]], depth: int) -> list[np.ndarray]:
        """The rows that Milvus finds best for each query, at most `depth`."""
        data = [dict(zip(c.tolist(), w.tolist(), strict=True)) for c, w in asked]
        answers = self._asked(
            lambda: self._client.search(
                self._collection,
                data,
                anns_field=_FIELD,
                limit=depth,
                output_fields=["row"],
                search_params={"metric_type": "IP", "params": {"drop_ratio_search": 0.0}},
            )
        )
        return [np.array([hit["row"] for hit in hits], dtype=np.int64) for hits in answers]

    def _asked(self, ask: Callable[[], _T]) -> _T:
        """Ask Milvus something; its errors become ours."""
        try:
            return ask()
        except (self._library.MilvusException, OSError) as error:
            said = " ".join(str(getattr(error, "message", "") or error).split())
            raise TokalignError(f"Milvus at {self._uri}: {said}") from error


def _checked(uri: str) -> str:
    if "@" in uri:
        # Not repeated in the message: it may hold a password.
        raise TokalignError("a Milvus URI holds no user or password; set MILVUS_TOKEN instead")
    if not re.fullmatch(r"https?://[^/]+(/.*)?|(?!https?:).*\.db", uri):
        raise TokalignError(
            f"{uri!r} is no place for Milvus; allowed: a file ending in .db, http(s)://host:port"
        )
    return uri


def _library(lite: bool) -> Any:
    """Import pymilvus, and see that milvus-lite is there where it is needed."""
    try:
        made = import_module("pymilvus")
        found = version("milvus-lite") if lite else ""
    except (ModuleNotFoundError, PackageNotFoundError) as error:
        raise TokalignError(
            f"{error.name} is not installed; install the extra: pip install 'tokalign[milvus]'"
        ) from error
    if lite and tuple(map(int, re.findall(r"\d+", found)[:3])) < LITE:
        wanted = ".".join(map(str, LITE))
        raise TokalignError(
            f"milvus-lite {found} scores sparse vectors wrongly; needed: {wanted} or newer"
        )
    # They log, with a traceback, every error that they raise.
    for name in ("pymilvus", "milvus_lite"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return made


def _name(documents: Rescorer) -> str:
    """A name of what is held: the same documents, in whatever order, have the same."""
    matrix = documents.matrix
    made = hashlib.sha256(json.dumps([list(matrix.shape), documents.ids]).encode())
    for array in (matrix.indptr.astype("<i8"), matrix.indices.astype("<i8"), matrix.data):
        made.update(array.tobytes())
    return f"tokalign_{made.hexdigest()[:32]}"


def _entity(matrix: sp.csr_array, row: int) -> dict[str, Any]:
    piece = slice(matrix.indptr[row], matrix.indptr[row + 1])
    pairs = zip(matrix.indices[piece].tolist(), matrix.data[piece].tolist(), strict=True)
    return {"row": row, _FIELD: dict(pairs)}
