"""Paired comparisons: signs, bounds, and that pairing is worth something."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tokalign.errors import TokalignError
from tokalign.measures import GAR, Literals, Ranks, ranks
from tokalign.measures import paired as module
from tokalign.measures.intervals import mean_interval, subsampled_interval
from tokalign.measures.paired import bootstrap_bounds, gar_difference, paired_difference

SHARES = hnp.arrays(np.float64, st.integers(1, 30), elements=st.floats(0, 1))


@given(SHARES, st.integers(0, 3))
def test_the_other_way_round_the_sign_changes(values: np.ndarray, seed: int) -> None:
    other = np.roll(values, 1) ** 2
    one, back = paired_difference(values, other, seed), paired_difference(other, values, seed)
    assert -1 <= one.low <= one.value <= one.high <= 1
    assert one.value == pytest.approx((values - other).mean(), abs=1e-12)
    assert (back.low, back.value, back.high) == pytest.approx((-one.high, -one.value, -one.low))
    same = paired_difference(values, values, seed)
    assert same.value == 0
    assert len(values) == 1 or same.low == same.high == 0


def test_the_bounds_are_those_of_a_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = np.random.default_rng(1).random((37, 3))
    expected = [mean_interval(column, seed=5) for column in columns.T]
    for at_a_time in (1, 100, module._AT_A_TIME):
        monkeypatch.setattr(module, "_AT_A_TIME", at_a_time)
        low, high = bootstrap_bounds(columns, seed=5)
        assert low == pytest.approx([one.low for one in expected], abs=1e-12)
        assert high == pytest.approx([one.high for one in expected], abs=1e-12)


def test_pairing_sees_what_two_intervals_do_not() -> None:
    generator = np.random.default_rng(0)
    easy = generator.random(200)  # how easy each text is, for both
    a, b = np.clip(easy + 0.03, 0, 1), easy
    apart = [mean_interval(values) for values in (a, b)]
    assert apart[0].low < apart[1].high
    assert paired_difference(a, b).low > 0


def test_most_intervals_hold_the_true_difference() -> None:
    generator = np.random.default_rng(3)
    held = []
    for _ in range(60):
        easy = generator.random(50)
        a, b = (generator.random(50) < share for share in (0.3 + 0.5 * easy, 0.2 + 0.4 * easy))
        found = paired_difference(a, b)
        held.append(found.low <= 0.15 <= found.high)
    assert np.mean(held) > 0.85


@pytest.mark.parametrize(
    ("a", "b", "why"),
    [
        ([0.5], [0.5, 1.0], "cannot be paired"),
        ([], [], "cannot be paired"),
        ([[0.5]], [[0.5]], "cannot be paired"),
        ([0.5, np.nan], [0.5, 0.5], "from 0 to 1"),
        ([0.5, 0.5], [0.5, 3.0], "from 0 to 1"),
    ],
)
def test_what_cannot_be_paired_is_refused(a: list, b: list, why: str) -> None:
    with pytest.raises(TokalignError, match=why):
        paired_difference(np.array(a), np.array(b))


def some_ranks(generator: np.random.Generator, n: int, found: np.ndarray) -> Ranks:
    """N texts of 6 tokens, of which the first stands at the top of the list where `found`."""
    ids = np.stack([generator.permutation(60)[:6] for _ in range(n)])
    top = np.where(found, ids[:, 0], 60)
    return ranks(Literals.of_ids(ids.tolist()), np.stack([top, np.full(n, 61)], axis=1))


def test_gar_difference_is_the_difference_of_gars() -> None:
    generator = np.random.default_rng(0)
    n = 80
    one = some_ranks(np.random.default_rng(5), n, generator.random(n) < 0.6)
    other = some_ranks(np.random.default_rng(5), n, generator.random(n) < 0.3)
    found, back = gar_difference(one, other), gar_difference(other, one)
    assert found.value == pytest.approx(GAR().value(one) - GAR().value(other))
    assert found.value > 0
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert (back.low, back.value, back.high) == pytest.approx(
        (-found.high, -found.value, -found.low)
    )
    same = gar_difference(one, one)
    assert (same.low, same.value, same.high) == pytest.approx((0, 0, 0), abs=1e-12)
    capped = gar_difference(one, other, cap=1)
    assert capped.value == pytest.approx(GAR(1).value(one) - GAR(1).value(other))


def test_gar_is_compared_on_the_same_halves() -> None:
    """Found in the same texts but for a few, two unions rise and fall together."""
    n = 100
    hit = np.random.default_rng(1).random(n) < 0.5
    other_hit = hit.copy()
    other_hit[:4] = ~other_hit[:4]
    one, other = (some_ranks(np.random.default_rng(5), n, h) for h in (hit, other_hit))
    found = gar_difference(one, other)
    apart = [
        subsampled_interval(lambda half, r=r: GAR().value(r.select(half)), GAR().value(r), n, seed)
        for seed, r in ((0, one), (1, other))
    ]
    alone = np.hypot(*[(i.high - i.low) / 2 for i in apart])
    assert (found.high - found.low) / 2 < 0.6 * alone


def test_a_single_text_tells_nothing_and_other_numbers_are_refused() -> None:
    one = ranks(Literals.of_ids([[1]]), np.array([[1]]))
    two = ranks(Literals.of_ids([[1], [2]]), np.array([[1], [1]]))
    assert (gar_difference(one, one).low, gar_difference(one, one).high) == (-1, 1)
    with pytest.raises(TokalignError, match="GAR of 1 and of 2 texts"):
        gar_difference(one, two)
    none = ranks(Literals.of_ids([]), np.empty((0, 1), np.int64))
    with pytest.raises(TokalignError, match="the same texts are needed"):
        gar_difference(none, none)
