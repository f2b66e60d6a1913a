"""Intervals over texts and wordings: their parts, and how often they hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import t as student

from tokalign.errors import TokalignError
from tokalign.facets.intervals import (
    crossed_interval,
    resample_counts,
    variance_parts,
    weighted_means,
)

TABLES = hnp.arrays(
    np.float64, st.tuples(st.integers(2, 9), st.integers(2, 5)), elements=st.floats(-3, 3)
)


def test_a_resample_repeats_texts() -> None:
    counts = resample_counts(6, resamples=50, seed=1)
    assert counts.shape == (51, 6)
    assert (counts.sum(axis=1) == 6).all()
    assert (counts[0] == 1).all()
    assert (counts[1:] == 0).any()
    values = np.random.default_rng(0).random((6, 3))
    found = weighted_means(values, counts)
    for row, drawn in zip(found, counts.astype(int), strict=True):
        assert row == pytest.approx(np.repeat(values, drawn, axis=0).mean(axis=0))


@given(TABLES, st.integers(0, 3))
def test_the_other_way_round_the_sign_changes(values: np.ndarray, seed: int) -> None:
    counts = resample_counts(len(values), resamples=30, seed=seed)
    asked, control = (weighted_means(table, counts) for table in (values, values[:, :1] ** 2))
    one = crossed_interval(asked, control, n=len(values))
    back = crossed_interval(control, asked, n=len(values))
    assert one.low <= one.value <= one.high
    assert (back.low, back.value, back.high) == pytest.approx((-one.high, -one.value, -one.low))
    assert (back.texts_error, back.wordings_error) == (one.texts_error, one.wordings_error)
    itself = crossed_interval(asked, asked, n=len(values))
    assert itself.value == 0
    assert itself.texts_error == 0


def test_the_parts_are_the_plain_standard_errors() -> None:
    generator = np.random.default_rng(2)
    values = generator.random((60, 1)) + generator.random((1, 4))
    counts = resample_counts(60, resamples=4000, seed=0)
    found = crossed_interval(weighted_means(values, counts), n=60)
    assert found.value == pytest.approx(values.mean())
    assert found.texts_error == pytest.approx(values.mean(axis=1).std() / 60**0.5, rel=0.05)
    assert found.wordings_error == pytest.approx(values.mean(axis=0).std(ddof=1) / 2)


def test_with_the_wordings_alone_the_bounds_are_students() -> None:
    wordings = np.array([1.0, 2.0, 4.0])
    found = crossed_interval(np.tile(wordings, (30, 1)), n=50)
    reach = student.ppf(0.975, 2) * wordings.std(ddof=1) / 3**0.5
    assert found.high - found.value == pytest.approx(reach)
    assert crossed_interval(np.full((30, 1), 0.5), n=50).high == 0.5


def test_a_single_text_tells_nothing() -> None:
    found = crossed_interval(np.array([[0.5], [0.5], [0.5]]), n=1)
    assert (found.low, found.high) == (-np.inf, np.inf)


def test_tables_that_do_not_fit_are_refused() -> None:
    with pytest.raises(TokalignError, match="resamples"):
        crossed_interval(np.ones((3, 2)), np.ones((4, 2)), n=2)
    with pytest.raises(TokalignError, match="two texts"):
        variance_parts(np.ones((4, 1)))


@pytest.mark.parametrize(("texts", "wordings"), [(1.0, 0.1), (0.3, 0.5), (0.0, 0.5)])
def test_most_intervals_hold_the_truth(texts: float, wordings: float) -> None:
    generator = np.random.default_rng(5)
    held, naive = [], []
    for seed in range(300):
        values = (
            texts * generator.standard_normal((40, 1))
            + wordings * generator.standard_normal((1, 5))
            + 0.3 * generator.standard_normal((40, 5))
        )
        means = weighted_means(values, resample_counts(40, resamples=100, seed=seed))
        found = crossed_interval(means, n=40)
        held.append(found.low <= 0 <= found.high)
        drawn = resample_counts(5, resamples=100, seed=seed + 1)
        low, high = np.quantile((means * drawn).sum(axis=1)[1:] / 5, [0.025, 0.975])
        naive.append(low <= 0 <= high)
    assert np.mean(held) > 0.925
    if wordings > texts:  # what a percentile bootstrap of five wordings would claim
        assert np.mean(naive) < np.mean(held) - 0.05


def test_planted_variances_are_found() -> None:
    generator = np.random.default_rng(3)
    values = (
        2.0 * generator.standard_normal((400, 1))
        + generator.standard_normal((1, 300))
        + 0.5 * generator.standard_normal((400, 300))
    )
    found = variance_parts(values)
    assert found.texts == pytest.approx(4.0, rel=0.2)
    assert found.wordings == pytest.approx(1.0, rel=0.2)
    assert found.rest == pytest.approx(0.25, rel=0.05)


@given(TABLES)
def test_the_variance_is_that_of_a_plain_analysis(values: np.ndarray) -> None:
    n, w = values.shape
    found = variance_parts(values)
    rest = sum(
        (values[i, j] - values[i].mean() - values[:, j].mean() + values.mean()) ** 2
        for i in range(n)
        for j in range(w)
    ) / ((n - 1) * (w - 1))
    between = w * values.mean(axis=1).var(ddof=1)
    assert found.rest == pytest.approx(rest, abs=1e-9)
    assert found.texts == pytest.approx(max((between - rest) / w, 0), abs=1e-9)
    assert variance_parts(values[::-1]).texts == pytest.approx(found.texts, abs=1e-9)
    assert variance_parts(values.T).texts == pytest.approx(found.wordings, abs=1e-9)
