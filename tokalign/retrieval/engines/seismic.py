"""Approximate search by Seismic, for millions of documents on one machine.

Needs the extra `seismic` (pyseismic-lsr). Source: Bruch, Nardini, Rulli, Venturini, "Efficient
Inverted Indexes for Approximate Retrieval over Learned Sparse Representations" (SIGIR 2024, arXiv
2404.18812). Lists are cut into clusters of similar documents, each with a summary; a query leaves
out clusters whose summary promises too little. Does NOT say what was missed: see the tests.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numpy as np
import scipy.sparse as sp

from tokalign.errors import TokalignError
from tokalign.retrieval.engines.protocol import query_rows
from tokalign.retrieval.engines.rescoring import Rescorer
from tokalign.retrieval.sparse import SparseVectors

#: Seismic keeps weights in 16 bits, which is exact to 2**-11.
_ROUNDING = 1e-3

#: Columns that Seismic's smaller kind of index can number.
_SMALL = 2**16


class SeismicEngine:
    """Searches a Seismic index; candidates are scored again exactly.

    No list is cut and no column of a query left out, so the only approximation is which clusters
    are looked into.

    Args:
        heap_factor: A cluster is left out where this share of what its summary promises is below
            the worst score kept. 0 leaves none out; larger is faster and misses more.
        summary_energy: Share of a cluster's weights that its summary keeps.
        threads: For building; 0 takes all cores.

    Raises:
        TokalignError: The library is missing or too old.
    """

    name = "seismic"

    def __init__(
        self, heap_factor: float = 0.4, summary_energy: float = 0.4, threads: int = 1
    ) -> None:
        self._library = _library()
        self._heap_factor = heap_factor
        self._summary_energy = summary_energy
        self._threads = threads
        self._index: Any = None
        self._documents: Rescorer | None = None

    def add(self, documents: SparseVectors) -> None:
        """Build the index; see `Engine.add`."""
        if self._documents is not None:
            raise ValueError("the engine already has its documents")
        self._documents = Rescorer(documents, _ROUNDING)
        matrix = self._documents.matrix
        if not matrix.nnz:
            return
        large = "LV" if matrix.shape[1] > _SMALL else ""
        held = getattr(self._library, f"SeismicDataset{large}")(matrix.shape[1])
        held.add_documents_by_id(
            [str(row) for row in range(len(documents))],
            matrix.indices.astype(np.int64),
            # 16 bits reach to 65,504 only; a common factor changes no order.
            matrix.data / matrix.data.max(),
            matrix.indptr.astype(np.int64),
        )
        with _quiet():
            self._index = getattr(self._library, f"SeismicIndex{large}").build_from_dataset(
                held,
                n_postings=int(np.bincount(matrix.indices).max()),
                summary_energy=self._summary_energy,
                num_threads=self._threads,
            )

    def search(self, queries: sp.csr_array, top: int) -> list[dict[str, float]]:
        """Rank documents for queries; see `Engine.search`. Some may be missed."""
        documents = self._documents
        if documents is None:
            raise ValueError("the engine has no documents yet")
        depth = documents.depth(top)
        rankings = []
        for columns, weights in query_rows(queries, documents.matrix.shape[1], top):
            rows = self._find(columns, weights, depth)
            rankings.append(documents.rank(columns, weights, top, rows, len(rows) < depth))
        return rankings

    def _find(self, columns: np.ndarray, weights: np.ndarray, depth: int) -> np.ndarray:
        """The rows that Seismic finds best, at most `depth`."""
        if self._index is None or not len(columns):
            return np.zeros(0, dtype=np.int64)
        found = self._index.search(
            "",
            columns.astype(self._library.get_seismic_string()),
            weights.astype(np.float32),
            k=depth,
            query_cut=len(columns),
            heap_factor=self._heap_factor,
        )
        return np.array([int(row) for _, _, row in found], dtype=np.int64)


def _library() -> Any:
    try:
        made = import_module("seismic")
    except ModuleNotFoundError as error:
        raise TokalignError(
            "pyseismic-lsr is not installed; install the extra: pip install 'tokalign[seismic]'"
        ) from error
    if not hasattr(getattr(made, "SeismicDataset", None), "add_documents_by_id"):
        raise TokalignError("the module seismic is not pyseismic-lsr 0.5.4 or newer")
    return made


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what compiled code prints from standard output, which may be someone's JSON."""
    sys.stdout.flush()
    kept = os.dup(1)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
