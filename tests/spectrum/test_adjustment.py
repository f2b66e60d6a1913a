"""h + lambda u_1: linear in lambda, and no token is missed between the points of a grid."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tokalign.errors import TokalignError
from tokalign.spectrum import adjusted, adjustments, constant_shift, missed, top_over_range
from tokalign.spectrum.reading import replaced
from tokalign.tokens import decode

LAMBDAS = st.floats(-60, 60, width=32)


def all_logits(h, head):
    """Logits in the order of the rows, by the function that decodes."""
    found = decode(h, head, len(head))
    return np.take_along_axis(found.logits, np.argsort(found.ids, axis=1), axis=1)


@settings(max_examples=40)
@given(st.integers(0, 1000), LAMBDAS, st.sampled_from([0.25, 1.0, -2.0]))
def test_every_text_gets_the_same_constant_times_lambda(head, wrap, unit, seed, lam, scale):
    h = wrap(np.random.default_rng(seed).normal(size=(4, 6)))
    some, u1 = head(seed=seed, scale=scale), unit(seed=seed)
    moved = all_logits(adjusted(h, u1, lam), some) - all_logits(h, some)
    shift = constant_shift(some, u1)
    np.testing.assert_allclose(shift, scale * some.matrix.double().numpy() @ u1, atol=1e-12)
    np.testing.assert_allclose(moved, np.tile(lam * shift, (4, 1)), atol=2e-5 * (1 + abs(lam)))


@given(st.integers(0, 1000), LAMBDAS, LAMBDAS)
def test_steps_add_up(wrap, unit, seed, one, other):
    h, u1 = wrap(np.random.default_rng(seed).normal(size=(4, 6))), unit(seed=seed)
    twice = adjusted(adjusted(h, u1, one), u1, other).vectors
    np.testing.assert_allclose(twice, adjusted(h, u1, one + other).vectors, atol=1e-4)


def test_space_stays_and_lengths_follow(wrap, unit):
    h = wrap([[3, 4, 0, 0, 0, 0]])
    moved = adjusted(h, np.eye(6)[0], -3)
    assert moved.space == h.space
    assert (moved.norms.dtype, moved.norms.tolist()) == (np.float32, [4.0])
    assert moved.truncated is h.truncated
    # Of vectors of length 1 the old length is kept: it brings them back to the old scale.
    short = replace(wrap([[0.6, 0.8, 0, 0, 0, 0]], normalised=True), norms=np.array([5], "f"))
    back = adjusted(short, np.eye(6)[0], -0.6).unnormalised()
    np.testing.assert_allclose(back.vectors, adjusted(h, np.eye(6)[0], -3).vectors, atol=1e-6)


def test_many_lambdas_in_turn(wrap, unit):
    h = wrap(np.ones((2, 6)))
    found = list(adjustments(h, unit(), [-1, 0.5]))
    assert [lam for lam, _ in found] == [-1.0, 0.5]
    np.testing.assert_array_equal(found[1][1].vectors, adjusted(h, unit(), 0.5).vectors)


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 12), st.lists(LAMBDAS, min_size=1, max_size=20))
def test_the_top_at_any_lambda_is_among_the_lines(head, wrap, unit, seed, k, lambdas):
    u1 = unit(width=8, seed=seed)
    some = head(rows=300, width=8, seed=seed)
    h = wrap(20 * u1[None] + np.random.default_rng(seed).normal(size=(1, 8)))
    found = top_over_range(some, h, u1, np.linspace(-60, 60, 7), k)
    assert (np.diff(found.ids) > 0).all()
    for lam in lambdas:
        assert missed(found, some, h, u1, lam) == []
        direct = decode(adjusted(h, u1, lam), some, k)
        # Linear, so the lines give the very logits.
        np.testing.assert_allclose(found.top(lam).logits, direct.logits, atol=1e-4)
        if np.diff(decode(adjusted(h, u1, lam), some, k + 1).logits).max() < -1e-3:
            np.testing.assert_array_equal(found.top(lam).ids, direct.ids)


def test_a_line_that_a_grid_would_miss_is_there_and_its_lack_is_seen(wrap):
    from tokalign.tokens import Head

    matrix = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]])
    some = Head("x", matrix, torch.tensor([5, 6, 9]), 2)
    h, u1 = wrap([[0.0, 0.01]]), np.array([1.0, 0.0])
    grid = [-1.0, -0.5, 0.5, 1.0]
    tops = {int(decode(adjusted(h, u1, lam), some, 1).ids[0, 0]) for lam in grid}
    found = top_over_range(some, h, u1, grid, 1)
    assert (tops, found.ids.tolist()) == ({5, 6}, [5, 6, 9])
    keep = [0, 1]
    poorer = replace(found, ids=found.ids[keep], intercepts=found.intercepts[keep],
                     slopes=found.slopes[keep])  # fmt: skip
    assert missed(poorer, some, h, u1, 0.001) == [9]
    assert missed(poorer, some, h, u1, 0.5) == []


def test_what_a_range_is_asked_wrongly(head, wrap, unit):
    one = wrap(np.ones((1, 6)))
    with pytest.raises(TokalignError, match="2 texts; the lines of one text"):
        top_over_range(head(), wrap(np.ones((2, 6))), unit(), [0, 1])
    with pytest.raises(TokalignError, match="two different ends"):
        top_over_range(head(), one, unit(), [3])
    with pytest.raises(TokalignError, match="k must be at least 1"):
        top_over_range(head(), one, unit(), [0, 1], 0)
    with pytest.raises(TokalignError, match="not linear: it has a bias"):
        top_over_range(head(bias=torch.ones(30)), one, unit(), [0, 1])
    with pytest.raises(TokalignError, match="not linear: it has a soft cap"):
        constant_shift(head(soft_cap=3.0), unit())
    with pytest.raises(TokalignError, match=r"shape \(5,\); \(6,\) is needed"):
        constant_shift(head(), unit(5))
    with pytest.raises(TokalignError, match="lambda 2; allowed: 0 to 1"):
        top_over_range(head(), one, unit(), [0, 1]).top(2)


def test_what_cannot_be_adjusted(wrap, unit):
    with pytest.raises(TokalignError, match="lambda nan; a finite number"):
        adjusted(wrap(np.ones((1, 6))), unit(), float("nan"))
    with pytest.raises(TokalignError, match="length 2"):
        adjusted(wrap(np.ones((1, 6))), 2 * unit(), 1)
    with pytest.raises(TokalignError, match="the same shape is needed"):
        replaced(wrap(np.ones((1, 6))), np.ones((2, 6)))


def test_a_k_above_the_vocabulary_gives_all(head, wrap, unit):
    found = top_over_range(head(rows=4), wrap(np.ones((1, 6))), unit(), [0, 1], 10)
    assert (len(found.ids), found.k) == (4, 4)
    assert found.top(0.5).ids.shape == (1, 4)
