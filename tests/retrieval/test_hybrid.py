"""Fusion by rank: a plain reimplementation, and what must not change it."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokalign.errors import TokalignError
from tokalign.retrieval.hybrid import fuse
from tokalign.retrieval.run import Run

RANKINGS = st.lists(st.permutations("abcdefg").flatmap(
    lambda order: st.integers(0, 7).map(lambda n: list(order[:n]))
), min_size=1, max_size=4)  # fmt: skip


def run(name: str, *rankings: list[str]) -> Run:
    """Scores that fall, of another scale for each run."""
    made = {
        f"q{i}": {doc: (len(row) - j) * 10.0 ** len(name) for j, doc in enumerate(row)}
        for i, row in enumerate(rankings)
    }
    return Run(name, made)


def plain(rankings: list[list[str]], k: int) -> list[str]:
    """In exact fractions, sorted by score and then by name."""
    found = {doc for row in rankings for doc in row}
    score = {
        doc: sum(
            (Fraction(1, k + row.index(doc) + 1) for row in rankings if doc in row), Fraction()
        )
        for doc in found
    }
    return sorted(found, key=lambda doc: (-score[doc], doc))


@given(RANKINGS, st.integers(0, 100))
def test_a_plain_reimplementation(rankings: list[list[str]], k: int) -> None:
    fused = fuse([run("x" * i, row) for i, row in enumerate(rankings)], "fused", k=k)
    assert list(fused.rankings["q0"]) == plain(rankings, k)
    for doc, score in fused.rankings["q0"].items():
        expected = sum(1 / (k + row.index(doc) + 1) for row in rankings if doc in row)
        assert score == pytest.approx(expected, rel=1e-12)


@given(RANKINGS, st.randoms(use_true_random=False))
def test_the_order_of_the_runs_does_not_matter(rankings: list[list[str]], random) -> None:
    runs = [run("x" * i, row) for i, row in enumerate(rankings)]
    shuffled = random.sample(runs, len(runs))
    one, other = (fuse(some, "fused").rankings["q0"] for some in (runs, shuffled))
    assert list(one.items()) == list(other.items())


@given(RANKINGS, st.integers(1, 4))
def test_a_run_fused_with_itself_keeps_its_order(rankings: list[list[str]], times: int) -> None:
    one = run("one", *rankings)
    fused = fuse([one] * times, "fused")
    for query, found in one.rankings.items():
        assert list(fused.rankings[query]) == list(found)


def test_the_default_and_the_cut() -> None:
    one, two = run("one", ["a", "b", "c"]), run("two", ["b", "d"])
    fused = fuse([one, two], "both")
    assert fused.name == "both"
    assert fused.rankings["q0"]["b"] == pytest.approx(1 / 62 + 1 / 61)
    assert list(fused.rankings["q0"]) == ["b", "a", "d", "c"]
    assert fuse([one, two], "both", top=2) == fused.top(2)
    many = Run("many", {"q": {f"d{i:04}": -float(i) for i in range(1200)}})
    assert len(fuse([many], "cut").rankings["q"]) == 1000
    assert len(fuse([many], "all", top=None).rankings["q"]) == 1200


def test_a_query_for_which_nothing_was_found_stays() -> None:
    assert fuse([run("one", []), run("two", [])], "both").rankings == {"q0": {}}


def test_refusals() -> None:
    with pytest.raises(TokalignError, match="no run to fuse"):
        fuse([], "none")
    with pytest.raises(TokalignError, match="one and two cannot be fused: both must have the same"):
        fuse([run("one", ["a"]), run("two", ["a"], ["b"])], "both")
    for k in (-1, float("nan"), float("inf")):
        with pytest.raises(TokalignError, match="allowed: 0 or more"):
            fuse([run("one", ["a"])], "x", k=k)
    with pytest.raises(TokalignError, match="at least 1, not 0"):
        fuse([run("one", ["a"])], "x", top=0)
