"""Texts' vectors -> sparse vectors of aligned tokens.

Document: its K tokens with the highest logits, weighted by them. Query: its own tokens and the
first M aligned ones. No training. The recipe is that of "A Text is Worth Several Tokens"
(arXiv 2406.17378), as a published reading note tells it; `SparseSettings` says what may be changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch

from tokalign.embedders import Embeddings
from tokalign.errors import TokalignError
from tokalign.retrieval.sparse.columns import Columns, columns_of
from tokalign.retrieval.sparse.settings import SparseSettings
from tokalign.tokens import Head

#: Logits in memory at a time, 64 MiB in float32.
_CELLS = 2**24


@dataclass(frozen=True, eq=False)
class SparseEncoder:
    """Makes sparse vectors under some settings.

    Attributes:
        head: Who decodes.
        tokenizer: What cuts queries into tokens; the one that the head's ids belong to.
        settings: How.
        mean: ``(d',)`` what is taken off every vector, as `mean_of` gives it; None where the
            settings do not centre.
        columns: Which tokens are counted as one; worked out where it is not given.
    """

    head: Head
    tokenizer: Any
    settings: SparseSettings
    mean: np.ndarray | None = None
    columns: Columns = field(init=False)
    _rows: Head = field(init=False, repr=False)
    _column: torch.Tensor = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.settings.centre != (self.mean is not None):
            raise TokalignError(
                "settings that centre need the mean of the documents, and others take none"
            )
        ids = self.head.ids.cpu().numpy()
        columns = columns_of(self.tokenizer, ids, self.settings.merge)
        rows = self.head
        if self.settings.cosine_head:
            # The bias of a head is a plain preference for tokens: it goes with the lengths.
            matrix = self.head.matrix.float()
            matrix = torch.nn.functional.normalize(matrix - matrix.mean(dim=0), dim=1)
            rows = replace(self.head, matrix=matrix, bias=None)
        for name, value in (
            ("columns", columns),
            ("_rows", rows),
            ("_column", torch.from_numpy(columns.of[ids].astype(np.int64))),
        ):
            object.__setattr__(self, name, value)

    def documents(self, embeddings: Embeddings) -> sp.csr_array:
        """Sparse vectors of documents.

        Args:
            embeddings: N vectors that the head may read.

        Returns:
            ``(N, C)`` float32: the K best columns of each row by logit, logits of 0 and below left
            out, saturated where the settings say so. Not rounded to bytes: an index does that.

        Raises:
            TokalignError: The head refuses the vectors, or a logit is not finite.
        """
        made = self._best(embeddings, self.settings.k)
        if self.settings.saturation == "log":
            made.data = np.log1p(made.data)
        return made

    def queries(self, embeddings: Embeddings, texts: Sequence[str]) -> sp.csr_array:
        """Sparse vectors of queries, before any inverse document frequency.

        Args:
            embeddings: The vectors of Q queries.
            texts: The Q queries as they were written, without a prompt.

        Returns:
            ``(Q, C)`` float32: 1 for each of a query's own tokens, and for the M best columns 1 or
            their share of the best logit. Only columns with a logit above 0 count among the M.

        Raises:
            TokalignError: As `documents`; or another number of texts than of vectors.
        """
        if len(texts) != len(embeddings):
            raise TokalignError(f"{len(texts)} queries for {len(embeddings)} vectors")
        own = self.literal(texts)
        if not self.settings.expand:
            return own
        more = self._best(embeddings, self.settings.expand)
        if self.settings.query_weights == "one":
            more.data[:] = 1.0
        else:
            best = more.max(axis=1).toarray()
            more.data /= np.repeat(best, np.diff(more.indptr))
        return sp.csr_array(own.maximum(more))

    def literal(self, texts: Sequence[str]) -> sp.csr_array:
        """A query's own tokens, each 1: ``(Q, C)`` float32."""
        indptr, indices = [0], []
        for text in texts:
            ids = np.array(self.tokenizer.encode(text, add_special_tokens=False), dtype=np.int64)
            found = self.columns.of[ids[ids < len(self.columns.of)]]
            indices.append(np.unique(found[found >= 0]))
            indptr.append(indptr[-1] + len(indices[-1]))
        flat = np.concatenate(indices) if indices else np.zeros(0, dtype=np.int32)
        made = sp.csr_array(
            (np.ones(len(flat), dtype=np.float32), flat, np.array(indptr)),
            shape=(len(texts), len(self.columns)),
        )
        made.sum_duplicates()
        return made

    @torch.inference_mode()
    def _best(self, embeddings: Embeddings, k: int) -> sp.csr_array:
        """The k columns with the highest logits above 0, sorted by column: ``(N, C)``."""
        vectors = self._ready(embeddings)
        k = min(k, len(self.columns))
        step = max(1, _CELLS // max(len(self._column), 1))
        pieces = [
            _csr(self._logits(vectors[start : start + step]), k)
            for start in range(0, len(vectors), step)
        ]
        return sp.csr_array(sp.vstack(pieces, format="csr"))

    def _ready(self, embeddings: Embeddings) -> torch.Tensor:
        vectors = self._rows.ready(embeddings)
        if self.mean is not None:
            vectors = vectors - torch.from_numpy(self.mean).to(vectors.device)
        return vectors

    def _logits(self, vectors: torch.Tensor) -> torch.Tensor:
        """``(n, C)``: a column's logit is the best of its tokens'."""
        products = self._rows.finish(vectors @ self._rows.matrix.float().T, slice(None))
        if not bool(products.isfinite().all()):
            raise TokalignError(f"{self.head.name} of {self.head.owner} gives logits that are not "
                                "finite: are its weights spoilt?")  # fmt: skip
        made = products.new_full((len(vectors), len(self.columns)), -torch.inf)
        index = self._column.to(products.device).expand_as(products)
        return made.scatter_reduce_(1, index, products, "amax")


def mean_of(head: Head, embeddings: Embeddings) -> np.ndarray:
    """The mean of vectors as they meet the head's matrix, ``(d',)`` float32.

    Raises:
        TokalignError: The head refuses the vectors, or there are none.
    """
    if not len(embeddings):
        raise TokalignError("there is no vector to take the mean of")
    mean: np.ndarray = head.ready(embeddings).double().mean(dim=0).float().cpu().numpy()
    return mean


def _csr(logits: torch.Tensor, k: int) -> sp.csr_array:
    """The k best of each row that are above 0; of equal ones at the edge, any."""
    values, places = logits.topk(k, dim=1)
    places, order = places.sort(dim=1)
    values = values.gather(1, order)
    kept = (values > 0).cpu().numpy()
    indptr = np.concatenate([[0], kept.sum(axis=1).cumsum()])
    return sp.csr_array(
        (values.cpu().numpy()[kept], places.cpu().numpy()[kept].astype(np.int32), indptr),
        shape=(logits.shape[0], logits.shape[1]),
    )
