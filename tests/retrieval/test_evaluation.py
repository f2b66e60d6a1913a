"""Evaluation against plain formulas; ties, missing queries, documents outside the corpus."""

from __future__ import annotations

from math import log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokalign.errors import TokalignError
from tokalign.retrieval import Run, difference, evaluate, retained

pytest.importorskip("ir_measures", reason="the extra retrieval is not installed")

DOCS = {f"d{i}": f"text {i}" for i in range(6)}
GRADES = st.dictionaries(st.sampled_from([*DOCS, "gone"]), st.integers(0, 3), min_size=1)
ORDERS = st.lists(st.sampled_from(list(DOCS)), unique=True, max_size=6)


def as_run(orders: dict[str, list[str]], name: str = "x") -> Run:
    """All scores equal: only the order tells."""
    return Run(name, {query: dict.fromkeys(order, 1.0) for query, order in orders.items()})


def plain(order: list[str], grades: dict[str, int], k: int) -> tuple[float, float, float]:
    gains = [grades.get(doc, 0) for doc in order][:k]
    best = sorted(grades.values(), reverse=True)[:k]
    dcg, ideal = (sum(g / log2(n + 2) for n, g in enumerate(row)) for row in (gains, best))
    first = next((n for n, g in enumerate(gains) if g > 0), None)
    relevant = sum(g > 0 for g in grades.values())
    return (
        dcg / ideal if ideal else 0.0,
        0.0 if first is None else 1 / (first + 1),
        sum(g > 0 for g in gains) / relevant if relevant else 0.0,
    )


@settings(max_examples=60)
@given(st.lists(st.tuples(ORDERS, GRADES), min_size=1, max_size=3), st.integers(1, 6))
def test_plain_formulas(collection, queries, k: int) -> None:
    names = [f"q{n}" for n in range(len(queries))]
    data = collection(
        docs=DOCS,
        queries=dict.fromkeys(names, "x"),
        qrels={name: grades for name, (_, grades) in zip(names, queries, strict=True)},
    )
    run = as_run({name: order for name, (order, _) in zip(names, queries, strict=True)})
    found = evaluate(run, data, [f"nDCG@{k}", f"RR@{k}", f"R@{k}"])
    expected = [plain(order, grades, k) for order, grades in queries]
    np.testing.assert_allclose(found.per_query.to_numpy(), expected, atol=1e-6)
    assert found.missing == tuple(
        n for n, (order, _) in zip(names, queries, strict=True) if not order
    )
    assert found.outside == sum("gone" in grades for _, grades in queries)
    assert found.relevant_outside == sum(grades.get("gone", 0) > 0 for _, grades in queries)


def test_equal_scores_are_judged_in_the_order_of_the_run(collection) -> None:
    """trec_eval would put the document with the higher identifier first."""
    data = collection(docs=DOCS, queries={"q": "x"}, qrels={"q": {"d1": 1}})
    for order, value in ((["d1", "d5"], 1.0), (["d5", "d1"], 1 / log2(3))):
        assert evaluate(as_run({"q": order}), data).values()[0] == pytest.approx(value)


def test_scores_that_float32_cannot_tell_apart_keep_their_order(collection) -> None:
    data = collection(docs=DOCS, queries={"q": "x"}, qrels={"q": {"d1": 1}})
    run = Run("x", {"q": {"d1": 1.0 + 1e-12, "d5": 1.0}})
    assert evaluate(run, data).values()[0] == 1.0


def test_missing_queries_count_nothing_and_others_are_not_looked_at(collection) -> None:
    data = collection()
    run = as_run({"q1": ["d1"], "elsewhere": ["d1"]})
    found = evaluate(run, data)
    assert found.missing == ("q2", "q3")
    assert found.values("RR@10").tolist() == [1.0, 0.0, 0.0]
    assert found.mean("RR@10").value == pytest.approx(1 / 3)
    assert list(found.per_query.index) == list(data.query_ids)


def test_the_frame_of_means(collection) -> None:
    frame = evaluate(as_run({"q1": ["d1"], "q2": ["d4", "d2"]}, "mine"), collection()).frame()
    assert frame["measure"].tolist() == ["nDCG@10", "RR@10", "R@100"]
    assert set(frame["run"]) == {"mine"}
    assert (frame["n"] == 3).all()
    assert ((frame["low"] <= frame["value"]) & (frame["value"] <= frame["high"])).all()


@pytest.fixture
def two(collection):
    """A run and one that is half as good for every query, on ten queries of unequal difficulty."""
    queries = {f"q{n}": "x" for n in range(10)}
    data = collection(docs=DOCS, queries=queries, qrels={q: {"d1": 1} for q in queries})
    places = {q: n % 3 for n, q in enumerate(queries)}
    good = {q: [*["d2", "d3", "d4"][:n], "d1"] for q, n in places.items()}
    bad = {q: [*["d2", "d3", "d4", "d5", "d0"][: 2 * n + 1], "d1"] for q, n in places.items()}
    return [evaluate(as_run(o, name), data, ["RR@10"]) for o, name in ((good, "a"), (bad, "b"))]


def test_two_runs_are_compared_query_by_query(two) -> None:
    good, bad = two
    np.testing.assert_allclose(bad.values("RR@10"), good.values("RR@10") / 2)
    share = retained(bad, good, "RR@10")
    assert (share.low, share.value, share.high) == pytest.approx((0.5, 0.5, 0.5))
    gain = difference(good, bad, "RR@10")
    assert gain.value == pytest.approx(good.values("RR@10").mean() / 2)
    assert 0 < gain.low <= gain.value <= gain.high
    alone = good.mean("RR@10")
    assert gain.high - gain.low < alone.high - alone.low
    assert difference(good, good, "RR@10").high == 0


def test_the_share_is_a_plain_bootstrap(two, collection) -> None:
    good, bad = two
    bad.per_query["RR@10"] = np.linspace(0, 1, 10)
    drawn = np.random.default_rng(3).integers(0, 10, (2000, 10))
    left, right = bad.values("RR@10"), good.values("RR@10")
    ratios = [left[row].mean() / right[row].mean() for row in drawn]
    found = retained(bad, good, "RR@10", seed=3)
    assert (found.low, found.high) == pytest.approx(np.quantile(ratios, [0.025, 0.975]))


def test_refusals(collection, two) -> None:
    data = collection()
    run = as_run({"q1": ["d1"]})
    for wrong in ("nDGC@10", "nDCG@ten", "Rprec@10", "", "RBP@10(p=2)"):
        with pytest.raises(TokalignError, match="cannot be computed; allowed: measures of"):
            evaluate(run, data, [wrong])
    with pytest.raises(TokalignError, match="no measure"):
        evaluate(run, data, [])
    found = evaluate(run, data)
    with pytest.raises(TokalignError, match="unknown measure 'nDCG@5': did you mean nDCG@10"):
        found.values("nDCG@5")
    with pytest.raises(TokalignError, match="the same for both, are needed"):
        difference(found, two[0])
    nothing = evaluate(as_run({}), data)
    with pytest.raises(TokalignError, match="mean nDCG@10 of 0"):
        retained(found, nothing)
