"""Intervals: a known formula, degenerate data, seeds, narrower with more texts, coverage."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokalign.measures.intervals import mean_interval, share_interval, subsampled_interval

Z = 1.959963984540054


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_wilson_by_its_formula(hits) -> None:
    n, p = len(hits), sum(hits) / len(hits)
    centre = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    reach = Z / (1 + Z * Z / n) * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    found = share_interval(np.array(hits))
    assert found.value == p
    assert found.low == pytest.approx(max(0.0, centre - reach), abs=1e-9)
    assert found.high == pytest.approx(min(1.0, centre + reach), abs=1e-9)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_bootstrap_holds_the_mean_and_repeats_by_seed() -> None:
    for values in (np.array([0.0, 1.0]), np.linspace(0, 1, 7), np.array([0.2, 0.2, 0.9])):
        found = mean_interval(values, seed=1)
        assert 0 <= found.low <= found.value <= found.high <= 1
        assert found == mean_interval(values, seed=1)
    values = np.random.default_rng(0).random(40)
    assert mean_interval(values, seed=1) != mean_interval(values, seed=2)


def test_bootstrap_of_equal_values_has_no_width() -> None:
    found = mean_interval(np.full(9, 0.25))
    assert (found.low, found.value, found.high) == (0.25, 0.25, 0.25)


def test_one_text_tells_nothing_of_the_spread() -> None:
    assert mean_interval(np.array([0.3])).low == 0.0
    assert mean_interval(np.array([0.3])).high == 1.0
    found = subsampled_interval(lambda half: 0.0, 0.3, 1)
    assert (found.low, found.value, found.high) == (0.0, 0.3, 1.0)


def test_more_texts_narrow_every_interval() -> None:
    generator = np.random.default_rng(0)
    widths = []
    for n in (30, 120, 480):
        values = generator.random(n)
        both = [
            mean_interval(values),
            share_interval(values < 0.4),
            subsampled_interval(lambda half, v=values: float(v[half].mean()), values.mean(), n),
        ]
        widths.append([one.high - one.low for one in both])
    assert all(wide > narrow for wide, narrow in zip(widths[0], widths[1], strict=True))
    assert all(wide > narrow for wide, narrow in zip(widths[1], widths[2], strict=True))


def test_half_samples_of_a_mean_have_the_width_of_the_textbook() -> None:
    """For a mean the delete-half jackknife estimates its standard error."""
    for n in (100, 101):
        values = np.random.default_rng(n).random(n)
        found = subsampled_interval(lambda half, v=values: float(v[half].mean()), values.mean(), n)
        textbook = 2 * Z * values.std(ddof=1) / sqrt(n)
        assert found.high - found.low == pytest.approx(textbook, rel=0.2)


def test_half_samples_draw_no_text_twice_and_repeat_by_seed() -> None:
    seen: list[np.ndarray] = []

    def statistic(half: np.ndarray) -> float:
        seen.append(half)
        return float(half.mean()) / 11

    first = subsampled_interval(statistic, 0.5, 11, seed=4)
    assert all(len(half) == 5 and len(set(half.tolist())) == 5 for half in seen)
    assert first == subsampled_interval(statistic, 0.5, 11, seed=4)
    assert first != subsampled_interval(statistic, 0.5, 11, seed=5)


def test_a_statistic_that_never_moves_has_no_width() -> None:
    found = subsampled_interval(lambda half: 0.7, 0.7, 20)
    assert (found.low, found.high) == (pytest.approx(0.7), pytest.approx(0.7))


def test_most_intervals_hold_the_truth() -> None:
    """Of 95 % intervals for a known mean, about 95 % hold it: far fewer would be a wrong width."""
    generator = np.random.default_rng(7)
    samples = [generator.random(40) for _ in range(40)]
    covered = np.array(
        [
            [
                one.low <= 0.5 <= one.high
                for one in (
                    mean_interval(values),
                    share_interval(values < 0.5),
                    subsampled_interval(
                        lambda half, v=values: float(v[half].mean()), float(values.mean()), 40
                    ),
                )
            ]
            for values in samples
        ]
    )
    assert (covered.mean(axis=0) > 0.85).all()
