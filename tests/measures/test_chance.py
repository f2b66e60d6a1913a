"""Derangements."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tokalign.measures import derangements


@given(st.integers(2, 40), st.integers(0, 2**32))
def test_no_element_keeps_its_place(n, seed) -> None:
    for drawn in derangements(n, 5, seed):
        assert sorted(drawn.tolist()) == list(range(n))
        assert not (drawn == np.arange(n)).any()


def test_twenty_by_default_the_same_for_the_same_seed() -> None:
    first, same, other = (np.array(derangements(9, seed=s)) for s in (1, 1, 2))
    assert first.shape == (20, 9)
    assert (first == same).all()
    assert (first != other).any()


def test_none_for_fewer_than_two() -> None:
    assert derangements(0) == []
    assert derangements(1) == []


def test_all_derangements_of_four_are_about_as_likely() -> None:
    count = Counter(tuple(d.tolist()) for d in derangements(4, 1800))
    assert len(count) == 9
    assert min(count.values()) > 140
    assert max(count.values()) < 260
