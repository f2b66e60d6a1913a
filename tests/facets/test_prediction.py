"""The correlation of rise and gain over cells."""

from __future__ import annotations

import numpy as np
import pytest

from tokalign.errors import TokalignError
from tokalign.facets.prediction import cell_correlation


def drawn(seed: int, resamples: int = 200, noise: float = 0.05) -> list[np.ndarray]:
    generator = np.random.default_rng(seed)
    tables = [generator.standard_normal((1, 5)), generator.standard_normal((1, 4))]
    return [t + noise * generator.standard_normal((resamples + 1, t.shape[1])) for t in tables]


def test_it_is_pearsons() -> None:
    rises, gains = drawn(0), drawn(1)
    flat = [np.concatenate([table[0] for table in tables]) for tables in (rises, gains)]
    found = cell_correlation(rises, gains, within=False)
    assert found.value == pytest.approx(np.corrcoef(*flat)[0, 1])
    assert -1 <= found.low <= found.value <= found.high <= 1 + 1e-12
    inner = [
        np.concatenate([table[0] - table[0].mean() for table in tables])
        for tables in (rises, gains)
    ]
    assert cell_correlation(rises, gains).value == pytest.approx(np.corrcoef(*inner)[0, 1])


def test_a_difference_between_facets_counts_only_without_within() -> None:
    rises, gains = drawn(2, noise=0), drawn(3, noise=0)
    apart = [[tables[0] + 50, tables[1]] for tables in (rises, gains)]
    assert cell_correlation(*apart, within=False).value > 0.99
    assert cell_correlation(*apart).value == pytest.approx(cell_correlation(rises, gains).value)


def test_what_is_proportional_is_told_for_sure() -> None:
    rises = drawn(4)
    found = cell_correlation(rises, [3 * table for table in rises])
    assert (found.low, found.value, found.high) == pytest.approx((1, 1, 1))
    upside_down = cell_correlation(rises, [-table for table in rises])
    assert upside_down.value == pytest.approx(-1)


def test_more_noise_more_width() -> None:
    calm, wild = (
        cell_correlation(drawn(5, noise=noise), drawn(6, noise=noise)) for noise in (0.01, 3.0)
    )
    assert wild.high - wild.low > calm.high - calm.low


def test_what_does_not_vary_is_refused() -> None:
    rises = drawn(7)
    with pytest.raises(TokalignError, match="all the same"):
        cell_correlation(rises, [np.zeros_like(table) for table in rises])
    with pytest.raises(TokalignError, match="three or more"):
        cell_correlation([rises[0][:, :2]], [rises[0][:, :2]])
