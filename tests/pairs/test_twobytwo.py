"""The effects of data and method, and their two sources of uncertainty, by plain arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t

from tokalign.errors import TokalignError
from tokalign.pairs import CELLS, Estimate, two_by_two

FEW = settings(max_examples=10)
NUMBERS = st.lists(st.floats(-1, 1), min_size=4, max_size=4)


def cells(numbers: list[float], draws: int = 50) -> dict[tuple[str, str], list[Estimate]]:
    random = np.random.default_rng(0)
    return {
        cell: [Estimate(x, x + random.normal(size=draws))]
        for cell, x in zip(CELLS, numbers, strict=True)
    }


@FEW
@given(NUMBERS)
def test_effects_by_hand(numbers: list[float]) -> None:
    nli_full, nli_bitfit, full, bitfit = numbers
    found = two_by_two(cells(numbers)).set_index("effect")["value"]
    assert found["data"] == pytest.approx((nli_full + nli_bitfit - full - bitfit) / 2)
    assert found["method"] == pytest.approx((nli_full - nli_bitfit + full - bitfit) / 2)
    assert found["data x method"] == pytest.approx((nli_full - full) - (nli_bitfit - bitfit))
    assert found["data, full"] == pytest.approx(nli_full - full)
    assert found["data, bitfit"] == pytest.approx(nli_bitfit - bitfit)
    assert found["method, nli"] == pytest.approx(nli_full - nli_bitfit)
    assert found["method, retrieval"] == pytest.approx(full - bitfit)


@FEW
@given(NUMBERS, st.floats(-1, 1), st.floats(-1, 1))
def test_the_method_alone_is_no_effect_of_the_data(
    numbers: list[float], shift: float, bias: float
) -> None:
    """What every BitFit embedder has, and what every cell has, leaves the effect of the data."""
    moved = [x + bias + shift * (method == "bitfit")
             for x, (_, method) in zip(numbers, CELLS, strict=True)]  # fmt: skip
    one, other = (two_by_two(cells(x)).set_index("effect")["value"] for x in (numbers, moved))
    for effect in ("data", "data x method", "data, full", "data, bitfit"):
        assert one[effect] == pytest.approx(other[effect], abs=1e-9)
    assert one["method"] - other["method"] == pytest.approx(shift, abs=1e-9)


def test_bounds_over_pairs_are_those_of_the_paired_draws() -> None:
    given_cells = cells([0.4, 0.3, 0.1, 0.2])
    a, b, c, d = (given_cells[cell][0].draws for cell in CELLS)
    row = two_by_two(given_cells).set_index("effect").loc["data"]
    low, high = np.quantile((a + b - c - d) / 2, [0.025, 0.975])
    assert (row["low"], row["high"]) == pytest.approx((low, high))
    assert np.isnan(row[["seed_low", "seed_high", "seed_spread"]].astype(float)).all()
    assert row["seeds"] == "1/1/1/1"


def test_a_cell_shared_by_all_draws_cancels() -> None:
    common = np.random.default_rng(1).normal(size=100)
    same = {cell: [Estimate(i, common + i)] for i, cell in enumerate(CELLS)}
    row = two_by_two(same).set_index("effect").loc["data"]
    assert row["low"] == pytest.approx(row["high"])


def test_bounds_over_seeds_by_hand() -> None:
    seeds = {("nli", "full"): [0.5], ("nli", "bitfit"): [0.3, 0.4, 0.2],
             ("retrieval", "full"): [0.1], ("retrieval", "bitfit"): [0.0, 0.2, 0.4]}  # fmt: skip
    given_cells = {c: [Estimate(x, np.full(3, x)) for x in xs] for c, xs in seeds.items()}
    found = two_by_two(given_cells).set_index("effect")
    pooled = np.sqrt((0.01 * 2 + 0.04 * 2) / 4)
    assert found["seed_spread"].tolist() == pytest.approx([pooled] * 7)
    value, error = 0.3 - 0.2, pooled * np.sqrt(1 / 3 + 1 / 3)
    row = found.loc["data, bitfit"]
    assert row["value"] == pytest.approx(value)
    assert row["seed_high"] - value == pytest.approx(t.ppf(0.975, 4) * error)
    assert value - row["seed_low"] == pytest.approx(t.ppf(0.975, 4) * error)
    error = pooled * np.sqrt((1 + 1 / 3 + 1 + 1 / 3) / 4)
    assert found.loc["data", "seed_high"] - 0.25 == pytest.approx(t.ppf(0.975, 4) * error)
    assert found.loc["data", "seeds"] == "1/3/1/3"


def test_all_four_cells_are_needed() -> None:
    given_cells = cells([0.0] * 4)
    for wrong in (
        {cell: given_cells[cell] for cell in CELLS[:3]},
        {**given_cells, CELLS[0]: []},
        {**given_cells, ("nli", "lora"): given_cells[CELLS[0]]},
    ):
        with pytest.raises(TokalignError, match="is needed with at least one"):
            two_by_two(wrong)
