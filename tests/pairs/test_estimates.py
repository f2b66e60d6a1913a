"""Weighted statistics against repeated pairs, and the bootstrap against a plain loop."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from tokalign.errors import TokalignError
from tokalign.pairs.estimates import (
    Estimate,
    drawn_weights,
    estimate,
    mean_of,
    weighted_auc,
    weighted_mean,
    weighted_spearman,
)

SEEDS = st.integers(0, 10_000)
FEW = settings(max_examples=8)


def drawn(seed: int, n: int = 12) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores with ties, others that follow them, and whole weights."""
    random = np.random.default_rng(seed)
    scores = random.integers(0, 5, n).astype(float)
    other = scores + random.integers(0, 4, n)
    weights = random.integers(0, 4, (3, n)).astype(float)
    weights[:, :2] = 1
    scores[:2] = 0, 1
    other[:2] = 0, 3
    return scores, other, weights


@FEW
@given(SEEDS)
def test_weights_are_repetitions(seed: int) -> None:
    scores, other, weights = drawn(seed)
    for row, rank, mean in zip(
        weights,
        weighted_spearman(scores, other, weights),
        weighted_mean(scores, weights),
        strict=True,
    ):
        often = row.astype(int)
        a, b = np.repeat(scores, often), np.repeat(other, often)
        assert rank == pytest.approx(spearmanr(a, b).statistic)
        assert mean == pytest.approx(a.mean())


@FEW
@given(SEEDS)
def test_auc_is_that_of_the_curve(seed: int) -> None:
    scores, other, weights = drawn(seed)
    high, low, w, v = scores[:5], other[5:] - 1, weights[:, :5], weights[:, 5:] + 1
    labels = np.r_[np.ones(5), np.zeros(7)]
    for row, left, right in zip(weighted_auc(high, low, w, v), w, v, strict=True):
        there = np.r_[left, right]
        expected = roc_auc_score(labels, np.r_[high, low], sample_weight=there)
        assert row == pytest.approx(expected)
    np.testing.assert_allclose(weighted_auc(low, high, v, w), 1 - weighted_auc(high, low, w, v))


def test_what_has_no_value_is_nan() -> None:
    nothing = np.zeros((1, 2))
    assert np.isnan(weighted_mean(np.ones(2), nothing)).all()
    assert np.isnan(weighted_auc(np.ones(2), np.ones(2), nothing, np.ones((1, 2)))).all()
    assert np.isnan(weighted_spearman(np.ones(2), np.arange(2.0), np.ones((1, 2)))).all()


def test_groups_are_drawn_whole_and_as_often_as_chance_has_it() -> None:
    groups = np.array([7, 3, 7, 5, 3])
    weights = np.concatenate(list(drawn_weights(groups, 4)))
    assert weights.shape == (2000, 5)
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, 1] == weights[:, 4]).all()
    assert (weights[:, [0, 1, 3]].sum(axis=1) == 3).all()
    np.testing.assert_allclose(weights.mean(axis=0), 1, atol=0.06)


def test_the_bootstrap_is_the_plain_one() -> None:
    scores, other, _ = drawn(3, n=9)
    groups = np.array([0, 0, 1, 1, 1, 2, 3, 4, 5])
    found = estimate(lambda w: weighted_mean(scores - other, w), groups, 8)
    generator = np.random.default_rng(8)
    members = [np.flatnonzero(groups == group) for group in range(6)]
    plain = [
        (scores - other)[np.concatenate([members[g] for g in row])].mean()
        for row in generator.integers(0, 6, (2000, 6))
    ]
    np.testing.assert_allclose(found.draws, plain)
    assert found.value == pytest.approx((scores - other).mean())
    bounds = found.interval()
    assert (bounds.low, bounds.high) == pytest.approx(np.quantile(plain, [0.025, 0.975]))


@FEW
@given(SEEDS)
def test_arithmetic_is_draw_by_draw(seed: int) -> None:
    random = np.random.default_rng(seed)
    one, other = (Estimate(float(random.normal()), random.normal(size=4)) for _ in range(2))
    for found, expected in (
        (one - other, lambda a, b: a - b),
        (one + other, lambda a, b: a + b),
        (one / other, lambda a, b: a / b),
        (one * 3.0, lambda a, b: 3 * a),
        (mean_of([one, other]), lambda a, b: (a + b) / 2),
    ):
        assert found.value == pytest.approx(expected(one.value, other.value))
        np.testing.assert_allclose(found.draws, expected(one.draws, other.draws))
    same = (one - one).interval()
    assert (same.low, same.value, same.high) == (0, 0, 0)


def test_a_value_lies_within_its_interval_and_nan_draws_are_left_out() -> None:
    found = Estimate(5.0, np.array([1.0, np.nan, 2.0])).interval()
    assert found.low == pytest.approx(1.025)
    assert found.high == 5.0
    assert np.isnan(Estimate(1.0, np.array([np.nan])).interval().low)


def test_no_pairs_are_refused() -> None:
    with pytest.raises(TokalignError, match="no pairs"):
        estimate(lambda w: w[:, 0], np.array([], dtype=int))
