"""Layers: each model's values stand in its panel, in the order of the layers."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from tokalign import figures


def test_a_line_for_each_way_of_norming(drawn: list[Any]) -> None:
    rows = [
        {"model": model, "layer": layer, "norm": norm, "value": value + layer / 10,
         "low": value, "high": 0.9}
        for model, value in (("a", 0.1), ("b", 0.3))
        for norm in ("before_pooling", "after_pooling")
        for layer in (2, 0, 1)
    ]  # fmt: skip
    made = figures.by_layer(pd.DataFrame(rows), "share of texts")
    first, second = drawn[0].axes
    assert first.get_title(loc="left") == "a"
    for line in second.lines:
        assert line.get_xdata().tolist() == [0, 1, 2]
        assert line.get_ydata().tolist() == pytest.approx([0.3, 0.4, 0.5])
    assert "a, token states normed, then pooled: 0.10, 0.20, 0.30" in made.alt
