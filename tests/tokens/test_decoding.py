from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tokalign.embedders import Embeddings, Space
from tokalign.errors import TokalignError
from tokalign.tokens import Head, decode

tiles = st.integers(1, 12)


def wrap(array):
    n, width = array.shape
    return Embeddings(array, Space("x", width), np.ones(n, "f"), np.zeros(n, bool))


def head_of(matrix, ids=None, **more):
    rows = torch.arange(len(matrix)) if ids is None else torch.from_numpy(ids)
    return Head("x", torch.from_numpy(matrix), rows, matrix.shape[1], **more)


@st.composite
def problems(draw):
    """Whole numbers, so that products are exact whatever the tiles, and ties are frequent."""
    n, rows, width = (draw(st.integers(1, most)) for most in (7, 23, 5))
    whole = st.integers(-3, 3).map(float)
    matrix = draw(hnp.arrays(np.float32, (rows, width), elements=whole))
    vectors = draw(hnp.arrays(np.float32, (n, width), elements=whole))
    return matrix, vectors, draw(st.integers(1, 30)), draw(tiles), draw(tiles)


@settings(deadline=None)
@given(problems())
def test_it_is_a_plain_sort_whatever_the_tiles(problem):
    matrix, vectors, k, texts, tokens = problem
    found = decode(wrap(vectors), head_of(matrix), k, texts_a_tile=texts, tokens_a_tile=tokens)
    products = vectors @ matrix.T
    k = min(k, len(matrix))
    assert found.ids.shape == (len(vectors), k)
    assert (found.ids.dtype, found.logits.dtype) == (np.int32, np.float32)
    # The logits are exactly those of a full sort; ids are any with these logits ...
    np.testing.assert_array_equal(found.logits, -np.sort(-products, axis=1)[:, :k])
    np.testing.assert_array_equal(np.take_along_axis(products, found.ids, 1), found.logits)
    for ids, logits in zip(found.ids, found.logits, strict=True):
        assert len(set(ids.tolist())) == k
        # ... and equal logits stand in the order of the ids.
        pairs = list(zip(-logits, ids, strict=True))
        assert pairs == sorted(pairs)


@settings(deadline=None)
@given(st.integers(1, 9), st.integers(1, 40), st.integers(1, 8), tiles, tiles, st.integers(0, 99))
def test_of_different_logits_the_ids_are_those_of_a_sort(n, rows, width, texts, tokens, seed):
    rng = np.random.default_rng(seed)
    matrix = rng.standard_normal((rows, width), dtype=np.float32)
    vectors = rng.standard_normal((n, width), dtype=np.float32)
    bias = rng.standard_normal(rows).astype(np.float32)
    ids = np.sort(rng.choice(500, rows, replace=False))  # a vocabulary with gaps
    head = head_of(matrix, ids, bias=torch.from_numpy(bias), soft_cap=5.0)
    found = decode(wrap(vectors), head, 6, texts_a_tile=texts, tokens_a_tile=tokens)
    logits = 5 * np.tanh((vectors @ matrix.T + bias) / 5)
    order = np.argsort(-logits, axis=1)[:, :6]
    np.testing.assert_array_equal(found.ids, ids[order])
    np.testing.assert_allclose(
        found.logits, np.take_along_axis(logits, order, 1), rtol=1e-4, atol=1e-5
    )


def test_ties_are_in_the_order_of_the_ids():
    matrix = np.ones((40, 2), np.float32)
    found = decode(wrap(np.ones((3, 2), np.float32)), head_of(matrix), 40, tokens_a_tile=7)
    assert found.ids.tolist() == [list(range(40))] * 3


@pytest.mark.parametrize("k", [0, -1])
def test_k_below_one_is_refused(k):
    with pytest.raises(TokalignError, match=f"k must be at least 1, not {k}"):
        decode(wrap(np.ones((1, 2), np.float32)), head_of(np.ones((3, 2), np.float32)), k)


def test_no_vector_gives_no_token():
    found = decode(wrap(np.ones((0, 2), np.float32)), head_of(np.ones((3, 2), np.float32)), 2)
    assert found.ids.shape == found.logits.shape == (0, 2)


def test_the_logits_never_exist_at_once():
    """No tensor that torch makes while decoding is as large as all logits, or near it."""
    n, rows, width, k = 300, 6000, 8, 10
    largest = 0

    class Watch(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            nonlocal largest
            made = function(*args, **(kwargs or {}))
            for part in made if isinstance(made, tuple) else (made,):
                if isinstance(part, torch.Tensor):
                    largest = max(largest, part.numel(), part.untyped_storage().nbytes() // 4)
            return made

    rng = np.random.default_rng(0)
    head = head_of(rng.standard_normal((rows, width), dtype=np.float32))
    vectors = wrap(rng.standard_normal((n, width), dtype=np.float32))
    with Watch():
        found = decode(vectors, head, k, texts_a_tile=64, tokens_a_tile=500)
    assert 64 * 500 <= largest <= rows * width  # the matrix itself is the largest of all
    assert largest < n * rows / 30
    assert np.array_equal(found.ids, decode(vectors, head, k).ids)
