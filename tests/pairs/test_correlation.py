"""Correlations with people: against scipy, paired between embedders, and the contrast by hand."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
from scipy.stats import spearmanr

from tokalign.datasets import PairSet
from tokalign.embedders import Embedder
from tokalign.errors import TokalignError
from tokalign.measures import rank_correlation
from tokalign.pairs import (
    CONTRAST,
    Judged,
    MarkedPairs,
    correlation,
    correlation_differences,
    correlation_table,
    correlations,
    pair_cosines,
    pair_vectors,
)
from tokalign.store import Store


def judged(name: str, kind: str, n: int = 30, seed: int = 0) -> Judged:
    gold = np.random.default_rng(seed).integers(0, 6, n)
    first, second = ([f"{name} {side} {i}" for i in range(n)] for side in "ab")
    return Judged.of(name, kind, first, second, gold)


def test_the_value_is_scipys_and_the_interval_near_that_of_pairs() -> None:
    pairs = judged("x", "similarity", 60)
    scores = pairs.gold + 2 * np.random.default_rng(1).normal(size=60)
    found = correlation(scores, pairs).interval()
    plain = rank_correlation(scores, pairs.gold)
    assert found.value == pytest.approx(spearmanr(scores, pairs.gold).statistic)
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high), abs=0.03)


def test_groups_make_the_interval_wider() -> None:
    """Each pair four times over: as groups they tell no more than one of them does."""
    once = judged("x", "similarity", 25)
    scores = once.gold + 2 * np.random.default_rng(1).normal(size=25)
    texts = [(f"{a}{i}", f"{b}{i}") for i in range(4)
             for a, b in zip(once.first, once.second, strict=True)]  # fmt: skip
    often = Judged.of("y", "similarity", *zip(*texts, strict=True), np.tile(once.gold, 4),
                      np.tile(np.arange(25), 4))  # fmt: skip
    alone = Judged.of("y", "similarity", often.first, often.second, often.gold)
    width = {
        name: correlation(s, pairs).interval()
        for name, s, pairs in (
            ("once", scores, once), ("groups", np.tile(scores, 4), often),
            ("alone", np.tile(scores, 4), alone),
        )
    }  # fmt: skip
    spread = {name: found.high - found.low for name, found in width.items()}
    assert spread["groups"] == pytest.approx(spread["once"], rel=0.15)
    assert spread["alone"] < 0.7 * spread["groups"]


def test_the_same_pairs_are_drawn_alike_and_others_are_not() -> None:
    one, other = judged("x", "similarity"), judged("z", "similarity")
    again = Judged.of("y", "relatedness", one.first, one.second, one.gold)
    scores = np.random.default_rng(0).normal(size=30)
    np.testing.assert_array_equal(correlation(scores, one).draws, correlation(scores, again).draws)
    assert (correlation(scores, one).draws != correlation(scores, other).draws).any()


def test_an_embedder_against_several_sets(tiny: Embedder, few: MarkedPairs, tmp_path: Path) -> None:
    gold = {
        "similarity": [1, 0, 2, 1, 2, 3, 1, 0, 5, 4],
        "relatedness": [5, 4, 5, 4, 4, 5, 3, 2, 5, 4],
    }
    sets = [Judged.of(kind[:3], kind, few.first, few.second, numbers)
            for kind, numbers in gold.items()]  # fmt: skip
    sets.append(Judged.of("more", "similarity", few.second, few.first, gold["similarity"][::-1]))
    store = Store(tmp_path)
    found = correlations(tiny, sets, store=store)
    vectors = [tiny.encode(side).vectors.astype(float) for side in (few.first, few.second)]
    plain = [float(a @ b / np.sqrt((a @ a) * (b @ b))) for a, b in zip(*vectors, strict=True)]
    rho = {s.name: spearmanr(plain, s.gold).statistic for s in sets}
    for name, value in rho.items():
        assert found[name].value == pytest.approx(value)
    similar = fmean([rho["sim"], rho["more"]])
    assert found["similarity"].value == pytest.approx(similar)
    assert found[CONTRAST].value == pytest.approx(similar - rho["rel"])
    table = correlation_table({"tiny": found}, sets).set_index("quantity")
    assert table.loc["sim", ["n", "groups"]].tolist() == [10, 9]
    assert table.loc[CONTRAST, "low"] <= table.loc[CONTRAST, "value"] <= table.loc[CONTRAST, "high"]
    nothing = correlation_differences(found, found)
    assert not nothing[["value", "low", "high"]].any(axis=None)
    # One kind alone makes no contrast, and the same vectors come out of the store.
    assert set(correlations(tiny, sets[:1], store=store)) == {"sim"}
    np.testing.assert_allclose(pair_cosines(tiny, few.first, few.second, store=store), plain,
                               atol=1e-6)  # fmt: skip


def test_a_paired_difference_is_narrower_than_two_intervals() -> None:
    pairs = judged("x", "similarity", 50)
    random = np.random.default_rng(2)
    scores = pairs.gold + 2 * random.normal(size=50)
    one, other = (correlation(scores + 0.1 * random.normal(size=50), pairs) for _ in range(2))
    row = correlation_differences({"x": one}, {"x": other}).iloc[0]
    assert row["value"] == pytest.approx(one.value - other.value)
    assert row["high"] - row["low"] < 0.3 * (one.interval().high - one.interval().low)


def test_from_a_set() -> None:
    given = PairSet("stsb", ("a", "b"), ("c", "d"), np.array([1.0, 2.0]), "similarity", None,
                    "test", "", "", "")  # fmt: skip
    made = Judged.from_set(given)
    assert (made.name, made.kind, made.groups.tolist()) == ("stsb test", "similarity", [0, 1])
    assert made.select(np.array([False, True])).first == ("b",)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "entailment"}, "judged for 'entailment'"),
        ({"gold": [1.0]}, "1 judgements"),
        ({"gold": [1.0, np.nan, 2.0]}, "not finite"),
        ({"groups": np.zeros(2, int)}, "2 groups"),
    ],
)
def test_wrong_sets_are_refused(change: dict, message: str) -> None:
    columns = {"kind": "similarity", "first": ["a", "b", "c"], "second": ["d", "e", "f"],
               "gold": [1.0, 2.0, 3.0]}  # fmt: skip
    with pytest.raises(TokalignError, match=message):
        Judged.of("x", **columns | change)


def test_wrong_scores_are_refused(tiny: Embedder) -> None:
    pairs = judged("x", "similarity", 4)
    for scores, message in (
        (np.ones(3), "shape"), (np.ones(4), "all equal"), (np.array([1, 2, 3, np.inf]), "finite")
    ):  # fmt: skip
        with pytest.raises(TokalignError, match=message):
            correlation(scores, pairs)
    with pytest.raises(TokalignError, match="two of the sets are called x"):
        correlations(tiny, [judged("x", "similarity"), judged("x", "relatedness", seed=1)])
    with pytest.raises(TokalignError, match="no set in common"):
        correlation_differences({}, {})
    with pytest.raises(TokalignError, match="1 first texts for 2"):
        pair_vectors(tiny, ["a"], ["b", "c"])
    bare = PairSet("rte", ("a",), ("b",), None, "entailment", None, "dev", "", "", "")
    with pytest.raises(TokalignError, match="no scores"):
        Judged.from_set(bare)
