"""Spearman's correlation with intervals, and word overlap: against plain code, and invariants."""

from __future__ import annotations

from math import asin, log, pi

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata, spearmanr

from tokalign.errors import TokalignError
from tokalign.measures.similarity import (
    WordOverlap,
    cosines,
    rank_correlation,
    rank_correlation_difference,
    words,
)

SEEDS = st.integers(0, 10_000)
FEW = settings(max_examples=5)


def drawn(seed: int, n: int = 40, strength: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Scores with ties among the gold ones, as people's are."""
    random = np.random.default_rng(seed)
    gold = random.integers(0, 6, n) / 2
    gold[:2] = 0, 1
    return gold * strength + random.normal(size=n), gold


@given(SEEDS)
def test_cosines_row_by_row(seed: int) -> None:
    random = np.random.default_rng(seed)
    first, second = random.normal(size=(2, 7, 3)).astype(np.float32)
    found = cosines(first, second)
    for value, a, b in zip(found, first, second, strict=True):
        assert value == pytest.approx(a @ b / np.sqrt((a @ a) * (b @ b)), abs=1e-6)
    np.testing.assert_allclose(cosines(3 * first, second), found, atol=1e-6)
    assert found.dtype == np.float64


def test_a_vector_of_zeros_is_like_nothing() -> None:
    assert cosines(np.zeros((1, 2)), np.ones((1, 2))).tolist() == [0.0]


@FEW
@given(SEEDS)
def test_the_value_is_scipys_and_only_ranks_count(seed: int) -> None:
    scores, gold = drawn(seed)
    found = rank_correlation(scores, gold)
    assert found.value == pytest.approx(spearmanr(scores, gold).statistic)
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert rank_correlation(np.exp(scores), 10 * gold - 3) == found
    turned = rank_correlation(-scores, gold)
    assert turned.value == pytest.approx(-found.value)
    assert (turned.low, turned.high) == (pytest.approx(-found.high), pytest.approx(-found.low))


def test_the_bootstrap_is_the_plain_one() -> None:
    scores, gold = drawn(3, n=25)
    other = drawn(4, n=25)[0]
    generator = np.random.default_rng(5)
    rows = [row for _ in range(20) for row in generator.integers(0, 25, (100, 25))]
    one, two = (
        np.array([np.corrcoef(rankdata(s[row]), rankdata(gold[row]))[0, 1] for row in rows])
        for s in (scores, other)
    )
    alone = rank_correlation(scores, gold, seed=5)
    assert (alone.low, alone.high) == pytest.approx(np.quantile(one, [0.025, 0.975]))
    paired = rank_correlation_difference(scores, other, gold, seed=5)
    assert (paired.low, paired.high) == pytest.approx(np.quantile(one - two, [0.025, 0.975]))


@FEW
@given(SEEDS)
def test_a_difference_turns_with_the_systems(seed: int) -> None:
    (scores, gold), other = drawn(seed), np.random.default_rng(seed + 1).normal(size=40)
    there = rank_correlation_difference(scores, other, gold, seed)
    back = rank_correlation_difference(other, scores, gold, seed)
    assert there.value == pytest.approx(-back.value)
    assert (there.low, there.high) == (pytest.approx(-back.high), pytest.approx(-back.low))
    same = rank_correlation_difference(scores, scores, gold, seed)
    assert (same.low, same.value, same.high) == (0, 0, 0)


def test_pairing_narrows_the_interval_of_two_systems_that_err_alike() -> None:
    scores, gold = drawn(0, n=200)
    other = scores + 0.1 * np.random.default_rng(1).normal(size=200)
    paired = rank_correlation_difference(scores, other, gold)
    single = rank_correlation(scores, gold)
    assert paired.high - paired.low < 0.5 * (single.high - single.low)


def test_most_intervals_hold_the_truth() -> None:
    """Two normal variables of correlation r have Spearman's 6 / pi asin(r / 2)."""
    truth, generator, held = 6 / pi * asin(0.3), np.random.default_rng(7), []
    for seed in range(30):
        first = generator.normal(size=80)
        second = 0.6 * first + 0.8 * generator.normal(size=80)
        found = rank_correlation(first, second, seed)
        held.append(found.low <= truth <= found.high)
    assert np.mean(held) > 0.85


def test_a_seed_repeats_and_another_does_not() -> None:
    scores, gold = drawn(1)
    assert rank_correlation(scores, gold, 1) == rank_correlation(scores, gold, 1)
    assert rank_correlation(scores, gold, 1) != rank_correlation(scores, gold, 2)


def test_resamples_without_an_order_are_left_out() -> None:
    found = rank_correlation(np.array([1.0, 2.0, 3.0]), np.array([0.0, 0.0, 1.0]))
    assert np.isfinite([found.low, found.high]).all()


@pytest.mark.parametrize(
    ("scores", "gold", "said"),
    [
        ([1.0, 2.0], [1.0, 2.0], "at least 3"),
        ([1.0, 2.0, 3.0], [1.0, 2.0], r"shape \(3,\) and \(2,\)"),
        ([1.0, np.nan, 3.0], [1.0, 2.0, 3.0], "not finite"),
        ([1.0, 1.0, 1.0], [1.0, 2.0, 3.0], "the system's scores are all equal"),
        ([1.0, 2.0, 3.0], [2.0, 2.0, 2.0], "people's scores are all equal"),
    ],
)
def test_scores_that_cannot_be_ranked(scores: list[float], gold: list[float], said: str) -> None:
    with pytest.raises(TokalignError, match=said):
        rank_correlation(np.array(scores), np.array(gold))


def test_vectors_that_have_no_cosine() -> None:
    with pytest.raises(TokalignError, match=r"\(1, 2\) and \(2, 2\)"):
        cosines(np.ones((1, 2)), np.ones((2, 2)))
    with pytest.raises(TokalignError, match="not finite"):
        cosines(np.array([[np.inf, 1.0]]), np.ones((1, 2)))


TEXTS = ["the cat sat", "the dog sat", "the sea", "a dog and a cat"]
SENTENCES = st.lists(
    st.sampled_from(["the", "cat", "dog", "sea", "moon", "Cats", "a"]), max_size=5
).map(" ".join)


@given(SENTENCES, SENTENCES)
def test_overlap_is_the_shared_share_of_idf(first: str, second: str) -> None:
    def stems(text: str) -> set[str]:
        return {{"cats": "cat"}.get(w.lower(), w.lower()) for w in text.split()}

    def idf(word: str) -> float:
        return log(5 / (sum(word in stems(text) for text in TEXTS) + 1))

    both, shared = stems(first) | stems(second), stems(first) & stems(second)
    total = sum(map(idf, both))
    fitted = WordOverlap.fit(TEXTS)
    found = fitted.scores([first, second], [second, first])
    assert found[0] == found[1] == pytest.approx(sum(map(idf, shared)) / total if total else 0.0)
    assert 0 <= found[0] <= 1


def test_words_are_folded_stemmed_and_counted_once() -> None:
    assert words("Games, the GAME! x_y Ärger") == {"game", "the", "x", "y", "ärger"}
    assert words(" ... ") == frozenset()
    # A repeated word weighs no more.
    found = WordOverlap.fit(TEXTS).scores(["sea", "sea sea sea"], ["sea dog", "sea dog"])
    assert found[0] == found[1] > 0


def test_rare_words_weigh_more() -> None:
    fitted = WordOverlap.fit(TEXTS)
    rare, frequent = fitted.scores(["the sea", "the sea"], ["a sea", "the moon"])
    assert rare > frequent


def test_overlap_refuses_what_it_cannot_count() -> None:
    with pytest.raises(TokalignError, match="there is none"):
        WordOverlap.fit([])
    with pytest.raises(TokalignError, match="1 first texts for 2"):
        WordOverlap.fit(TEXTS).scores(["a"], ["a", "b"])
