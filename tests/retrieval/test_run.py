"""Runs and rankings: order, ties, cuts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokalign.errors import TokalignError
from tokalign.retrieval import Ranker, Run

SCORES = st.lists(st.integers(-3, 3), min_size=1, max_size=12)


@given(SCORES, st.integers(1, 14), st.randoms(use_true_random=False))
def test_a_ranking_is_a_plain_sort_wherever_documents_stand(scores, top, random) -> None:
    ids = [f"d{i}" for i in range(len(scores))]
    plain = sorted(zip(ids, map(float, scores), strict=True), key=lambda hit: (-hit[1], hit[0]))
    found = Ranker(ids, top).rank(np.array(scores, dtype=np.float32))
    assert list(found.items()) == plain[:top]
    order = list(range(len(ids)))
    random.shuffle(order)
    moved = Ranker([ids[i] for i in order], top).rank(np.array([scores[i] for i in order], "f"))
    assert list(moved.items()) == list(found.items())


def test_identifiers_are_compared_as_strings() -> None:
    assert list(Ranker(["9", "10", "1"], None).rank(np.zeros(3))) == ["1", "10", "9"]


def test_what_scores_too_little_is_not_found() -> None:
    ranker = Ranker(["a", "b", "c"], top=2)
    assert ranker.rank(np.array([0.0, 2.0, -1.0]), above=0.0) == {"b": 2.0}
    assert ranker.rank(np.array([-1.0, -2.0, -3.0]), above=0.0) == {}


def test_a_run_as_a_frame_and_cut() -> None:
    run = Run("toy", {"q1": {"b": 2.0, "a": 2.0, "c": 0.5}, "q2": {}})
    assert run.frame().to_numpy().tolist() == [
        ["q1", 1, "b", 2.0],
        ["q1", 2, "a", 2.0],
        ["q1", 3, "c", 0.5],
    ]
    assert run.top(2) == Run("toy", {"q1": {"b": 2.0, "a": 2.0}, "q2": {}})
    assert len(run) == 2


@pytest.mark.parametrize("scores", [{"a": 1.0, "b": 2.0}, {"a": float("nan")}])
def test_scores_of_a_run_fall(scores: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="do not fall"):
        Run("toy", {"q": scores})


def test_refusals() -> None:
    with pytest.raises(TokalignError, match="at least 1, not 0"):
        Ranker(["a"], top=0)
    with pytest.raises(TokalignError, match="occurs twice"):
        Ranker(["a", "a"])
    with pytest.raises(ValueError, match="for 1 documents"):
        Ranker(["a"]).rank(np.zeros(2))
