from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tokalign.embedders.encoding.pooling import pool
from tokalign.embedders.recipes.recipe import Pooling
from tokalign.errors import TokalignError


@st.composite
def padded_states(draw):
    """States with NaN in the padding; which tokens are real, and which of those count."""
    n, length, width = draw(st.integers(1, 4)), draw(st.integers(1, 7)), draw(st.integers(1, 3))
    values = st.floats(-100, 100, width=32)
    states = draw(hnp.arrays(np.float32, (n, length, width), elements=values))
    mask = np.zeros((n, length), bool)
    pooled = np.zeros((n, length), bool)
    for row in range(n):
        first, last = sorted(draw(st.tuples(st.integers(0, length - 1), st.integers(1, length))))
        last = max(last, first + 1)
        mask[row, first:last] = True
        start = draw(st.integers(first, last - 1))
        pooled[row, start : draw(st.integers(start + 1, last))] = True
    states[~mask] = np.nan
    return states, mask, pooled


def plain_loop(states, mask, pooled, how):
    """The definition, one text at a time."""
    vectors = []
    for state, real, counts in zip(states.astype(np.float64), mask, pooled, strict=True):
        places = [i for i, count in enumerate(counts) if count]
        nth = {i: n for n, i in enumerate([i for i, r in enumerate(real) if r], 1)}
        weights = {
            "mean": dict.fromkeys(places, 1.0),
            "weighted_mean": {i: float(nth[i]) for i in places},
            "last": {places[-1]: 1.0},
            "cls": {places[0]: 1.0},
        }[how]
        vectors.append(sum(w * state[i] for i, w in weights.items()) / sum(weights.values()))
    return np.stack(vectors)


@pytest.mark.parametrize("how", get_args(Pooling))
@given(case=padded_states())
def test_pooling_is_the_plain_loop_and_padding_cannot_leak(how, case):
    tensors = [torch.from_numpy(part) for part in case]
    found = pool(*tensors, how).numpy()
    np.testing.assert_allclose(found, plain_loop(*case, how), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("how", get_args(Pooling))
def test_low_precision_is_pooled_in_float32(how):
    states = torch.randn(2, 300, 8, generator=torch.Generator().manual_seed(0)).bfloat16()
    mask = torch.ones(2, 300, dtype=torch.bool)
    found = pool(states, mask, mask, how)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, pool(states.float(), mask, mask, how), rtol=0, atol=0)


def test_weights_of_a_weighted_mean_count_the_tokens_that_are_left_out():
    states, mask = torch.tensor([[[9.0], [1.0], [2.0]]]), torch.ones(1, 3, dtype=torch.bool)
    found = pool(states, mask, torch.tensor([[False, True, True]]), "weighted_mean")
    assert found.item() == pytest.approx((2 * 1 + 3 * 2) / 5)


def test_an_unknown_pooling_is_refused_with_the_known_ones():
    mask = torch.ones(1, 1, dtype=torch.bool)
    with pytest.raises(TokalignError, match=r"unknown pooling 'max'.*cls, last, mean"):
        pool(torch.ones(1, 1, 1), mask, mask, "max")


def test_a_text_without_a_token_that_counts_is_refused():
    mask = torch.ones(1, 2, dtype=torch.bool)
    with pytest.raises(ValueError, match="no token to pool"):
        pool(torch.ones(1, 2, 1), mask, ~mask, "mean")
