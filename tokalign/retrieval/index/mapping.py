"""The arrays of an index: mapped when it is opened, read when they are needed.

Does not know how a query is made.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Self, TypeVar

import numpy as np
import scipy.sparse as sp

from tokalign.errors import TokalignError
from tokalign.retrieval.engines import Engine
from tokalign.retrieval.index.arrays import map_array
from tokalign.retrieval.index.description import (
    FREQUENCY,
    IDS,
    INDICES,
    INDPTR,
    MEAN,
    WEIGHTS,
    Description,
    check_hashes,
    damaged,
    read_description,
)
from tokalign.retrieval.sparse import SparseVectors

AnyEngine = TypeVar("AnyEngine", bound=Engine)


@dataclass(frozen=True, eq=False)
class MappedIndex:
    """N documents as sparse vectors over C columns, and how they were made.

    Attributes:
        folder: Where it is.
        description: What ``index.json`` says.
        indptr: ``(N + 1,)`` int64, where each document's weights start and end.
        indices: ``(nnz,)`` int32, the column of each weight, rising within a document.
        weights: ``(nnz,)`` float32, or uint8 steps.
        frequency: ``(C,)`` int64, in how many documents each column has a weight.
        mean: ``(d',)`` float32, what is taken off vectors; None where the settings do not centre.
    """

    folder: Path
    description: Description
    indptr: np.ndarray = field(repr=False)
    indices: np.ndarray = field(repr=False)
    weights: np.ndarray = field(repr=False)
    frequency: np.ndarray = field(repr=False)
    mean: np.ndarray | None = field(repr=False)
    _ids: np.ndarray = field(repr=False)

    @classmethod
    def load(cls, folder: Path, *, verify: bool = False) -> Self:
        """Open an index. Nothing large is read.

        Args:
            folder: As `build_index` made it.
            verify: Read all files and compare their hashes too.

        Raises:
            TokalignError: It is no index, one of a newer format, or a damaged one.
        """
        about = read_description(folder)
        if verify:
            check_hashes(folder, about)
        kind = "|u1" if about.settings.bits == 8 else "<f4"
        made = cls(
            folder=folder,
            description=about,
            indptr=map_array(folder / INDPTR, "<i8", about.documents.count + 1),
            indices=map_array(folder / INDICES, "<i4", about.postings),
            weights=map_array(folder / WEIGHTS, kind, about.postings),
            frequency=map_array(folder / FREQUENCY, "<i8", about.columns),
            mean=np.array(map_array(folder / MEAN, "<f4", about.width))
            if about.settings.centre
            else None,
            # Mapped like the arrays: it stays this one where the folder is replaced meanwhile.
            _ids=np.memmap(folder / IDS, mode="r"),
        )
        if read_description(folder) != about:
            raise TokalignError(f"{folder} was replaced while it was opened; try again")
        return made

    def __len__(self) -> int:
        return self.description.documents.count

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """The N identifiers, read when they are first asked for.

        Raises:
            TokalignError: They are damaged.
        """
        lines = self._ids.tobytes().rstrip(b"\n").replace(b"\n", b",")
        try:
            found = json.loads(b"[" + lines + b"]")
        except ValueError as error:
            raise damaged(self.folder, f"{IDS}: {error}") from error
        if len(found) != len(self) or not all(isinstance(one, str) for one in found):
            raise damaged(self.folder, f"{IDS} does not hold {len(self)} identifiers")
        return tuple(found)

    @cached_property
    def matrix(self) -> sp.csr_array:
        """``(N, C)`` the weights as they are stored, mapped; steps where they are of 8 bits.

        Raises:
            TokalignError: A row or column is out of range.
        """
        indptr, indices, columns = self.indptr, self.indices, self.description.columns
        rising = indptr[0] == 0 and indptr[-1] == len(indices) and (np.diff(indptr) >= 0).all()
        # Compiled code would read beyond the arrays.
        if not rising or indices.min(initial=0) < 0 or indices.max(initial=0) >= columns:
            raise damaged(self.folder, "a row or column is out of range")
        # Of two kinds of integers scipy would copy both into the longer one.
        if len(indices) <= np.iinfo(np.int32).max:
            indptr = indptr.astype(np.int32)
        return sp.csr_array((self.weights, indices, indptr), shape=(len(self), columns))

    def vectors(self) -> SparseVectors:
        """All documents, for an engine: weights over `Description.step`, which are whole steps
        where they are of 8 bits.
        """  # fmt: skip
        return SparseVectors(self.ids, sp.csr_array(self.matrix.astype(np.float32, copy=False)))

    def fill(self, engine: AnyEngine) -> AnyEngine:
        """Add all documents to an empty engine, and hand it back."""
        engine.add(self.vectors())
        return engine
