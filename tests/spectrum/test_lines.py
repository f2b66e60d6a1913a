"""The lines that reach the top, against exact arithmetic."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokalign.errors import TokalignError
from tokalign.spectrum.lines import entering


def exact(intercepts, slopes, low, high, k):
    """By all crossings in fractions: between two of them the order stays as it is."""
    lines = [(Fraction(a), Fraction(c)) for a, c in zip(intercepts, slopes, strict=True)]
    marks = {Fraction(low), Fraction(high)}
    for (a, c), (b, e) in combinations(lines, 2):
        if c != e and low < (x := (b - a) / (c - e)) < high:
            marks.add(x)
    points = sorted(marks)
    points += [(p + q) / 2 for p, q in pairwise(points)]
    found = set()
    for x in points:
        values = [a + x * c for a, c in lines]
        least = sorted(values, reverse=True)[min(k, len(values)) - 1]
        found |= {i for i, value in enumerate(values) if value >= least}
    return sorted(found)


#: Whole numbers: many lines are the same, parallel, or meet in one point.
SMALL = st.integers(-5, 5).map(float)


@settings(max_examples=150)
@given(st.lists(st.tuples(SMALL, SMALL), min_size=1, max_size=14), st.integers(1, 6))
def test_it_is_exact_for_lines_that_meet_often(lines, k):
    intercepts, slopes = np.array(lines).T
    found = entering(intercepts, slopes, [-3, 2], k).tolist()
    assert found == exact(intercepts, slopes, -3, 2, k)


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 5))
def test_it_is_exact_for_lines_at_random(seed, k):
    random = np.random.default_rng(seed)
    intercepts, slopes = random.normal(size=(2, 25))
    found = entering(intercepts, slopes, np.linspace(-2, 2, 5), k).tolist()
    assert found == exact(intercepts, slopes, -2, 2, k)


def test_a_line_that_is_first_for_a_moment_is_found():
    # First between -1e-6 and 1e-6 only, which no grid would meet but by chance.
    intercepts, slopes = np.array([0.0, 0.0, 1e-6]), np.array([1.0, -1.0, 0.0])
    assert entering(intercepts, slopes, [-1.1, 1], 1).tolist() == [0, 1, 2]


@settings(max_examples=20)
@given(st.integers(0, 1000), st.integers(1, 12))
def test_no_line_is_missed_at_any_point_of_many(seed, k):
    """As many lines as a vocabulary has tokens; the slopes go with the intercepts, as they do."""
    random = np.random.default_rng(seed)
    slopes = random.standard_normal(5000)
    intercepts = 20 * slopes + 5 * random.standard_normal(5000)
    found = set(entering(intercepts, slopes, [-40, 5], k).tolist())
    for x in random.uniform(-40, 5, 50):
        values = intercepts + x * slopes
        assert set(np.argsort(-values)[:k].tolist()) <= found
    assert len(found) < 500


def test_many_lines_that_are_the_same_are_all_there_and_soon():
    intercepts = np.concatenate([np.full(300, 1.0), np.zeros(300)])
    found = entering(intercepts, np.zeros(600), [-1, 1], 10)
    assert found.tolist() == list(range(300))
    # All but the same, with crossings everywhere: more than needed may be there, but none lacks.
    near = 1 + 1e-9 * np.random.default_rng(0).standard_normal(40)
    slopes = 1e-9 * np.random.default_rng(1).standard_normal(40)
    assert set(exact(near, slopes, -1, 1, 4)) <= set(entering(near, slopes, [-1, 1], 4))


@given(st.integers(0, 1000), st.floats(0.01, 100))
def test_neither_scale_nor_a_common_line_changes_the_result(seed, factor):
    intercepts, slopes = np.random.default_rng(seed).normal(size=(2, 40))
    found = entering(intercepts, slopes, [-1, 1], 3).tolist()
    assert entering(factor * intercepts, factor * slopes, [-1, 1], 3).tolist() == found
    assert entering(intercepts + 2, slopes - 3, [-1, 1], 3).tolist() == found
    assert entering(intercepts, slopes / factor, [-factor, factor], 3).tolist() == found


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ((np.ones(3), np.ones(2), [0, 1], 1), r"\(3,\) and \(2,\)"),
        ((np.ones(0), np.ones(0), [0, 1], 1), r"\(0,\)"),
        ((np.ones(3), np.ones(3), [1, 1], 1), "two different ends"),
        ((np.ones(3), np.ones(3), [], 1), "two different ends"),
        ((np.ones(3), np.ones(3), [0, np.inf], 1), "two different ends"),
        ((np.ones(3), np.full(3, np.nan), [0, 1], 1), "not finite"),
        ((np.ones(3), np.ones(3), [0, 1], 0), "k must be at least 1, not 0"),
    ],
)
def test_bad_input(given_, message):
    with pytest.raises(TokalignError, match=message):
        entering(*given_)
