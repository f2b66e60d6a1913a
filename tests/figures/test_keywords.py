"""The figures of chapter 1's key words: what stands on the axes is what the frames say."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection, PathCollection

from tokalign.figures import Picture
from tokalign.figures.keywords import (
    GREEN,
    deletion_paths,
    driver_coefficients,
    rank_by_idf,
    stacked_marks,
)
from tokalign.figures.picture import BLUE, GREY, ORANGE
from tokalign.measures.related import MARKS

DRIVERS = ["idf", "position", "-ly"]
Parse = Callable[[Picture], ElementTree.Element]


def words(*names: str, censored: bool = True) -> pd.DataFrame:
    """Eight words an embedder: four in one text each, the others in 3 or 4."""
    ranks = np.array([1, 3, 5, 7, 10, 20, 30, 41])
    frame = pd.DataFrame(
        {
            "document_frequency": [1] * 4 + [3, 3, 4, 4],
            "idf": [5.0] * 4 + [4.2, 4.2, 3.8, 3.8],
            "reachable": True,
        }
    )
    parts = [
        frame.assign(embedder=name, rank=ranks + i, rank_elsewhere=[41.0] * 4 + [30.0] * 4)
        for i, name in enumerate(names)
    ]
    made = pd.concat(parts, ignore_index=True)
    return made.assign(rank=made["rank"].clip(upper=41),
                       censored=(made["rank"] >= 41) & censored)  # fmt: skip


def coefficients(*names: str) -> pd.DataFrame:
    rows = [
        {"embedder": name, "view": view, "driver": driver, "value": 0.01 * n, "low": 0.01 * n - 0.1,
         "high": 0.01 * n + 0.2, "chance": -0.01 * n}
        for name in names
        for view in ("alone", "together")
        for n, driver in enumerate([*DRIVERS, "order"] if view == "alone" else DRIVERS, 5)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def effects(*names: str, n: int = 5) -> pd.DataFrame:
    rank = np.arange(1, n + 1)
    parts = [
        pd.DataFrame({"embedder": name, "rank_before": rank, "rank_control": rank + i,
                      "rank_deleted": rank * 10})
        for i, name in enumerate(names)
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def shares(*names: str, circular: bool = False) -> pd.DataFrame:
    values = dict(zip(MARKS, (0.1, 0.03, 0.37, 0.5), strict=True))
    rows = [
        {"embedder": name, "circular": circular, "mark": mark, "value": value, "low": value - 0.02,
         "high": value + 0.02, "chance": 0.04 if mark == "related" else np.nan}
        for name in names
        for mark, value in values.items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture(params=["idf", "drivers", "deletion", "marks"])
def figure(request: pytest.FixtureRequest) -> Callable[..., Picture]:
    draw: dict[str, Callable[..., Picture]] = {
        "idf": lambda *names: rank_by_idf(words(*names)),
        "drivers": lambda *names: driver_coefficients(coefficients(*names)),
        "deletion": lambda *names: deletion_paths(effects(*names)),
        "marks": lambda *names: stacked_marks(shares(*names)),
    }
    return draw[request.param]


def test_it_is_told_and_takes_the_page_s_colour(figure: Callable[..., Picture], svg: Parse) -> None:
    before = plt.get_fignums()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = figure("mini-<a>", "other")
    root = svg(made)
    assert root.get("role") == "img"
    assert root.get("aria-label") == made.alt
    assert "mini-<a>" in made.alt
    assert re.search(r"\d", made.alt)
    assert "nan" not in made.alt
    assert made == figure("mini-<a>", "other")
    assert plt.get_fignums() == before
    colours = set(re.findall(r"(?:fill|stroke): ?(#\w+)", made.markup))
    assert colours <= {BLUE, ORANGE, GREY, GREEN}
    assert "currentColor" in made.markup


@pytest.mark.parametrize("count", [1, 8])
def test_one_embedder_and_many(figure: Callable[..., Picture], count: int) -> None:
    names = [f"embedder-{i}" for i in range(count)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = figure(*names)
    assert all(name in made.alt for name in names)


def test_medians_and_bands_of_the_ranks(drawn: list[Any]) -> None:
    made = rank_by_idf(words("a"))
    (axes,) = drawn[0].axes
    middle, other = axes.lines[:2]
    # Ranks and idf of words of about the same number of texts: doublings of it.
    assert middle.get_xydata() == pytest.approx(np.array([[5.0, 4.0], [4.0, 25.0]]))
    assert other.get_ydata() == pytest.approx([41.0, 30.0])
    corners = axes.collections[0].get_paths()[0].vertices
    assert {tuple(c) for c in corners} >= {(5.0, 2.5), (5.0, 5.5), (4.0, 17.5), (4.0, 32.75)}
    assert [t.get_text() for t in axes.get_xticklabels()] == ["5.0\n1 text", "4.0\n3–4 texts"]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]
    assert "a: in 1 text 4 (2 to 6), in another text's list deeper than 40" in made.alt
    assert [t.get_text() for t in axes.texts] == ["deeper than 40"]


def test_lists_that_end_nowhere_have_no_line(drawn: list[Any]) -> None:
    made = rank_by_idf(words("a", censored=False).assign(rank_elsewhere=np.nan))
    assert not drawn[0].axes[0].texts
    assert "in another text's list none" in made.alt


def test_words_out_of_reach_are_not_drawn(drawn: list[Any]) -> None:
    frame = words("a")
    rank_by_idf(frame.assign(reachable=frame["rank"] != 1))
    assert drawn[0].axes[0].lines[0].get_ydata()[0] == 5.0


def test_three_embedders_share_a_panel(drawn: list[Any]) -> None:
    rank_by_idf(words(*"abcd"))
    assert [len(axes.lines) for axes in drawn[0].axes] == [3 * 2 + 2, 2 + 2]


def test_coefficients_stand_where_the_frame_says(drawn: list[Any]) -> None:
    frame = coefficients("a", "b")
    made = driver_coefficients(frame)
    for axes, view in zip(drawn[0].axes, ("alone", "together"), strict=True):
        dots = [np.asarray(c.get_offsets()) for c in axes.collections
                if isinstance(c, PathCollection)]  # fmt: skip
        lines = [c for c in axes.collections if isinstance(c, LineCollection)]
        for turn, name in enumerate("ab"):
            rows = frame[(frame["view"] == view) & (frame["embedder"] == name)]
            assert dots[2 * turn][:, 0] == pytest.approx(rows["value"].to_numpy())
            assert dots[2 * turn + 1][:, 0] == pytest.approx(rows["chance"].to_numpy())
            assert np.round(dots[2 * turn][:, 1]).tolist() == list(range(len(rows)))
            ends = np.array([s[:, 0] for s in lines[turn].get_segments()])
            assert ends == pytest.approx(rows[["low", "high"]].to_numpy())
    labels = [t.get_text() for t in drawn[0].axes[0].get_yticklabels()]
    assert labels == [
        "rarer in the texts (idf)", "later in the text", "ends in -ly", "later among the words"
    ]  # fmt: skip
    assert "a, alone, ends in -ly: 0.07 (-0.03 to 0.27), by chance -0.07" in made.alt


def test_a_driver_without_a_value_is_not_told(drawn: list[Any]) -> None:
    frame = coefficients("a")
    numbers = ["value", "low", "high", "chance"]
    frame.loc[frame["driver"] == "-ly", numbers] = np.nan
    made = driver_coefficients(frame)
    assert "ends in -ly" not in made.alt
    assert "nan" not in made.markup


def test_paths_of_deleted_words(drawn: list[Any]) -> None:
    made = deletion_paths(effects("a", "b"), k=3)
    for turn, axes in enumerate(drawn[0].axes):
        paths = np.array(axes.collections[0].get_segments())
        assert paths[:, :, 1].tolist() == [[r, r + turn, r * 10] for r in range(1, 6)]
        assert axes.lines[0].get_ydata() == pytest.approx([3, 3 + turn, 30])
        bars = [s[:, 1].tolist() for s in axes.collections[1].get_segments()]
        assert bars == [[2, 4], [2 + turn, 4 + turn], [20, 40]]
    assert (
        "b, 5 words: median rank 3 in the whole text, 4 without another word, 30 without their "
        "own; of 3 in the top 3, 67% stay without another word and 0% without their own"
    ) in made.alt


def test_many_paths_are_thinned_out(drawn: list[Any]) -> None:
    made = deletion_paths(effects("a", n=1000))
    paths = drawn[0].axes[0].collections[0].get_segments()
    assert len(paths) == 150
    assert (paths[0][0, 1], paths[-1][0, 1]) == (1, 1000)
    assert "1000 words: median rank 500" in made.alt


def test_no_word_at_the_top_is_no_share() -> None:
    assert "%" not in deletion_paths(effects("a"), k=0).alt


def test_bars_are_stacked_in_the_order_of_the_marks(drawn: list[Any]) -> None:
    made = stacked_marks(shares("b", "a"))
    (axes,) = drawn[0].axes
    assert [t.get_text() for t in axes.get_yticklabels()] == ["b", "a"]
    starts = [[bar.get_x() for bar in bars] for bars in axes.containers]
    widths = [[bar.get_width() for bar in bars] for bars in axes.containers]
    assert starts == [pytest.approx([x] * 2) for x in (0, 0.1, 0.13, 0.5)]
    assert widths == [pytest.approx([x] * 2) for x in (0.1, 0.03, 0.37, 0.5)]
    # A share too narrow for its number has none.
    assert [t.get_text() for t in axes.texts] == ["10%"] * 2 + ["37%"] * 2 + ["50%"] * 2
    (chance,) = (c for c in axes.collections if isinstance(c, PathCollection))
    assert np.asarray(chance.get_offsets())[:, 0] == pytest.approx([0.17, 0.17])
    assert "a: literal 0.10 (0.08 to 0.12), variant 0.03" in made.alt
    assert "related by chance 0.04" in made.alt
    assert "judge" not in made.alt


def test_a_circular_judge_is_told(drawn: list[Any]) -> None:
    made = stacked_marks(shares("a", circular=True))
    assert [t.get_text() for t in drawn[0].axes[0].get_yticklabels()] == ["a (judges itself)"]
    assert "but the judge is the embedder itself" in made.alt
