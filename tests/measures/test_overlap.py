"""Properties of the three metrics over arbitrary ranks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokalign.measures import GAR, LAR, Hit, Literals, Metric, ranks

VOCABULARY = 15


@st.composite
def texts(draw: st.DrawFn) -> tuple[list[list[int]], list[list[int]]]:
    """Token ids of some texts, and a list of all the vocabulary for each."""
    ids = draw(
        st.lists(st.lists(st.integers(0, VOCABULARY - 1), min_size=1, max_size=6), min_size=1,
                 max_size=6)
    )  # fmt: skip
    return ids, [list(draw(st.permutations(range(VOCABULARY)))) for _ in ids]


def value(metric: Metric, ids: list[list[int]], lists: list[list[int]]) -> float:
    return metric.value(ranks(Literals.of_ids(ids), np.array(lists)))


@given(texts(), st.integers(1, VOCABULARY), st.randoms(use_true_random=False))
def test_the_order_of_texts_does_not_matter(case, k, random) -> None:
    ids, lists = case
    order = list(range(len(ids)))
    random.shuffle(order)
    for metric in (Hit(k), LAR(), GAR(), LAR(k), GAR(k)):
        other = value(metric, [ids[i] for i in order], [lists[i] for i in order])
        assert other == pytest.approx(value(metric, ids, lists), abs=1e-12)


@given(texts())
def test_a_higher_cap_never_lowers_a_rate(case) -> None:
    for kind in (LAR, GAR):
        rates = [value(kind(cap), *case) for cap in range(1, VOCABULARY + 1)]
        assert rates == sorted(rates)
        assert rates[-1] == value(kind(), *case)


@given(texts())
def test_hit_rises_with_k_to_one(case) -> None:
    shares = [value(Hit(k), *case) for k in range(1, VOCABULARY + 1)]
    assert shares == sorted(shares)
    # Every literal token stands somewhere in a list of the whole vocabulary.
    assert shares[-1] == 1.0


@given(texts(), st.integers(1, VOCABULARY), st.integers(0, 3))
def test_values_and_intervals_are_shares(case, k, seed) -> None:
    ids, lists = case
    found = ranks(Literals.of_ids(ids), np.array(lists))
    for metric in (Hit(k), GAR(), GAR(k)):
        interval = metric.interval(found, seed)
        assert 0 <= interval.low <= interval.value <= interval.high <= 1
        assert interval.value == metric.value(found)


def test_lists_that_hold_the_text_first_are_perfect() -> None:
    ids = [[3, 1], [2, 2, 5]]
    lists = [[1, 3, 0, 2, 4, 5], [5, 2, 0, 1, 3, 4]]
    assert [value(m, ids, lists) for m in (Hit(1), LAR(), GAR())] == [1.0, 1.0, 1.0]
    assert value(LAR(1), ids, lists) == 0.5
    assert value(GAR(1), ids, lists) == 0.5


def test_metrics_are_values() -> None:
    assert {Hit(10), Hit(10), LAR(), LAR(None)} == {Hit(10), LAR()}
    assert LAR(5) != GAR(5)
    assert [str(m) for m in (Hit(3), LAR(), GAR(10))] == ["Hit@3", "LAR", "GAR (cut off at 10)"]
