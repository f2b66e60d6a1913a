from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokalign.train.schedule import Schedule

PLAIN = Schedule(warmup=100, tokens=1000, decay=0.25)


@given(st.integers(0, 2000), st.integers(0, 500))
def test_factors_are_between_zero_and_one(tokens, step):
    assert 0 <= PLAIN.factor(tokens, 0.0, step) <= 1


def test_it_rises_stays_and_falls():
    factors = [PLAIN.factor(tokens, 0.0) for tokens in range(0, 1001, 10)]
    assert factors[:11] == sorted(factors[:11])
    assert set(factors[10:76]) == {1.0}
    assert factors[75:] == sorted(factors[75:], reverse=True)
    assert factors[-1] == 0


def test_the_step_to_come_counts_in_the_rise_alone():
    assert PLAIN.factor(0, 0.0, step=50) == 0.5
    assert PLAIN.factor(875, 0.0, step=50) == 0.5


def test_the_descent_begins_where_it_says():
    assert [PLAIN.descending(tokens, 0.0) for tokens in (749, 750, 751)] == [False, False, True]
    assert [PLAIN.finished(tokens, 0.0) for tokens in (999, 1000, 1001)] == [False, True, True]


def test_the_clock_ends_it_however_many_tokens_there_are():
    by_clock = Schedule(warmup=10, began=50.0, deadline=150.0)
    assert by_clock.factor(10**9, 60.0) == 1
    assert by_clock.factor(10**9, 137.5) == 0.5
    assert by_clock.finished(11, 150.0)
    assert not by_clock.finished(10**9, 149.0)


def test_without_rise_or_fall():
    flat = Schedule(warmup=0, tokens=10, decay=0)
    assert [flat.factor(tokens, 0.0) for tokens in (0, 9)] == [1, 1]


@pytest.mark.parametrize(
    "ends", [{}, {"tokens": 1, "began": 0.0, "deadline": 1.0}, {"deadline": 1.0}, {"began": 1.0},
             {"tokens": 0}, {"tokens": 5, "decay": 1.5}],
)  # fmt: skip
def test_a_schedule_has_one_end(ends):
    with pytest.raises(ValueError, match=r"schedule ends|decay must"):
        Schedule(warmup=0, **ends)
