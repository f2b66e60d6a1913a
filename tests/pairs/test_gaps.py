"""Gaps of the kinds of pairs against a plain reimplementation."""

from __future__ import annotations

from statistics import fmean

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokalign.embedders import Embedder
from tokalign.errors import TokalignError
from tokalign.pairs import (
    CHANGED,
    MarkedPairs,
    cosine_table,
    gap_differences,
    gaps,
    kind_estimates,
    kind_masks,
    pair_vectors,
)

KINDS = ["negation", "related", "paraphrase", "antonym", "paraphrase", "negation", "related", "odd"]
GROUPS = np.array([0, 1, 2, 0, 3, 4, 5, 1])


def plain(table: list[list[float]], kinds: list[str], groups: list[int]) -> dict[tuple, float]:
    """Every quantity by loops."""
    n = len(kinds)
    strangers = [
        [table[i][j] for j in range(n) if groups[i] != groups[j]]
        + [table[j][i] for j in range(n) if groups[i] != groups[j]]
        for i in range(n)
    ]
    own = [table[i][i] for i in range(n)]
    chance = fmean(fmean(row) for row in strangers)

    def beats(a: float, b: float) -> float:
        return 1.0 if a > b else 0.5 if a == b else 0.0

    of = {kind: [i for i in range(n) if kinds[i] == kind] for kind in kinds}
    of[CHANGED] = [i for i in range(n) if kinds[i] in ("negation", "antonym")]
    best = fmean(own[i] for i in of["paraphrase"])
    found = {}
    for kind, members in of.items():
        mean = fmean(own[i] for i in members)
        found[kind, "mean"] = mean
        found[kind, "mismatched"] = fmean(fmean(strangers[i]) for i in members)
        found[kind, "above mismatched"] = fmean(
            fmean(beats(own[i], x) for x in strangers[i]) for i in members
        )
        found[kind, "position"] = (mean - chance) / (1 - chance)
        if kind != "paraphrase":
            found[kind, "below paraphrases"] = best - mean
            for reference in {"paraphrase", "related"} - {kind}:
                found[kind, f"{reference} nearer"] = fmean(
                    beats(own[i], own[j]) for i in of[reference] for j in members
                )
    return found


def table_of(seed: int) -> np.ndarray:
    """Scores with ties."""
    return np.random.default_rng(seed).integers(-3, 9, (8, 8)) / 10


@settings(max_examples=8)
@given(st.integers(0, 1000))
def test_every_quantity_is_the_plain_one(seed: int) -> None:
    table = table_of(seed)
    found = gaps(table, KINDS, GROUPS).set_index(["kind", "quantity"])
    expected = plain(table.tolist(), KINDS, GROUPS.tolist())
    assert set(found.index) == set(expected)
    for place, value in expected.items():
        assert found.loc[place, "value"] == pytest.approx(value), place
    assert found.loc[(CHANGED, "mean"), "n"] == 3


def test_real_vectors_too(tiny: Embedder, few: MarkedPairs) -> None:
    first, second = pair_vectors(tiny, few.first, few.second)
    table = [[float(np.dot(a, b) / np.linalg.norm(a) / np.linalg.norm(b)) for b in second.vectors]
             for a in first.vectors]  # fmt: skip
    found = gaps(cosine_table(first.vectors, second.vectors), few.kinds, few.groups)
    kinds = list(few.kinds)
    expected = plain(table, kinds, few.groups.tolist())
    for row in found.itertuples():
        if row.kind != CHANGED:
            assert row.value == pytest.approx(expected[row.kind, row.quantity], abs=1e-5)
        assert row.low <= row.value <= row.high


def test_only_the_order_counts_for_the_shares() -> None:
    one, other = (gaps(f(table_of(5)), KINDS, GROUPS) for f in (np.array, lambda x: np.exp(3 * x)))
    shares = one["quantity"].isin(["above mismatched", "paraphrase nearer", "related nearer"])
    assert one[shares].equals(other[shares])
    assert set(one.loc[shares, "indifferent"]) == {0.5}


def test_differences_are_paired() -> None:
    one, other = (kind_estimates(table_of(seed), KINDS, GROUPS) for seed in (1, 2))
    row = gap_differences(one, other).set_index(["kind", "quantity"]).loc[("related", "mean")]
    drawn = one["related", "mean"].draws - other["related", "mean"].draws
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    assert (row["low"], row["high"]) == pytest.approx((low, high))
    assert not gap_differences(one, one)[["value", "low", "high"]].any(axis=None)


def test_a_single_changed_kind_is_not_named_twice() -> None:
    assert list(kind_masks(["number", "paraphrase"])) == ["number", "paraphrase"]


@pytest.mark.parametrize(
    ("table", "kinds", "groups", "message"),
    [
        (np.eye(3), ["paraphrase"] * 2, np.arange(2), r"shape \(3, 3\)"),
        (np.full((2, 2), np.nan), ["paraphrase"] * 2, np.arange(2), "finite"),
        (np.eye(2), ["related"] * 2, np.arange(2), "no pair of the kind 'paraphrase'"),
        (np.eye(2), ["paraphrase"] * 2, np.zeros(2, int), "none can be mismatched"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    table: np.ndarray, kinds: list[str], groups: np.ndarray, message: str
) -> None:
    with pytest.raises(TokalignError, match=message):
        gaps(table, kinds, groups)


def test_marked_pairs_check_their_columns() -> None:
    with pytest.raises(TokalignError, match=r"columns of \[1, 1, 1, 1, 0\] entries"):
        MarkedPairs.of(["a"], ["b"], ["odd"], [[]], [])
