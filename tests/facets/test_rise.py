"""The difference in differences: a plain reimplementation, and what must not change it."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokalign.errors import TokalignError
from tokalign.facets.rise import centred, contrasts, own_is_highest, rise, spread_of_labels

seeds = st.integers(0, 2**32 - 1)


def drawn(seed: int, n: int = 7, labels: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    asked, control = (generator.standard_normal((w, n, labels)) for w in (4, 2))
    return asked, control, generator.integers(0, labels, n)


@given(seeds)
def test_it_is_what_its_definition_says(seed: int) -> None:
    asked, control, own = drawn(seed)
    n, labels = asked.shape[1:]

    def above(scores: np.ndarray, i: int) -> float:
        standing = [scores[i, j] - scores[:, j].mean() for j in range(labels)]
        others = [standing[j] for j in range(labels) if j != own[i]]
        return standing[own[i]] - sum(others) / len(others)

    expected = [
        [
            (above(wording, i) - np.mean([above(other, i) for other in control])) / 2.0
            for wording in asked
        ]
        for i in range(n)
    ]
    assert rise(asked, control, own, unit=2.0) == pytest.approx(np.array(expected))


@given(seeds)
def test_a_constant_for_each_label_or_each_text_changes_nothing(seed: int) -> None:
    asked, control, own = drawn(seed)
    generator = np.random.default_rng([seed, 1])
    before = rise(asked, control, own)
    by_label = generator.standard_normal((4, 1, 3))  # another one under each wording
    by_text = generator.standard_normal((4, 7, 1))
    assert rise(asked + by_label + by_text, control, own) == pytest.approx(before)
    vocabulary = generator.standard_normal((1, 1, 3))  # the same under all instructions
    both = rise(asked + vocabulary, control + vocabulary, own)
    assert both == pytest.approx(before)


@given(seeds)
def test_the_order_of_the_texts_does_not_matter(seed: int) -> None:
    asked, control, own = drawn(seed)
    order = np.random.default_rng(seed).permutation(len(own))
    again = rise(asked[:, order], control[:, order], own[order])
    assert again == pytest.approx(rise(asked, control, own)[order])


def test_with_labels_dealt_out_at_random_nothing_rises() -> None:
    asked, control, _ = drawn(1, n=6)
    own = np.arange(6) % 3
    asked[:, np.arange(6), own] += 5  # a real effect
    assert rise(asked, control, own).mean() > 3
    every = [rise(asked, control, np.array(some)).mean() for some in permutations(own)]
    assert np.mean(every) == pytest.approx(0, abs=1e-12)
    assert np.std(every) > 0.1


def test_where_all_texts_have_one_label_there_is_no_telling() -> None:
    asked, control, _ = drawn(2)
    asked[..., 0] += 5
    assert rise(asked, control, np.zeros(7, int)).mean(axis=0) == pytest.approx(np.zeros(4))


def test_what_lifts_all_labels_alike_is_no_rise_and_what_lifts_the_own_is() -> None:
    control = np.random.default_rng(0).standard_normal((1, 12, 3))
    own = np.arange(12) % 3
    assert rise(control + 4, control, own) == pytest.approx(np.zeros((12, 1)))
    lifted = control.copy()
    lifted[:, np.arange(12), own] += 4
    # The own label gains 4 less its mean gain of 4 / 3; the others lose 4 / 3 each.
    assert rise(lifted, control, own) == pytest.approx(np.full((12, 1), 4.0))
    assert rise(control, lifted, own) == pytest.approx(np.full((12, 1), -4.0))


def test_the_highest_of_the_labels() -> None:
    scores = np.array([[3.0, 1.0, 1.0], [1.0, 3.0, 1.0], [2.0, 2.0, 2.0]])
    own = np.array([0, 0, 1])
    assert own_is_highest(scores, own).tolist() == pytest.approx([1, 0, 1 / 3])
    generator = np.random.default_rng(0)
    noise = own_is_highest(generator.standard_normal((20_000, 4)), generator.integers(0, 4, 20_000))
    assert noise.mean() == pytest.approx(1 / 4, abs=0.02)


def test_the_unit() -> None:
    tables = [np.random.default_rng(i).standard_normal((5, 4)) for i in range(3)]
    assert spread_of_labels(tables) == pytest.approx(
        np.mean([row.var() for table in tables for row in table]) ** 0.5
    )
    assert spread_of_labels([7 * table for table in tables]) == pytest.approx(
        7 * spread_of_labels(tables)
    )
    with pytest.raises(TokalignError, match="same score"):
        spread_of_labels([np.ones((3, 2))])


@pytest.mark.parametrize(
    ("shape", "own"), [((3, 1), [0, 0, 0]), ((3, 2), [0, 1, 2]), ((3, 2), [0, 1, -1])]
)
def test_a_label_that_is_not_there_is_refused(shape: tuple[int, int], own: list[int]) -> None:
    with pytest.raises(TokalignError, match="two or more labels"):
        contrasts(centred(np.zeros(shape)), np.array(own))
