from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokalign.datasets import TextSet, sample_indices
from tokalign.errors import TokalignError

sizes = st.integers(0, 200)
limits = st.integers(1, 250)
seeds = st.integers(-5, 2**40)


@given(sizes, limits, limits, seeds)
def test_samples_nest_and_keep_the_order(n: int, a: int, b: int, seed: int) -> None:
    small, large = sample_indices(n, min(a, b), seed), sample_indices(n, max(a, b), seed)
    assert set(small) <= set(large) <= set(range(n))
    assert small == sorted(set(small))
    assert len(small) == min(n, a, b)


def test_sample_is_the_same_on_every_machine() -> None:
    assert sample_indices(1000, 5, seed=0) == [405, 856, 897, 904, 913]


def test_seeds_differ() -> None:
    assert len({tuple(sample_indices(100, 10, seed)) for seed in range(20)}) == 20


def test_every_position_is_drawn_about_equally_often() -> None:
    counts = [0] * 20
    for seed in range(2000):
        for i in sample_indices(20, 5, seed):
            counts[i] += 1
    # 2000 * 5 / 20 = 500 expected, standard deviation 19: six of them either side.
    assert min(counts) > 380
    assert max(counts) < 620


@pytest.mark.parametrize("limit", [0, -1])
def test_limit_below_one_is_refused(limit: int) -> None:
    with pytest.raises(TokalignError, match=rf"at least 1, not {limit}"):
        sample_indices(3, limit)


def test_labels_stay_with_their_texts() -> None:
    texts = tuple(f"t{i}" for i in range(30))
    labels = tuple(f"l{i}" for i in range(30))
    taken = TextSet("x", texts, labels, "s", "h", "l").sample(7, seed=3)
    assert taken.labels is not None
    assert [t[1:] for t in taken.texts] == [label[1:] for label in taken.labels]
    assert taken.sha256 == "h"


def test_labels_of_another_length_are_a_bug() -> None:
    with pytest.raises(ValueError, match="1 labels for 2 texts"):
        TextSet("x", ("a", "b"), ("l",), "s", "h", "l")
