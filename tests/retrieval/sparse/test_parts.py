"""Settings, columns, weights: the parts that sparse vectors are made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tokalign.errors import TokalignError
from tokalign.retrieval.sparse import (
    PUBLISHED,
    SparseSettings,
    columns_of,
    frozen_settings,
    sparse_vectors,
)
from tokalign.retrieval.sparse.rounding import STEPS, rounded
from tokalign.retrieval.sparse.weighting import (
    document_frequency,
    inverse_document_frequency,
    weighted_queries,
)

weights = hnp.arrays(
    np.float32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=8),
    elements=st.floats(0, 1000, width=32).map(lambda x: x if x > 1e-3 else 0.0),
)  # fmt: skip


def test_settings_say_what_differs_from_the_published_recipe() -> None:
    assert PUBLISHED.label == "K 1000, M 100"
    assert SparseSettings(idf=True, merge="stem", bits=8).label == (
        "K 1000, M 100, idf, merge stem, bits 8"
    )


@pytest.mark.parametrize(
    ("choices", "said"),
    [({"k": 0}, "k: .*greater"), ({"expand": -1}, "expand"), ({"bits": 4}, "bits.*8 or 32"),
     ({"merge": "all"}, "merge.*'none', 'case' or 'stem'"), ({"depth": 3}, "depth.*not permitted"),
     ({"k": 1.5}, "k: .*integer")],
)  # fmt: skip
def test_a_wrong_choice_is_named(choices: dict[str, Any], said: str) -> None:
    with pytest.raises(TokalignError, match=said):
        PUBLISHED.changed(**choices)


def test_frozen_settings_are_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    with pytest.raises(TokalignError, match="cannot be read"):
        frozen_settings(file)
    file.write_text('{"settings": {"k": 64, "idf": true}}')
    assert frozen_settings(file) == SparseSettings(k=64, idf=True)
    for wrong, said in (
        ("{}", 'no "settings"'),
        ('{"settings": {"k": "64"}}', "k: "),
        ("[", "read"),
    ):
        file.write_text(wrong)
        with pytest.raises(TokalignError, match=said):
            frozen_settings(file)


@pytest.mark.parametrize(
    ("merge", "same"),
    [("none", [[i] for i in range(10)]),
     ("case", [[0], [1, 2, 3], [4], [5, 6], [7], [8], [9]]),
     ("stem", [[0], [1, 2, 3, 4], [5, 6], [7], [8], [9]])],
)  # fmt: skip
def test_tokens_of_one_spelling_share_a_column(tokenizer: Any, merge: Any, same: list[int]) -> None:
    made = columns_of(tokenizer, np.arange(10), merge)
    assert [np.flatnonzero(made.of == c).tolist() for c in range(len(made))] == same


def test_ids_that_the_head_lacks_have_no_column(tokenizer: Any) -> None:
    made = columns_of(tokenizer, np.array([5, 1]), "none")
    assert made.of.tolist() == [-1, 0, -1, -1, -1, 1]
    assert made.names == (" game", " the")
    with pytest.raises(TokalignError, match="unknown merge 'cased': did you mean case"):
        columns_of(tokenizer, np.arange(2), "cased")  # type: ignore[arg-type]


@given(weights)
def test_rounding_keeps_every_weight_and_adds_less_than_a_step(matrix: np.ndarray) -> None:
    given_ = sp.csr_array(matrix)
    given_.eliminate_zeros()
    steps, length = rounded(given_)
    assert steps.dtype == np.uint8
    np.testing.assert_array_equal(steps.toarray() > 0, matrix > 0)
    added = steps.toarray() * length - matrix
    assert added.max(initial=0) <= length * (1 + 1e-6)
    assert added.min(initial=0) >= -1e-6 * max(matrix.max(initial=0), 1)
    if given_.nnz:
        assert steps.data.max() == STEPS
    # A higher weight never gets fewer steps.
    order = np.argsort(given_.data)
    assert (np.diff(steps.data[order].astype(int)) >= 0).all()


def test_rare_columns_weigh_more() -> None:
    documents = sp.csr_array(np.array([[1.0, 2.0, 0], [3, 0, 0]], dtype=np.float32))
    assert document_frequency(documents).tolist() == [2, 1, 0]
    idf = inverse_document_frequency(np.array([2, 1, 0]), 2)
    np.testing.assert_allclose(idf, np.log(1 + np.array([0.5 / 2.5, 1.5 / 1.5, 2.5 / 0.5])), 1e-6)
    queries = sp.csr_array(np.array([[1.0, 0.5, 1.0]], dtype=np.float32))
    weighed = weighted_queries(queries, np.array([2, 1, 0]), 2, SparseSettings(idf=True))
    np.testing.assert_allclose(weighed.toarray()[0], idf * [1, 0.5, 1], rtol=1e-6)
    assert weighted_queries(queries, np.array([2, 1, 0]), 2, PUBLISHED) is queries


@given(hnp.arrays(np.float32, (3, 4), elements=st.floats(-5, 5, width=32)))
def test_sparse_vectors_hold_what_is_above_zero(matrix: np.ndarray) -> None:
    made = sparse_vectors(["a", "b", "c"], matrix)
    np.testing.assert_array_equal(made.matrix.toarray(), np.maximum(matrix, 0))
    assert made.matrix.nnz == (matrix > 0).sum()


def test_spoilt_sparse_vectors_are_refused() -> None:
    with pytest.raises(TokalignError, match="not finite"):
        sparse_vectors(["a"], np.array([[np.nan]]))
    with pytest.raises(TokalignError, match="occurs twice"):
        sparse_vectors(["a", "a"], np.eye(2))
    with pytest.raises(ValueError, match="1 identifiers"):
        sparse_vectors(["a"], np.eye(2))
