"""The numbers that are drawn are the numbers of the frame."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection

from tokalign import figures
from tokalign.measures.measurement import Measurement, Overlap
from tokalign.measures.ranks import Literals, ranks

Make = Callable[..., pd.DataFrame]


def shown(axes: Axes) -> dict[str, np.ndarray]:
    """What stands on the axes: the intervals and the three kinds of signs."""
    lines = [c for c in axes.collections if isinstance(c, LineCollection)]
    dots = [c for c in axes.collections if isinstance(c, PathCollection)]
    value, chance, random = (np.ma.getdata(c.get_offsets()) for c in dots)
    segments = np.array([s for s in lines[0].get_segments() if len(s)])
    return {"intervals": segments, "value": value, "chance": chance, "random": random}


def labels(axes: Axes) -> list[str]:
    return [label.get_text() for label in axes.get_yticklabels()]


@pytest.mark.parametrize("names", [("mini-opt",), ("mini-opt", "mini-llama", "sgpt")])
def test_the_metrics_stand_where_the_frame_says(
    frame_of: Make, drawn: list[Any], names: tuple[str, ...]
) -> None:
    frame = frame_of(*names)
    made = figures.metrics_beside_chance(frame)
    axes = drawn[0].axes
    assert [a.get_title(loc="left") for a in axes] == [
        "all tokens", "content words", "as published, cut off at K"
    ]  # fmt: skip
    assert [a.get_xlabel() for a in axes] == ["", "", "share"]
    for one, view in zip(axes, ("tokens", "content", "as_published"), strict=True):
        rows = frame[frame["view"] == view].assign(base=lambda f: f["metric"].str.split(" ").str[0])
        expected = [rows[(rows["base"] == base) & (rows["embedder"] == name)].iloc[0]
                    for base in ("Hit@10", "LAR", "GAR") for name in names]  # fmt: skip
        wanted = [r["base"] if len(names) == 1 else f"{r['base']}, {r['embedder']}"
                  for r in expected]  # fmt: skip
        assert labels(one) == wanted
        found = shown(one)
        for i, row in enumerate(expected):
            assert found["value"][i] == pytest.approx([row["value"], i])
            assert found["chance"][i] == pytest.approx([row["chance"], i + 0.22])
            assert found["random"][i] == pytest.approx([row["chance_random_head"], i - 0.22])
            assert found["intervals"][i] == pytest.approx(
                np.array([[row["low"], i], [row["high"], i]])
            )
    for row in frame.itertuples():
        assert f"{row.value:.2f} ({row.low:.2f} to {row.high:.2f})" in made.alt


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_what_could_not_be_measured_is_not_drawn(
    frame_of: Make, drawn: list[Any], missing: float | None
) -> None:
    made = figures.metrics_beside_chance(frame_of("e", chance=missing))
    found = shown(drawn[0].axes[0])
    assert len(found["chance"]) == 0
    assert len(found["random"]) == 3
    assert "by chance none" in made.alt
    assert "nan" not in made.markup


def test_a_view_without_any_value_is_drawn_empty(frame_of: Make, drawn: list[Any]) -> None:
    frame = frame_of("e")
    numbers = ["value", "low", "high", "chance", "chance_random_head"]
    frame = frame.astype(dict.fromkeys(numbers, object))
    frame.loc[frame["view"] == "content", numbers] = None
    made = figures.metrics_beside_chance(frame)
    assert len(drawn[0].axes) == 3
    assert "content words, LAR: none (none to none)" in made.alt


def test_embedders_of_the_same_name_are_told_apart(frame_of: Make, drawn: list[Any]) -> None:
    made = figures.metrics_beside_chance(frame_of("model", "model"))
    assert labels(drawn[0].axes[0])[:2] == ["Hit@10, model", "Hit@10, model (2)"]
    found = shown(drawn[0].axes[0])["value"]
    assert found[:2, 0] == pytest.approx([0.2, 0.2 + 0.02 * 9])
    assert "model (2), all tokens" in made.alt


def test_labels_stand_in_the_order_of_their_values(frame_of: Make, drawn: list[Any]) -> None:
    values = {"law": 0.5, "art": 0.9, "sea": 0.5, "war": 0.1}
    frame = pd.concat([frame_of("e", value=v).assign(label=n) for n, v in values.items()])
    made = figures.metric_by_label(frame, "LAR", "content")
    (axes,) = drawn[0].axes
    assert labels(axes) == ["art", "law", "sea", "war"]
    assert shown(axes)["value"] == pytest.approx(np.array([[0.9, 0], [0.5, 1], [0.5, 2], [0.1, 3]]))
    assert axes.get_xlabel() == "LAR, content words"
    assert made.alt == ("LAR (content words) by label: art 0.90, law 0.50, sea 0.50, war 0.10")


def test_one_label_is_enough(frame_of: Make, drawn: list[Any]) -> None:
    figures.metric_by_label(frame_of("e").assign(label="only"), "GAR", "tokens")
    assert labels(drawn[0].axes[0]) == ["only"]


def test_the_frames_of_a_measurement_can_be_drawn(drawn: list[Any]) -> None:
    """Three texts, the last of another label and without content words: no value, no chance."""
    literals = Literals.of_ids([[1, 2], [3], [4, 5]])
    found = ranks(literals, np.array([[1, 9], [9, 3], [8, 4]]))
    everywhere = Overlap(found, (), found, np.arange(3))
    some = everywhere.select(np.array([True, True, False]))
    measured = Measurement("e", 2, 0, everywhere, some)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figures.metrics_beside_chance(measured.frame())
        by_label = measured.by_label(["a", "a", "b"])
        made = figures.metric_by_label(by_label, "Hit@2", "content")
    assert made.alt.endswith("by label: a 1.00, b none")
    assert labels(drawn[1].axes[0]) == ["a", "b"]
