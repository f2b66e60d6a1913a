"""Halves that share nothing, and u_1 of the one against u_1 of the other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokalign.errors import TokalignError
from tokalign.spectrum import components, split_half_stability, split_halves


@given(st.integers(2, 60), st.integers(0, 1000))
def test_halves_are_all_texts_and_share_none(n, seed):
    fitted, scored = split_halves(n, seed)
    assert sorted([*fitted.tolist(), *scored.tolist()]) == list(range(n))
    assert 0 <= len(fitted) - len(scored) <= 1
    assert (np.diff(fitted) > 0).all()
    again = split_halves(n, seed)
    np.testing.assert_array_equal(fitted, again[0])


def test_the_seed_decides_and_one_text_is_no_two_halves():
    assert split_halves(40, 0)[0].tolist() != split_halves(40, 1)[0].tolist()
    with pytest.raises(TokalignError, match="1 texts cannot be split; at least 2"):
        split_halves(1)


def test_the_values_are_those_of_a_plain_loop():
    h = np.random.default_rng(0).normal(size=(21, 5)) + 0.3
    found = split_half_stability(h, repeats=4, seed=9)
    expected = []
    for drawn in np.random.SeedSequence(9).generate_state(4, np.uint64):
        one, other = split_halves(21, int(drawn))
        u, w = (np.linalg.svd(h[half])[2][0] for half in (one, other))
        expected.append(abs(u @ w))
    np.testing.assert_allclose(found.values, expected, atol=1e-9)
    assert found.frame()["cos"].tolist() == found.values.tolist()
    assert found.frame()["split"].tolist() == [1, 2, 3, 4]
    summary = found.summary
    assert summary["low"] <= summary["median"] <= summary["high"]


@given(st.integers(0, 1000), st.floats(0.01, 100))
def test_scale_sign_and_rotation_do_not_matter(seed, factor):
    random = np.random.default_rng(seed)
    h = random.normal(size=(20, 4)) * [3, 1, 1, 0.5] + 1
    found = split_half_stability(h, repeats=3, seed=seed).values
    turn = np.linalg.qr(random.normal(size=(4, 4)))[0]
    for other in (factor * h, -h, h @ turn):
        again = split_half_stability(other, repeats=3, seed=seed).values
        np.testing.assert_allclose(again, found, atol=1e-6)
    assert ((found >= 0) & (found <= 1)).all()


def test_a_common_direction_is_stable_and_noise_is_at_chance():
    random = np.random.default_rng(0)
    noise = random.normal(size=(200, 64))
    common = split_half_stability(noise + 10 * np.eye(64)[0])
    assert common.summary["low"] > 0.99
    nothing = split_half_stability(noise, repeats=40)
    drawn = random.normal(size=(2, 4000, 64))
    drawn /= np.linalg.norm(drawn, axis=2, keepdims=True)
    expected = np.abs((drawn[0] * drawn[1]).sum(axis=1)).mean()
    assert nothing.chance == pytest.approx(expected, rel=0.05)
    assert nothing.summary["median"] < 4 * nothing.chance
    assert components(noise).directions.shape == (64, 64)


@pytest.mark.parametrize(
    ("vectors", "repeats", "message"),
    [
        (np.ones((1, 3)), 5, "N at least 2"),
        (np.ones((4, 3)), 0, "0 splits; at least 1"),
        (np.array([[1.0, 0], [0, 0]]), 3, "all 0"),
        (np.full((4, 3), np.nan), 5, "not finite"),
    ],
)
def test_bad_input(vectors, repeats, message):
    with pytest.raises(TokalignError, match=message):
        split_half_stability(vectors, repeats)
