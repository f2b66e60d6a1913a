"""Instructions drawn: every number stands where it belongs, and is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tokalign.errors import TokalignError
from tokalign.figures.facets import (
    differences_by_facet,
    levels_by_condition,
    moves_along_components,
    moves_by_instruction,
    rise_and_gain,
    tokens_exchanged,
)

FACETS = ("topic", "emotion")


def measured(key: str, conditions: tuple[str, ...], *embedders: str) -> pd.DataFrame:
    """Every value differs from every other; the measure is not the only one."""
    rows = []
    for embedder in embedders:
        for facet in FACETS:
            for condition in conditions:
                value = 0.1 + 0.03 * len(rows)
                rows.append({"embedder": embedder, "measure": "contrast", "facet": facet,
                             key: condition, "value": value, "low": value - 0.2,
                             "high": value + 0.1, "chance": value / 2})  # fmt: skip
    frame = pd.DataFrame(rows)
    return pd.concat([frame, frame.assign(measure="other", value=9.0)], ignore_index=True)


def points(axes: Any) -> list[tuple[float, float]]:
    return [tuple(xy) for dots in axes.collections for xy in dots.get_offsets().tolist()]


def test_each_condition_stands_at_its_value(drawn: list[Any]) -> None:
    frame = measured("condition", ("asked", "unasked", "empty", "irrelevant"), "a", "b")
    made = levels_by_condition(frame, "contrast")
    assert [axes.get_title(loc="left") for axes in drawn[0].axes] == ["a", "b"]
    for axes, name in zip(drawn[0].axes, "ab", strict=True):
        mine = frame[(frame["measure"] == "contrast") & (frame["embedder"] == name)]
        found = points(axes)
        assert [x for x, _ in found[::2]] == pytest.approx(
            mine.sort_values(["condition", "facet"], key=lambda column: column.map(
                {"asked": 0, "unasked": 1, "empty": 2, "irrelevant": 3,
                 "topic": 0, "emotion": 1}))["value"].tolist()
        )  # fmt: skip
        assert [x for x, _ in found[1::2]] == pytest.approx([x / 2 for x, _ in found[::2]])
        rows = [round(y) for _, y in found]
        assert set(rows) == {0, 1}
        assert [tick.get_text() for tick in axes.get_yticklabels()] == list(FACETS)
    assert "a, topic, the facet is asked for: 0.10 (-0.10 to 0.20), by chance 0.05" in made.alt
    assert "9.00" not in made.alt
    with pytest.raises(TokalignError, match="no 'contras' to draw; allowed: 'contrast', 'other'"):
        levels_by_condition(frame, "contras")


def test_a_difference_without_bounds_is_drawn_without(drawn: list[Any]) -> None:
    frame = measured("against", ("empty", "irrelevant"), "a")
    frame.loc[0, ["low", "high"]] = [-np.inf, np.inf]
    made = differences_by_facet(frame, "contrast", "rise")
    [axes] = drawn[0].axes
    assert axes.get_xlabel() == "rise"
    lines = [line for line in axes.lines if len(set(line.get_xdata())) == 2]
    assert len(lines) == 3
    assert "a, topic, against: no instruction: 0.10, by chance" in made.alt
    keys = [text.get_text() for text in drawn[0].legends[0].get_texts()]
    assert keys == ["against: no instruction", "against: an irrelevant one", "by chance"]


TOKENS = pd.DataFrame(
    [("topic", "enters", " Food", 0.3, 0.1, 0.2, "food"),
     ("topic", "enters", "$x$", 0.2, 0.15, 0.05, ""),
     ("topic", "leaves", "the", 0.4, 0.4, 0.4, ""),
     ("emotion", "enters", "joy", 0.1, 0.0, 0.0, "joy")],
    columns=["facet", "direction", "word", "share", "unasked", "irrelevant", "label"],
)  # fmt: skip


def test_tokens_stand_on_their_side(drawn: list[Any]) -> None:
    made = tokens_exchanged(TOKENS, most=2)
    leaves, enters, other, joy = drawn[0].axes
    assert [bar.get_width() for bar in enters.patches] == [0.3, 0.2]
    assert [bar.get_width() for bar in leaves.patches] == [0.4]
    assert [t.get_text() for t in enters.get_yticklabels()] == ["Food *", "$x$"]
    assert points(enters) == [(0.1, 0), (0.15, 1), (0.2, 0), (0.05, 1)]
    assert not other.patches
    assert joy.get_title(loc="left") == "emotion asked for: enters"
    assert "topic, enters: Food * 0.30, $x$ 0.20" in made.alt
    tokens_exchanged(TOKENS, most=1)
    assert len(drawn[1].axes[1].patches) == 1
    with pytest.raises(TokalignError, match="does not move"):
        tokens_exchanged(TOKENS.iloc[:0])


def test_moves_of_what_is_asked_and_of_what_is_not(drawn: list[Any]) -> None:
    rows = [("a", "g", "topic", "far", 0.2), ("a", "g", "irrelevant", "far", 0.3),
            ("b", "g", "topic", "far", 0.4), ("b", "g", "irrelevant", "far", 0.5),
            ("b", "g", "irrelevant", "new", 0.9)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["embedder", "group", "asked", "quantity", "value"])
    frame = frame.assign(low=frame["value"] - 0.1, high=frame["value"] + 0.1)
    made = moves_by_instruction(frame, "far", "distance")
    assert [points(axes) for axes in drawn[0].axes] == [
        [(0.2, 0.0), (0.3, 1.0)], [(0.4, 0.0), (0.5, 1.0)]
    ]  # fmt: skip
    colours = [dots.get_facecolor()[0].tolist() for dots in drawn[0].axes[0].collections]
    assert colours[0] != colours[1]
    assert "b, g, irrelevant: 0.50 (0.40 to 0.60)" in made.alt
    with pytest.raises(TokalignError, match="no 'near' to draw"):
        moves_by_instruction(frame, "near", "x")


def test_components_are_means_over_wordings(drawn: list[Any]) -> None:
    rows = [(asked, wording, component, share + wording / 100, 0.1)
            for asked, share in (("topic", 0.2), ("irrelevant", 0.3))
            for wording in (1, 3) for component in (1, 2, 0)]  # fmt: skip
    columns = ["asked", "wording", "component", "share_of_energy", "chance"]
    made = moves_along_components(pd.DataFrame(rows, columns=columns))
    topic, idle, chance = drawn[0].axes[0].lines
    assert topic.get_xydata().tolist() == [[1, pytest.approx(0.22)], [2, pytest.approx(0.22)]]
    assert idle.get_ydata().tolist() == pytest.approx([0.32, 0.32])
    assert set(chance.get_ydata()) == {0.1}
    assert "irrelevant: 0.320, 0.320" in made.alt
    with pytest.raises(TokalignError, match="no components of moves"):
        moves_along_components(pd.DataFrame())


def test_rise_is_drawn_against_gain(drawn: list[Any]) -> None:
    rows = [("a", "topic", 0.1, 0.01), ("a", "topic", -0.2, 0.02), ("a", "emotion", 0.3, 0.03),
            ("b", "topic", 0.4, 0.04), ("b", "emotion", 0.5, 0.05)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["embedder", "facet", "rise", "gain"])
    made = rise_and_gain(frame.assign(measure="v"), "v")
    one, two = drawn[0].axes
    assert points(one) == [(0.1, 0.01), (-0.2, 0.02), (0.3, 0.03)]
    assert points(two) == [(0.4, 0.04), (0.5, 0.05)]
    assert "a, topic: 0.100 and 0.010, -0.200 and 0.020" in made.alt
    with pytest.raises(TokalignError, match="allowed: 'v'"):
        rise_and_gain(frame.assign(measure="v"), "w")
