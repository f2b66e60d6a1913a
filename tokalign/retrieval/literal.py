"""The tokens of a text itself, weighed by the logits of its embedding: aligned tokens, filtered.

Of the logits of a vector those of the text's own tokens are kept, as log(1 + relu(logit)), the 128
best, in hundredths and rounded: the weights of PromptReps (arXiv 2404.18424), which reads the
logits after a prompt (see `promptreps`). What it lacks against the full list of aligned tokens is
what the tokens that are *not* in the text are worth. A text without a word of its own keeps its 10
best tokens of all; ones that are equal in weight at an edge are taken by column.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from tokalign.datasets import RetrievalSet
from tokalign.embedders import Embedder, Embeddings
from tokalign.errors import TokalignError
from tokalign.retrieval.collection import EmbeddedCollection, embedded
from tokalign.retrieval.sparse import Columns, SparseVectors, columns_of
from tokalign.retrieval.sparse.settings import Merge
from tokalign.store import Store
from tokalign.tokens import Head, decode, load_head

#: Most tokens that a text keeps; how many one without words keeps; what weights are scaled by.
KEPT = 128
KEPT_WITHOUT_WORDS = 10
SCALE = 100

_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, eq=False)
class LiteralVectors:
    """A collection by the tokens of its own texts. Blank texts are left out.

    Attributes:
        query_ids: Q identifiers.
        queries: ``(Q, C)`` float32, whole numbers.
        documents: The documents over the same columns, whole numbers.
        columns: What the columns stand for.
        dense: The vectors that the logits were made from.
    """

    query_ids: tuple[str, ...]
    queries: sp.csr_array
    documents: SparseVectors
    columns: Columns
    dense: EmbeddedCollection

    def unweighted(self) -> LiteralVectors:
        """A control: the same tokens, each weighing 1."""
        documents = SparseVectors(self.documents.ids, _ones(self.documents.matrix))
        return replace(self, queries=_ones(self.queries), documents=documents)


def _ones(weights: sp.csr_array) -> sp.csr_array:
    filled = np.ones_like(weights.data)
    return sp.csr_array((filled, weights.indices, weights.indptr), shape=weights.shape)


def literal_filter(
    embedder: Embedder, data: RetrievalSet, store: Store | None = None, *, progress: bool = False
) -> LiteralVectors:
    """The same filter and weights on an embedding's own logits, without a prompt.

    Vectors have the length that they had before normalisation. Tokens that differ in case and
    leading space alone are one column.

    Args:
        embedder: Any; it reads texts by its own recipe.
        data: The collection.
        store: Where vectors are kept; None computes everything.
        progress: Show progress bars on standard error.

    Raises:
        TokalignError: See `embedded` and `load_head`.
    """
    return literal_vectors(embedder, data, store, "case", progress)


def literal_vectors(
    embedder: Embedder, data: RetrievalSet, store: Store | None, merge: Merge, progress: bool
) -> LiteralVectors:
    """As `literal_filter`, with a choice of which tokens share a column."""
    dense = embedded(embedder, data, store, progress=progress)
    own = dense.unnormalised()
    weigh = LiteralWeights(load_head(embedder), embedder.tokenizer, merge)
    text_of = dict(zip(data.doc_ids, data.docs, strict=True))
    documents = weigh(own.documents, [text_of[name] for name in own.doc_ids])
    return LiteralVectors(
        query_ids=own.query_ids,
        queries=weigh(own.queries, own.query_texts),
        documents=SparseVectors(own.doc_ids, documents),
        columns=weigh.columns,
        dense=dense,
    )


class LiteralWeights:
    """Weighs the tokens of texts by the logits of their vectors.

    Args:
        head: Who decodes.
        tokenizer: The one that the head's ids belong to.
        merge: Which tokens share a column, with the best of their logits. Where any do, a word
            counts with the tokens that it has after a space as well.

    Attributes:
        columns: What the columns stand for.
    """

    def __init__(self, head: Head, tokenizer: Any, merge: Merge = "none") -> None:
        ids = head.ids.cpu().numpy()
        self.columns: Columns = columns_of(tokenizer, ids, merge)
        self._head, self._tokenizer = head, tokenizer
        self._written = ("{}",) if merge == "none" else ("{}", " {}")
        # The rows of the head, those of a column side by side.
        column = self.columns.of[ids]
        self._rows = np.argsort(column, kind="stable")
        self._starts = np.searchsorted(column[self._rows], np.arange(len(self.columns) + 1))
        self._pieces: dict[str, np.ndarray] = {}

    @torch.inference_mode()
    def __call__(self, embeddings: Embeddings, texts: Sequence[str]) -> sp.csr_array:
        """The weights of N texts.

        Args:
            embeddings: Their vectors.
            texts: The N texts as they were written, without a prompt.

        Returns:
            ``(N, C)`` float32, whole numbers above 0, at most `KEPT` a row.

        Raises:
            TokalignError: Another number of texts than of vectors, the head refuses the vectors, or
                a logit is not finite.
        """
        if len(texts) != len(embeddings):
            raise TokalignError(f"{len(texts)} texts for {len(embeddings)} vectors")
        vectors = self._head.ready(embeddings)
        indptr, indices, data = [0], [np.zeros(0, np.int64)], [np.zeros(0, np.float32)]
        for number, text in enumerate(texts):
            columns = self.literal(text)
            if len(columns):
                logits = self._logits(vectors[number : number + 1], columns)
            else:
                columns, logits = self._best(embeddings.select(np.array([number])))
            # Not rounded before the best are chosen, or there would be many equal ones.
            best = np.sort(np.argsort(-logits, kind="stable")[:KEPT])
            columns, weights = columns[best], saturated(logits[best])
            indices.append(columns[weights > 0])
            data.append(weights[weights > 0])
            indptr.append(indptr[-1] + len(indices[-1]))
        return sp.csr_array(
            (np.concatenate(data), np.concatenate(indices), np.array(indptr)),
            shape=(len(texts), len(self.columns)),
        )

    def literal(self, text: str) -> np.ndarray:
        """The columns of a text's own words, rising, each once: ``(n,)`` int64."""
        words = {w for w in _WORD.findall(text.lower()) if w not in ENGLISH_STOP_WORDS}
        found = [self._of_word(word) for word in words]
        return np.unique(np.concatenate(found)) if found else np.zeros(0, dtype=np.int64)

    def _of_word(self, word: str) -> np.ndarray:
        if word not in self._pieces:
            written = [form.format(word) for form in self._written]
            read = self._tokenizer(written, add_special_tokens=False)["input_ids"]
            ids = np.array([i for row in read for i in row], dtype=np.int64)
            columns = self.columns.of[ids[ids < len(self.columns.of)]]
            self._pieces[word] = columns[columns >= 0].astype(np.int64)
        return self._pieces[word]

    def _logits(self, vector: torch.Tensor, columns: np.ndarray) -> np.ndarray:
        """``(n,)`` the logits of n columns, each the best of its tokens'."""
        parts = [self._rows[self._starts[c] : self._starts[c + 1]] for c in columns]
        rows = torch.from_numpy(np.concatenate(parts)).to(vector.device)
        products = self._head.finish(vector @ self._head.matrix[rows].float().T, rows)
        if not bool(products.isfinite().all()):
            raise TokalignError(
                f"{self._head.name} of {self._head.owner} gives logits that are not finite: are "
                "its weights spoilt?"
            )
        firsts = np.cumsum([0, *(len(part) for part in parts[:-1])])
        logits: np.ndarray = np.maximum.reduceat(products[0].cpu().numpy(), firsts)
        return logits

    def _best(self, embedding: Embeddings) -> tuple[np.ndarray, np.ndarray]:
        """Columns and logits of the best tokens of all."""
        found = decode(embedding, self._head, KEPT_WITHOUT_WORDS)
        # Highest first, so that a column's first token is its best.
        columns, first = np.unique(self.columns.of[found.ids[0]], return_index=True)
        return columns.astype(np.int64), found.logits[0][first]


def saturated(logits: np.ndarray) -> np.ndarray:
    """``round(100 log(1 + relu(logit)))``, float32.

    >>> saturated(np.array([-3.0, 0.0, 0.002, 1.0, 20.0])).tolist()
    [0.0, 0.0, 0.0, 69.0, 304.0]
    """
    made: np.ndarray = np.rint(SCALE * np.log1p(np.maximum(logits, 0))).astype(np.float32)
    return made
