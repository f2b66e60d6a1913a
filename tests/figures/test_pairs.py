"""Pairs drawn: every number stands where it belongs, and is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tokalign.errors import TokalignError
from tokalign.figures import (
    PairRead,
    beside_each_other,
    pair_with_tokens,
    split_beside_deletion,
    words_taken_away,
)

READ = PairRead("mini <x>", (" apple", " tea", "<b>"), ("apple", " cold"), 0.9, 0.6)


def test_a_pair_shows_which_tokens_are_in_both_lists() -> None:
    made = pair_with_tokens(("I like $x$ & apples.", "I <i>dislike</i> apples."), [READ])
    assert READ.position == pytest.approx(0.75)
    assert made.markup.count("tokalign-chip tokalign-literal") == 2  # apple, in either list
    assert made.markup.count("tokalign-chip tokalign-variant") == 3
    assert "cosine 0.90, of strangers 0.60, position 0.75" in made.markup
    assert "<b>" not in made.markup
    assert "<i>dislike" not in made.markup
    assert "mini <x>" not in made.markup
    assert "first: apple, tea, <b>; second: apple, cold" in made.alt
    with pytest.raises(TokalignError, match="no model"):
        pair_with_tokens(("a", "b"), [])


def by_kind(chance: bool) -> pd.DataFrame:
    rows = [("a", "negation", 0.7, 0.6, 0.8), ("a", "number", 0.8, 0.7, 0.9),
            ("b", "negation", 0.9, 0.85, 0.95), ("b", "number", *3 * [np.nan])]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["embedder", "kind", "value", "low", "high"])
    return frame.assign(chance=[0.1, 0.2, 0.3, 0.4]) if chance else frame


@pytest.mark.parametrize("chance", [False, True])
def test_embedders_stand_beside_each_other_in_a_row(drawn: list[Any], chance: bool) -> None:
    made = beside_each_other(by_kind(chance), "kind", "position", names={"number": "n"}, line=0)
    axes = drawn[0].axes[0]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["negation", "n"]
    offsets = [dots.get_offsets().tolist() for dots in axes.collections]
    # A value that is missing is masked, which becomes None here.
    points = {(round(x, 6), round(y)) for row in offsets for x, y in row if x is not None}
    values = {x for x, _ in points}
    assert {0.7, 0.8, 0.9} <= values
    assert ({0.1, 0.2, 0.3, 0.4} <= values) == chance
    assert {(0.7, 0), (0.9, 0), (0.8, 1)} <= points
    assert "a, negation: 0.70 (0.60 to 0.80)" in made.alt
    assert "a, n: 0.80" in made.alt
    assert "b, n:" not in made.alt
    assert ("by chance 0.10" in made.alt) == chance
    names = [t.get_text() for t in drawn[0].legends[0].get_texts()]
    assert names == ["a", "b", *["by chance"] * chance]
    with pytest.raises(TokalignError, match="no value"):
        beside_each_other(by_kind(chance).iloc[:0], "kind", "position")


def effects(embedder: str, share: float) -> pd.DataFrame:
    frame = pd.DataFrame(
        {"pair": 0, "side": ["first", "second"], "word": ["like", "dislike"],
         "changed": [False, True], "drop": [0.2, -0.1], "share": [share, 2 * share]}
    )  # fmt: skip
    return frame.assign(embedder=embedder)


def test_each_bar_is_what_the_cosine_loses(drawn: list[Any]) -> None:
    both = pd.concat([effects("a", 0.01), effects("b", np.nan)])
    made = words_taken_away(both)
    for axes, name in zip(drawn[0].axes, "ab", strict=True):
        assert [bar.get_width() for bar in axes.patches] == [0.2, -0.1]
        assert axes.get_title(loc="left") == name
        colours = [bar.get_facecolor() for bar in axes.patches]
        assert colours[0] != colours[1]
    labels = [t.get_text() for t in drawn[0].axes[0].get_yticklabels()]
    assert labels == ["like  (first)", "dislike  (second)"]
    assert "a: like of the first text +0.20 (split +0.010)" in made.alt
    assert "b: like of the first text +0.20, dislike of the second text -0.10" in made.alt
    with pytest.raises(TokalignError, match="words of 2 pairs"):
        words_taken_away(pd.concat([both, both.assign(pair=1)]))
    with pytest.raises(TokalignError, match="words of 0 pairs"):
        words_taken_away(both.iloc[:0])


def test_split_and_deletion_are_a_point_each(drawn: list[Any]) -> None:
    both = pd.concat([effects("a", 0.01), effects("b", np.nan)])
    made = split_beside_deletion(both, {"a": 0.4})
    (axes,) = drawn[0].axes
    points = [c.get_offsets().tolist() for c in axes.collections]
    assert points == [[[0.01, 0.2]], [[0.02, -0.1]]]
    assert axes.get_title() == "a\nSpearman 0.40"
    assert "a: Spearman 0.40 over 2 words, shares from 0.010 to 0.020" in made.alt
    with pytest.raises(TokalignError, match="no word"):
        split_beside_deletion(effects("b", np.nan), {})
