"""u_1 on its own against the whole decomposition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokalign.errors import TokalignError
from tokalign.spectrum import components, first_direction
from tokalign.spectrum.direction import finite_matrix, unit_direction


@pytest.mark.parametrize(("n", "d"), [(40, 7), (5, 12), (1, 4), (30, 30), (6, 1)])
@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_it_is_the_first_of_the_components(n, d, scale):
    random = np.random.default_rng(n)
    h = random.normal(size=(n, d)) * np.linspace(3, 0.5, d) + random.normal(size=d)
    np.testing.assert_allclose(first_direction(scale * h), components(h).directions[0], atol=1e-6)


@given(st.integers(0, 1000), st.permutations(range(9)))
def test_it_does_not_see_the_order_and_turns_with_the_vectors(seed, order):
    h = np.random.default_rng(seed).normal(size=(9, 3)) * [5, 1, 1] + [4, 0, 0]
    found = first_direction(h)
    assert np.linalg.norm(found) == pytest.approx(1)
    assert found @ h.mean(axis=0) > 0
    np.testing.assert_allclose(first_direction(h[list(order)]), found, atol=1e-9)
    np.testing.assert_allclose(first_direction(-h), -found, atol=1e-9)


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (np.zeros((3, 2)), "all 0"),
        (np.full((3, 2), np.inf), "not finite"),
        (np.ones((0, 2)), r"shape \(0, 2\); \(N, d\) with N at least 1"),
        (np.ones(3), r"shape \(3,\)"),
    ],
)
def test_what_has_no_first_direction(vectors, message):
    with pytest.raises(TokalignError, match=message):
        first_direction(vectors)


@pytest.mark.parametrize(
    ("direction", "message"),
    [
        (np.ones(3), r"shape \(3,\); \(2,\) is needed"),
        (np.ones(2), "length 1.41421; length 1 is needed"),
        (np.array([np.nan, 1]), "length nan"),
    ],
)
def test_what_is_no_direction(direction, message):
    with pytest.raises(TokalignError, match=message):
        unit_direction(direction, 2)


def test_the_least_number_of_vectors_is_said():
    with pytest.raises(TokalignError, match="N at least 2"):
        finite_matrix(np.ones((1, 3)), least=2)
