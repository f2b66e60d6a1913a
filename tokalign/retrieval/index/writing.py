"""Writes the files of an index into a folder, shard by shard in the order of the documents.

Nothing but the columns, the identifiers and one number a document is held. Does not know where the
folder ends up.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from tokalign import __version__
from tokalign.embedders import Embedder, Embeddings, encode_stored
from tokalign.embedders.encoding.stored import SHARD
from tokalign.retrieval.index.arrays import ArrayWriter, round_weights, write_array
from tokalign.retrieval.index.description import (
    FORMAT,
    FREQUENCY,
    IDS,
    INDICES,
    INDPTR,
    MEAN,
    WEIGHTS,
    Description,
    DocumentFacts,
    EmbedderFacts,
    facts_of,
    file_names,
    write_description,
)
from tokalign.retrieval.index.documents import Documents
from tokalign.retrieval.sparse import SparseEncoder, SparseSettings
from tokalign.retrieval.sparse.weighting import document_frequency
from tokalign.store import Store, texts_key
from tokalign.tokens import Head

#: Weights before they are rounded to bytes.
_UNROUNDED = "unrounded.npy"


@dataclass(frozen=True)
class _Rows:
    """What writing the rows gives.

    Attributes:
        lengths: ``(N,)`` weights of each document.
        frequency: ``(C,)`` documents of each column.
        highest: The highest weight; 0 where there is none.
        cut: Documents that are longer than the embedder reads.
    """

    lengths: np.ndarray
    frequency: np.ndarray
    highest: float
    cut: int


@dataclass(frozen=True)
class IndexWriter:
    """Makes the files of one index.

    Attributes:
        folder: An empty folder.
        documents: N documents.
        embedder: Who embeds them.
        head: Who decodes.
        settings: How.
        store: Where vectors are kept; None computes them, twice where the settings centre.
        progress: Whether a progress bar is shown on standard error.
    """

    folder: Path
    documents: Documents
    embedder: Embedder
    head: Head
    settings: SparseSettings
    store: Store | None
    progress: bool

    def write(self, key: str, embedder: EmbedderFacts) -> Description:
        """Write every file, ``index.json`` last.

        Args:
            key: Content key of the index.
            embedder: What is to be noted of the embedder.

        Raises:
            TokalignError: See `encode_stored` and `SparseEncoder`.
            OSError: A file cannot be written.
        """
        mean = self._mean() if self.settings.centre else None
        encoder = SparseEncoder(self.head, self.embedder.tokenizer, self.settings, mean)
        rows = self._rows(encoder)
        step = 1.0
        if self.settings.bits == 8:
            unrounded = self.folder / _UNROUNDED
            step = round_weights(unrounded, self.folder / WEIGHTS, rows.highest)
            unrounded.unlink()
        indptr = np.concatenate([[0], np.cumsum(rows.lengths)])
        write_array(self.folder / INDPTR, indptr, "<i8")
        write_array(self.folder / FREQUENCY, rows.frequency, "<i8")
        if mean is not None:
            write_array(self.folder / MEAN, mean, "<f4")
        self._ids()
        description = Description(
            format=FORMAT,
            tokalign=__version__,
            key=key,
            settings=self.settings,
            embedder=embedder,
            documents=DocumentFacts(
                sha256=self.documents.sha256,
                count=len(self.documents),
                blank=self.documents.blank,
                cut=rows.cut,
            ),
            columns=len(encoder.columns),
            column_names=texts_key(encoder.columns.names),
            width=self.head.matrix.shape[1],
            postings=int(indptr[-1]),
            step=step,
            files=facts_of(self.folder, file_names(self.settings.centre)),
        )
        write_description(self.folder, description)
        return description

    def _mean(self) -> np.ndarray:
        """The mean vector of the documents, ``(d',)`` float32, summed in float64 in their order."""
        total = np.zeros(self.head.matrix.shape[1])
        count = 0
        for _, made in self._vectors("mean"):
            total += self.head.ready(made).double().sum(dim=0).cpu().numpy()
            count += len(made)
        return (total / count).astype(np.float32)

    def _rows(self, encoder: SparseEncoder) -> _Rows:
        lengths = np.zeros(len(self.documents), dtype=np.int64)
        frequency = np.zeros(len(encoder.columns), dtype=np.int64)
        highest, cut = 0.0, 0
        name = _UNROUNDED if self.settings.bits == 8 else WEIGHTS
        with (
            ArrayWriter(self.folder / INDICES, "<i4") as indices,
            ArrayWriter(self.folder / name, "<f4") as weights,
        ):
            for places, made in self._vectors("rows"):
                rows = encoder.documents(made)
                lengths[places] = np.diff(rows.indptr)
                frequency += document_frequency(rows)
                highest = max(highest, float(rows.data.max(initial=0.0)))
                cut += int(made.truncated.sum())
                indices.append(rows.indices)
                weights.append(rows.data)
        return _Rows(lengths, frequency, highest, cut)

    def _vectors(self, what: str) -> Iterator[tuple[list[int], Embeddings]]:
        """Positions of some documents, and their vectors as the head takes them."""
        prompt = "document" if "document" in self.embedder.recipe.prompts else None
        total = len(self.documents) - self.documents.blank
        with tqdm(total=total, disable=not self.progress, unit="text",
                  desc=f"{self.embedder.name}, {what}") as bar:  # fmt: skip
            for places, texts in self.documents.shards(SHARD):
                made = encode_stored(self.embedder, texts, self.store, prompt_name=prompt)
                bar.update(len(texts))
                yield places, made if self.head.linear else made.unnormalised()

    def _ids(self) -> None:
        with (self.folder / IDS).open("x", encoding="utf-8", newline="\n") as file:
            for identifier in self.documents.ids:
                file.write(json.dumps(identifier, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
