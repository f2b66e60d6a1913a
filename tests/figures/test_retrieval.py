"""Retrieval drawn: every number stands where it belongs, and is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest

from tokalign import figures
from tokalign.errors import TokalignError
from tokalign.retrieval.following import Followed
from tokalign.retrieval.matches import Match

FOLLOWED = Followed(
    query="q",
    text="sea & <b>birds</b>",
    documents=("d1", "d2"),
    texts=("Gulls cry $x$ over\nthe sea. " * 9, "Rain."),
    matches=(
        [Match(" sea", 1.0, 3.0, 3.0, True), Match(" gull", 0.5, 2.0, 1.0, False)],
        [Match(" rain", 1.0, 0.5, 0.5, False)],
    ),
    relevant=(True, False),
)


def test_each_document_is_shown_with_what_it_shares() -> None:
    made = figures.what_matched(FOLLOWED)
    assert "sea 3.00, gull 1.00 by expansion" in made.alt
    assert "Rain. (score 0.50, not judged relevant): rain 0.50 by expansion" in made.alt
    root = ElementTree.fromstring(f"<div>{made.markup}</div>")
    first, second = root.findall(".//li")
    chips = [
        c.get("class", "").split()[-1] for c in first.iter("span") if "chip" in c.get("class", "")
    ]
    assert chips == ["tokalign-literal", "tokalign-variant"]
    assert "".join(second.itertext()).startswith("Rain.score 0.50, not judged relevant")
    words = "".join(first.itertext())
    assert words.startswith("Gulls cry $x$ over the sea.")
    assert "…" in words
    assert "sea & <b>birds</b>" in "".join(root.itertext())
    many = [Match(f"t{i}", 1.0, 1.0, 1.0, False) for i in range(11)]
    rest = figures.what_matched(replace(FOLLOWED, matches=(many, many)))
    assert rest.alt.endswith("t7 1.00 by expansion and 3 more, 3.00")
    with pytest.raises(TokalignError, match="nothing was found"):
        figures.what_matched(Followed("q", "x", (), (), (), ()))


def test_each_system_stands_at_its_value(drawn: list[Any]) -> None:
    rows = [("a", "dense", 0.8, 0.7, 0.9), ("a", "sparse", 0.75, 0.6, 0.8),
            ("b", "bm25", 0.5, 0.4, 0.6), ("b", "dense", 0.3, 0.2, 0.4),
            ("b", "sparse", 0.35, 0.3, 0.45), ("a", "bm25", 0.5, 0.4, 0.6)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["embedder", "run", "value", "low", "high"])
    made = figures.systems_compared(frame)
    for axes, name, values in zip(
        drawn[0].axes, "ab", ([0.8, 0.75, 0.5], [0.3, 0.35, 0.5]), strict=True
    ):
        assert axes.get_title(loc="left") == name
        points = [
            dots.get_offsets().tolist() for dots in axes.collections if len(dots.get_offsets())
        ]
        assert [v, p] in points[-1] if (v := values[1]) and (p := 1.0) else False
        assert [x for x, _ in points[-1]] == values
    assert "a: dense 0.80 (0.70 to 0.90), sparse, from aligned tokens 0.75" in made.alt
    with pytest.raises(TokalignError, match="no system"):
        figures.systems_compared(frame.iloc[:0])


def test_the_grid_has_a_cell_for_each_k_and_m(drawn: list[Any]) -> None:
    frame = pd.DataFrame({"k": [16, 16, 64, 64], "expand": [0, 10, 0, 10],
                          "value": [0.1, 0.2, 0.3, 0.4]})  # fmt: skip
    made = figures.grid_of_k_and_m(frame)
    assert [t.get_text() for t in drawn[0].axes[0].texts] == ["0.30", "0.40", "0.10", "0.20"]
    assert [t.get_text() for t in drawn[0].axes[0].get_yticklabels()] == ["64", "16"]
    assert "highest 0.40 at K 64, M 10; lowest 0.10 at K 16, M 0" in made.alt
    with pytest.raises(TokalignError, match="no setting"):
        figures.grid_of_k_and_m(frame.iloc[:0])


def test_groups_of_queries_stand_in_their_order(drawn: list[Any]) -> None:
    frame = pd.DataFrame(
        [(run, group, n, value, value - 0.1, value + 0.1)
         for run, values in {"dense": (0.5, 0.4), "sparse": (0.6, 0.3)}.items()
         for group, n, value in zip(("whole", "cut"), (12, 3), values, strict=True)],
        columns=["run", "group", "n", "value", "low", "high"],
    )  # fmt: skip
    made = figures.by_rarity(frame)
    axes = drawn[0].axes[0]
    assert [line.get_ydata().tolist() for line in axes.lines] == [[0.5, 0.4], [0.6, 0.3]]
    assert [t.get_text() for t in axes.get_xticklabels()] == [
        "whole\n(12 queries)",
        "cut\n(3 queries)",
    ]
    assert "sparse, from aligned tokens: whole 0.60, cut 0.30" in made.alt
    with pytest.raises(TokalignError, match="no group"):
        figures.by_rarity(frame.iloc[:0])


COST = pd.DataFrame(
    [("sparse", "a", 16, 0, 1e3, 100.0, 0.5, 0.4),
     ("sparse", "b", 64, 0, 1e3, 400.0, 0.6, 1.0),
     ("sparse", "c", 16, 10, 1e3, 900.0, 0.7, 2.0),
     ("dense", "dense", None, None, 1e3, 4e5, 0.8, 9.0),
     ("bm25", "BM25", None, None, 1e3, 50.0, 0.4, 0.2),
     ("dense", "dense", None, None, 1e4, 4e6, None, 90.0)],
    columns=["system", "label", "k", "expand", "documents", "adds", "value", "milliseconds"],
)  # fmt: skip


def test_cost_and_worth_stand_at_the_same_point(drawn: list[Any]) -> None:
    made = figures.cost_curve(COST[COST["value"].notna()], "adds", "multiply-adds")
    axes = drawn[0].axes[0]
    lines = [sorted(zip(*line.get_data(), strict=True)) for line in axes.lines]
    assert lines == [[(100, 0.5), (400, 0.6)], [(900, 0.7)]]
    points = [dots.get_offsets().tolist()[0] for dots in axes.collections]
    assert points == [[4e5, 0.8], [50, 0.4]]
    assert "M 0: K 16 costs 100 for 0.50, K 64 costs 400 for 0.60" in made.alt
    assert "dense, exact costs 4e+05 for 0.80" in made.alt
    with pytest.raises(TokalignError, match="no cost of sparse"):
        figures.cost_curve(COST[COST["system"] == "dense"], "adds", "x")


def test_time_is_drawn_over_the_number_of_documents(drawn: list[Any]) -> None:
    made = figures.cost_by_size(COST)
    lines = {line.get_label(): line.get_xydata().tolist() for line in drawn[0].axes[0].lines}
    assert lines["dense"] == [[1e3, 9.0], [1e4, 90.0]]
    assert lines["BM25"] == [[1e3, 0.2]]
    assert "dense: 90 at 10,000" in made.alt
    with pytest.raises(TokalignError, match="no time"):
        figures.cost_by_size(COST.iloc[:0])
