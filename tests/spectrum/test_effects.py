"""Effects of filters on scores that come in as data."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from tokalign.errors import TokalignError
from tokalign.measures.intervals import mean_interval
from tokalign.measures.similarity import cosines
from tokalign.spectrum import Identity, MeanSubtraction, RemoveFirst, first_direction, rivals
from tokalign.spectrum.effects import Score, effects, in_words


@pytest.fixture
def vectors() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Some to fit on, and pairs to score, all far from 0."""
    random = np.random.default_rng(0)
    centre = 5 * random.normal(size=6)
    first = random.normal(size=(30, 6)) + centre
    second = first + random.normal(size=(30, 6)) * np.linspace(0.1, 2, 30)[:, None]
    return random.normal(size=(20, 6)) + centre, first, second


@pytest.fixture
def scores(vectors) -> dict[str, Score]:
    _, first, second = vectors
    gold = -np.linspace(0.1, 2, 30)
    return {
        "similarity": Score(lambda change: cosines(change(first), change(second)), gold),
        "sign": Score(lambda change: change(first)[:, 0] > 0),
    }


def test_every_rival_by_every_score_on_vectors_it_was_not_fitted_on(head, vectors, scores) -> None:
    fitted, first, second = vectors
    chosen = rivals()
    frame = effects(fitted, scores, chosen, head=head())
    assert len(frame) == len(chosen) * 2
    assert frame.columns.tolist() == [
        "rival", "parameters", "score", "n", "value", "low", "high", "change", "change_low",
        "change_high",
    ]  # fmt: skip
    for rival, rows in frame.groupby("rival"):
        made = next(r for r in chosen if r.name == rival).fit(fitted, head())
        found = dict(zip(rows["score"], rows["value"], strict=True))
        filtered = cosines(made.filter(first), made.filter(second))
        expected = spearmanr(filtered, scores["similarity"].gold).statistic
        assert found["similarity"] == pytest.approx(expected)
        assert found["sign"] == pytest.approx((made.filter(first)[:, 0] > 0).mean())
    assert ((frame["low"] <= frame["value"]) & (frame["value"] <= frame["high"])).all()
    assert (
        (frame["change_low"] <= frame["change"]) & (frame["change"] <= frame["change_high"])
    ).all()
    before = frame[frame["rival"] == "identity"].set_index("score")["value"]
    np.testing.assert_allclose(
        frame["change"], frame["value"] - before[frame["score"]].to_numpy(), atol=1e-9
    )


def test_identity_changes_nothing_and_its_interval_knows(vectors, scores) -> None:
    frame = effects(vectors[0], scores, [Identity()])
    assert (frame[["change", "change_low", "change_high"]].to_numpy() == 0).all()


def test_what_counts_is_what_was_fitted_on(vectors, scores) -> None:
    fitted, first, _ = vectors
    there = effects(fitted, scores, [RemoveFirst()])
    elsewhere = effects(fitted[:, ::-1], scores, [RemoveFirst()])
    assert not there["value"].equals(elsewhere["value"])
    unit = first_direction(fitted)
    along = Score(lambda change: change(first) @ unit)
    left = effects(fitted, {"along u_1": along}, [RemoveFirst()])["value"]
    assert left[0] == pytest.approx(0, abs=1e-6)


def test_a_clear_gain_has_an_interval_above_zero(vectors, scores) -> None:
    """Vectors far from 0 all look alike; without their mean they do not."""
    frame = effects(vectors[0], {"similarity": scores["similarity"]}, [MeanSubtraction()])
    assert frame["change"][0] > 0
    assert frame["value"][0] - frame["change"][0] < frame["value"][0]


def test_parameters_are_told_in_words(vectors, scores) -> None:
    assert in_words({"removed": 1, "lambda": -0.123456, "part": "top"}) == (
        "removed 1, lambda -0.1235, part top"
    )
    frame = effects(vectors[0], scores, rivals()[:4])
    told = frame.set_index("rival")["parameters"]
    assert told["lambda u_1"].str.contains("lambda_from -mean").all()


def test_refusals(vectors, scores) -> None:
    fitted = vectors[0]
    with pytest.raises(TokalignError, match="at least one score and one rival"):
        effects(fitted, {}, [Identity()])
    with pytest.raises(TokalignError, match="at least one score and one rival"):
        effects(fitted, scores, [])
    with pytest.raises(TokalignError, match="two rivals are called 'identity'"):
        effects(fitted, scores, [Identity(), Identity()])
    for wrong in (np.ones(1), np.array([1.0, np.nan]), np.ones((2, 2))):
        with pytest.raises(TokalignError, match="finite numbers with n at least 2"):
            effects(fitted, {"x": Score(lambda _, w=wrong: w)}, [Identity()])
    with pytest.raises(TokalignError, match="give the head"):
        effects(fitted, scores, rivals())


def test_a_mean_has_the_interval_that_means_have_elsewhere(vectors, scores) -> None:
    items = scores["sign"].of(lambda x: x - vectors[0].mean(axis=0))
    found, expected = scores["sign"].interval(items, seed=4), mean_interval(items, seed=4)
    assert (found.value, found.low, found.high) == pytest.approx(
        (expected.value, expected.low, expected.high)
    )
