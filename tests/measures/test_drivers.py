"""Drivers of ranks against scipy and scikit-learn, on frames whose truth is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata, spearmanr
from sklearn.linear_model import LinearRegression

from tokalign.embedders import Embedder
from tokalign.errors import TokalignError
from tokalign.measures.drivers import DRIVERS, drivers, explained, weighted_ranks
from tokalign.measures.keywords import word_ranks

Make = Callable[..., pd.DataFrame]


@pytest.fixture
def frame_of() -> Make:
    """A frame like that of `word_ranks` with every driver varying at random."""

    def make(texts: int = 30, words: int = 8, seed: int = 0, name: str = "e") -> pd.DataFrame:
        generator, n = np.random.default_rng(seed), texts * words
        shapes = ["number", "-ly", "-ing", "-ed", "noun suffix", "adjective suffix", "no suffix"]
        frame = pd.DataFrame(
            {
                "embedder": name,
                "text": np.repeat(np.arange(texts), words),
                "rank": generator.integers(1, 200, n),
                "rank_elsewhere": generator.integers(1, 200, n).astype(float),
                "reachable": True,
                "cut": False,
                "idf": generator.normal(size=n).round(1),
                "position": generator.random(n),
                "order": np.tile(np.arange(1, words + 1), texts),
                "words": np.repeat(generator.integers(3, 20, texts), words),
                "count": generator.integers(1, 4, n),
                "pieces": generator.integers(1, 5, n),
                "capitalised": generator.random(n) < 0.2,
                "shape_class": generator.choice(shapes, n),
            }
        )
        return frame

    return make


def numbers(frame: pd.DataFrame, names: tuple[str, ...] = DRIVERS) -> np.ndarray:
    found = [frame[d] if d in frame else frame["shape_class"] == d for d in names]
    return np.column_stack(found).astype(float)


def value(found: pd.DataFrame, view: str, driver: str) -> pd.Series:
    row = found[(found["view"] == view) & (found["driver"] == driver)]
    assert len(row) == 1
    return row.iloc[0]


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=30).filter(
        lambda rows: any(weight for _, weight in rows)
    )
)
def test_weighted_ranks_are_those_of_the_repeated_rows(rows: list[tuple[int, int]]) -> None:
    codes, weights = (np.array(part) for part in zip(*rows, strict=True))
    made = weighted_ranks(codes[:, None], weights.astype(float))[:, 0]
    assert np.repeat(made, weights) == pytest.approx(rankdata(np.repeat(codes, weights)))


def test_alone_is_spearmans_correlation(frame_of: Make) -> None:
    frame = frame_of()
    found = drivers(frame, resamples=10)
    for driver in (*DRIVERS, "order"):
        row = value(found, "alone", driver)
        column = numbers(frame, (driver,))[:, 0]
        assert row["value"] == pytest.approx(spearmanr(-frame["rank"], column).statistic)
        assert row["chance"] == pytest.approx(spearmanr(-frame["rank_elsewhere"], column).statistic)
        assert row["low"] <= row["value"] <= row["high"]
        assert (row["texts"], row["n"]) == (30, 240)


def test_together_is_a_regression_on_ranks(frame_of: Make) -> None:
    frame = frame_of()
    ranked = rankdata(numbers(frame), axis=0)
    ranked = (ranked - ranked.mean(axis=0)) / ranked.std(axis=0)
    outcome = rankdata(-frame["rank"])
    expected = LinearRegression().fit(ranked, (outcome - outcome.mean()) / outcome.std()).coef_
    found = drivers(frame, resamples=10).query("view == 'together'")
    assert found["driver"].tolist() == list(DRIVERS)
    assert found["value"].to_numpy() == pytest.approx(expected)


def test_two_drivers_that_go_together_are_told_apart(frame_of: Make) -> None:
    """Only idf decides; position follows idf, so alone it seems to matter as well."""
    frame = frame_of(texts=60)
    generator = np.random.default_rng(1)
    frame["position"] = frame["idf"] + generator.normal(size=len(frame))
    frame["rank"] = rankdata(-frame["idf"] + generator.normal(size=len(frame)))
    found = drivers(frame, resamples=200)
    assert value(found, "alone", "position")["low"] > 0.3
    assert value(found, "together", "idf")["low"] > 0.4
    together = value(found, "together", "position")
    assert together["low"] < 0 < together["high"]
    assert abs(value(found, "alone", "idf")["chance"]) < 0.15


def test_whole_texts_are_resampled(frame_of: Make) -> None:
    """Saying every word twice is no more evidence."""
    frame = frame_of()
    twice = pd.concat([frame, frame], ignore_index=True)
    first, second = (drivers(f, resamples=50) for f in (frame, twice))
    for column in ("value", "low", "high", "chance"):
        assert second[column].to_numpy() == pytest.approx(first[column].to_numpy())
    # The same words as texts of their own are more.
    twice["text"] = np.arange(len(twice)) // 8
    third = drivers(twice, resamples=50)
    width = [(f["high"] - f["low"]).mean() for f in (first, third)]
    assert width[1] < 0.85 * width[0]


def test_most_intervals_hold_the_truth(frame_of: Make) -> None:
    """Nothing drives these ranks, so about 95 % of the intervals should hold 0."""
    parts = [frame_of(texts=25, seed=s, name=str(s)) for s in range(12)]
    found = drivers(pd.concat(parts), resamples=100)
    assert ((found["low"] <= 0) & (found["high"] >= 0)).mean() > 0.87


def test_words_out_of_reach_and_cut_texts_are_left_out(frame_of: Make) -> None:
    frame = frame_of()
    frame.loc[frame.index % 7 == 0, "reachable"] = False
    frame.loc[frame["text"] < 5, "cut"] = True
    kept = frame[frame["reachable"] & ~frame["cut"]]
    assert drivers(frame, resamples=20).equals(drivers(kept, resamples=20))
    assert explained(frame, resamples=20).equals(explained(kept, resamples=20))


def test_a_driver_that_never_varies_tells_nothing(frame_of: Make) -> None:
    frame = frame_of().assign(count=1)
    found = drivers(frame, resamples=20)
    for view in ("alone", "together"):
        row = value(found, view, "count")
        assert row[["value", "low", "high", "chance"]].isna().all()
    without = found[found["driver"] != "count"]
    assert without["value"].notna().all()


def test_a_rare_class_that_a_resample_lacks(frame_of: Make) -> None:
    frame = frame_of().assign(shape_class="no suffix")
    frame.loc[0, "shape_class"] = "number"
    row = value(drivers(frame, resamples=60), "alone", "number")
    assert np.isfinite(row[["value", "low", "high"]].astype(float)).all()


def test_a_single_text_has_no_chance_level(frame_of: Make) -> None:
    found = drivers(frame_of().assign(rank_elsewhere=np.nan), resamples=10)
    assert found["chance"].isna().all()
    assert found["value"].notna().all()


def test_embedders_are_kept_apart(frame_of: Make) -> None:
    one, two = frame_of(seed=1, name="one"), frame_of(seed=2, name="two")
    both = drivers(pd.concat([one, two]), resamples=10)
    assert both["embedder"].unique().tolist() == ["one", "two"]
    alone = drivers(two, resamples=10)
    assert both[both["embedder"] == "two"].reset_index(drop=True).equals(alone)


def test_seeds_move_the_interval_alone(frame_of: Make) -> None:
    first, again, other = (drivers(frame_of(), seed=s, resamples=30) for s in (0, 0, 1))
    assert first.equals(again)
    assert first["value"].equals(other["value"])
    assert not first["low"].equals(other["low"])


def test_what_is_explained_is_scored_on_other_texts(frame_of: Make) -> None:
    noise, law = frame_of(texts=20), frame_of(texts=20)
    law["rank"] = rankdata(-law["idf"])
    nothing, everything = (explained(f, resamples=100).iloc[0] for f in (noise, law))
    assert everything["value"] > 0.98
    # Twelve drivers always fit something; on other texts it is worth less than nothing.
    assert nothing["value"] < 0
    for row in (nothing, everything):
        assert row["low"] <= row["value"] <= row["high"]
        assert (row["texts"], row["n"]) == (20, 160)


def test_the_words_of_an_embedder_can_be_given(tiny: Embedder, sentences: list[str]) -> None:
    words = word_ranks(tiny, sorted(sentences, key=len)[:12])
    assert not words["cut"].any()
    found = drivers(words, resamples=10)
    assert set(found["embedder"]) == {tiny.name}
    assert found["value"].abs().max() <= 1.5
    assert explained(words, resamples=10)["texts"].tolist() == [12]


def test_too_few_texts(frame_of: Make) -> None:
    for function in (drivers, explained):
        with pytest.raises(TokalignError, match="3 texts have words to compare; at least 4"):
            function(frame_of(texts=3))
        with pytest.raises(TokalignError, match="no words"):
            function(frame_of().iloc[:0])
