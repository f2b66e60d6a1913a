"""Components and variation against a plain reimplementation, and what must not change them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tokalign.errors import TokalignError
from tokalign.spectrum import components, variation

#: Far enough apart for the directions to be defined.
NUMBERS = st.floats(-8, 8, width=32).map(lambda x: round(x, 3))


def pair(n: int, d: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    h = random.normal(size=(n, d)) * np.linspace(3, 0.5, d) + random.normal(size=d)
    return h, h @ random.normal(size=(d, d)) * 0.3 + random.normal(size=d)


def plain(h: np.ndarray, changed: np.ndarray) -> dict[str, object]:
    """By the eigenvectors of the Gram matrix, text by text: another way to the same numbers."""
    values, vectors = np.linalg.eigh(h.T @ h)
    order = np.argsort(values)[::-1][: min(h.shape)]
    v, energy = [], []
    for j in order:
        u = vectors[:, j]
        if np.mean([row @ u for row in h]) < 0:
            u = -u
        changes = [(b - a) @ u for a, b in zip(h, changed, strict=True)]
        v.append(np.mean(changes))
        energy.append(np.mean([c**2 for c in changes]))
    u1 = vectors[:, order[0]]
    mean, shift = h.mean(axis=0), (changed - h).mean(axis=0)
    return {
        "v": np.array(v),
        "energy": np.array(energy) / np.mean([np.sum((b - a) ** 2) for a, b in zip(h, changed)]),  # noqa: B905
        "share": v[0] ** 2 / (shift @ shift),
        "cos": abs(u1 @ mean) / np.sqrt(mean @ mean),
    }


@pytest.mark.parametrize(("n", "d"), [(40, 7), (5, 12), (1, 4), (30, 30)])
def test_the_numbers_are_those_of_a_plain_reimplementation(n, d):
    h, changed = pair(n, d, seed=n)
    found, expected = variation(h, changed), plain(h, changed)
    # Signs of directions on which the mean of h is all but 0 are anybody's guess.
    sure = np.abs(found.parts.directions @ found.parts.mean) > 1e-6
    np.testing.assert_allclose(found.v[sure], expected["v"][sure], atol=1e-5)
    np.testing.assert_allclose(np.abs(found.v), np.abs(expected["v"]), atol=1e-5)
    np.testing.assert_allclose(found.share_of_energy, expected["energy"], atol=1e-5)
    assert found.share_of_shift_on_pc1 == pytest.approx(expected["share"], abs=1e-5)
    assert found.parts.cos_mean == pytest.approx(expected["cos"], abs=1e-5)


@given(arrays(np.float64, (9, 4), elements=NUMBERS))
def test_directions_are_orthonormal_and_turned_to_the_mean(h):
    found = components(h)
    np.testing.assert_allclose(found.directions @ found.directions.T, np.eye(4), atol=1e-9)
    assert (found.directions @ found.mean >= -1e-12).all()
    assert (np.diff(found.singular_values) <= 1e-9).all()
    assert -1e-12 <= found.cos_mean <= 1 + 1e-9


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.permutations(range(20)))
def test_v_does_not_see_which_text_is_compared_with_which(seed, order):
    h, changed = pair(20, 5, seed)
    first = variation(h, changed)
    # The same order for both changes nothing at all; for one alone, the energy but never v.
    both = variation(h[list(order)], changed[list(order)])
    np.testing.assert_allclose(both.share_of_energy, first.share_of_energy, atol=1e-9)
    one = variation(h, changed[list(order)])
    for other in (both, one):
        np.testing.assert_allclose(other.v, first.v, atol=1e-9)


def test_shuffling_one_side_changes_the_energy():
    h, changed = pair(20, 5, seed=1)
    shuffled = variation(h, changed[::-1])
    assert np.abs(shuffled.share_of_energy - variation(h, changed).share_of_energy).max() > 1e-3


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.floats(0.1, 10))
def test_shares_sum_to_one_and_do_not_see_the_scale(seed, factor):
    h, changed = pair(12, 5, seed)
    found, scaled = variation(h, changed), variation(factor * h, factor * changed)
    assert found.share_of_energy.sum() == pytest.approx(1)
    np.testing.assert_allclose(scaled.v, factor * found.v, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(scaled.share_of_energy, found.share_of_energy, atol=1e-9)
    assert scaled.share_of_shift_on_pc1 == pytest.approx(found.share_of_shift_on_pc1)


def test_taking_the_mean_out_gives_minus_m1():
    """The null of the finding: no training is needed for it."""
    h, _ = pair(30, 6, seed=3)
    found = variation(h, h - h.mean(axis=0))
    assert found.v[0] == pytest.approx(-found.m1)
    assert found.share_of_shift_on_pc1 == pytest.approx(found.parts.cos_mean**2)


def test_the_frame_has_one_row_a_component():
    h, changed = pair(8, 5, seed=2)
    found = variation(h, changed)
    frame = found.frame()
    assert frame["component"].tolist() == [1, 2, 3, 4, 5]
    np.testing.assert_array_equal(frame["v"], found.v)


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        (np.ones((3, 2)), np.ones((3, 4)), r"shape \(3, 2\) and \(3, 4\) cannot be compared"),
        (np.ones((3, 2)), np.ones((2, 2)), r"shape \(3, 2\) and \(2, 2\)"),
        (np.ones((3, 2)), np.ones((3, 2)), "give the same vectors"),
        (np.full((3, 2), np.nan), np.ones((3, 2)), "not finite"),
        (np.ones((0, 2)), np.ones((0, 2)), "N at least 1"),
    ],
)
def test_what_cannot_be_compared(one, other, message):
    with pytest.raises(TokalignError, match=message):
        variation(one, other)


def test_equal_means_leave_the_share_open():
    h = np.array([[1.0, 2.0], [3.0, -1.0]])
    assert np.isnan(variation(h, h[::-1]).share_of_shift_on_pc1)
