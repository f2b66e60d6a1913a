"""Trying settings together gives what each gives alone; the cheapest near the best is chosen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from tokalign.embedders import Embedder
from tokalign.errors import TokalignError
from tokalign.retrieval import evaluate
from tokalign.retrieval.collection import embedded
from tokalign.retrieval.searching import sparse_collection, sparse_search
from tokalign.retrieval.sparse import SparseSettings
from tokalign.retrieval.tuning import Ground, choose, factorial, strongest, trials
from tokalign.tokens import load_head


def test_together_is_as_alone(embedder: Embedder, collection: Any) -> None:
    data, head = collection(), load_head(embedder)
    ground = Ground("x", data, embedded(embedder, data), head, embedder.tokenizer)
    many = factorial({"k": [2, 5], "expand": [0, 3], "saturation": ["none", "log"],
                      "bits": [8, 32], "centre": [False, True], "merge": ["none", "stem"],
                      "idf": [True]})  # fmt: skip
    found = list(trials(ground, many))
    assert sorted(t.settings.label for t in found) == sorted(s.label for s in many)
    for trial in found:
        made = sparse_collection(ground.collection, head, embedder.tokenizer, trial.settings)
        alone = evaluate(sparse_search(made, "x"), data, ["nDCG@10"])
        np.testing.assert_allclose(trial.values, alone.values(), atol=1e-6)
        assert trial.weights == made.documents.matrix.nnz / len(made.documents)
    assert ground.dense().shape == (len(data.query_ids),)


@given(st.integers(0, 999), st.integers(1, 9))
def test_the_strongest_are_those_of_a_sort(seed: int, k: int) -> None:
    random = np.random.default_rng(seed)
    matrix = random.integers(0, 4, (5, 8)).astype("f")
    given_ = sp.csr_array(matrix)
    made = strongest(given_, k)
    assert made.has_canonical_format
    for row, out in zip(matrix, made.toarray(), strict=True):
        best = sorted(np.flatnonzero(row), key=lambda c: (-row[c], c))[:k]
        np.testing.assert_array_equal(np.flatnonzero(out), sorted(best))
        np.testing.assert_array_equal(out[best], row[best])


def table(*rows: tuple[int, float, float, str]) -> pd.DataFrame:
    return pd.DataFrame(
        [{**SparseSettings(k=k).model_dump(), "value": share, "postings": cost, "ground": ground}
         for k, share, cost, ground in rows]
    )  # fmt: skip


def test_the_cheapest_that_is_near_the_best_is_chosen() -> None:
    rows = [(10, 0.80, 1.0, "a"), (10, 0.70, 1.0, "b"), (20, 0.90, 2.0, "a"), (20, 0.88, 3.0, "b"),
            (30, 0.90, 9.0, "a"), (30, 0.89, 9.0, "b")]  # fmt: skip
    assert choose(table(*rows)) == SparseSettings(k=20)
    assert choose(table(*rows), within=0.0) == SparseSettings(k=30)
    assert choose(table(*rows), within=0.5) == SparseSettings(k=10)
    with pytest.raises(TokalignError, match="different grounds"):
        choose(table(*rows[:5]))
