"""Sparse vectors for engines: drawn ones, and those of real texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import scipy.sparse as sp

from tokalign.datasets import load_texts
from tokalign.embedders import load_embedder
from tokalign.retrieval.sparse import SparseEncoder, SparseSettings, SparseVectors, sparse_vectors
from tokalign.tokens import load_head

Plain = Callable[..., list[dict[str, float]]]


@dataclass(frozen=True)
class Case:
    """Documents and queries over the same columns."""

    documents: SparseVectors
    queries: sp.csr_array


@pytest.fixture(scope="session")
def drawn() -> Callable[..., Case]:
    """Whole-numbered weights, so that many scores are equal; one document in ten is empty."""

    def make(n: int = 300, columns: int = 40, queries: int = 12, seed: int = 0) -> Case:
        generator = np.random.default_rng(seed)
        dense = generator.integers(1, 5, (n, columns)) * (generator.random((n, columns)) < 0.2)
        dense[::10] = 0
        asked = generator.integers(0, 3, (queries, columns)) * (
            generator.random((queries, columns)) < 0.3
        )
        asked[0] = 0
        ids = [f"d{i}" for i in generator.permutation(n)]
        return Case(sparse_vectors(ids, dense.astype("f")), sp.csr_array(asked.astype("f")))

    return make


@pytest.fixture(scope="session")
def plain() -> Plain:
    """A dense reimplementation: every document scored, sorted by score and identifier."""

    def rank(case: Case, top: int) -> list[dict[str, float]]:
        scores = (case.queries.toarray().astype("d") @ case.documents.matrix.toarray().T).astype(
            "f"
        )
        return [
            dict(sorted(zip(case.documents.ids, map(float, row), strict=True),
                        key=lambda hit: (-hit[1], hit[0]))[: min(top, int((row > 0).sum()))])
            for row in scores
        ]  # fmt: skip

    return rank


@pytest.fixture(scope="session")
def real() -> Case:
    """Aligned tokens of some of the project's sentences; each is a query as well."""
    embedder = load_embedder("all-minilm-l6-v2")
    texts = list(load_texts("sentences", limit=200).texts)
    made = embedder.encode(texts)
    encoder = SparseEncoder(
        load_head(embedder), embedder.tokenizer, SparseSettings(k=64, expand=30, merge="stem")
    )
    ids = tuple(f"s{i}" for i in range(len(texts)))
    return Case(SparseVectors(ids, encoder.documents(made)), encoder.queries(made, texts))
