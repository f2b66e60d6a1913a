"""Backbone and embedder side by side: every number is drawn where it belongs, and told."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from tokalign import figures

ROWS = [
    ("a → b", "raw_hit", "backbone", 0.1, 0.05, 0.2),
    ("a → b", "raw_hit", "embedder", 0.6, 0.5, 0.7),
    ("a → b", "raw_hit", "backbone chance", 0.02, 0.01, 0.03),
    ("a → b", "raw_hit", "embedder chance", 0.07, 0.06, 0.08),
    ("a → b", "raw_hit", "gain", 0.5, 0.4, 0.6),
    ("a → b", "lar", "backbone", 0.3, 0.2, 0.4),
    ("a → b", "lar", "embedder", 0.25, 0.2, 0.3),
    ("c → d", "raw_hit", "backbone", 0.2, 0.1, 0.3),
    ("c → d", "raw_hit", "embedder", 0.4, 0.3, 0.5),
    ("c → d", "lar", "backbone", 0.1, 0.0, 0.2),
    ("c → d", "lar", "embedder", 0.9, 0.8, 1.0),
]


def test_the_dots_stand_at_the_values(drawn: list[Any]) -> None:
    gains = pd.DataFrame(ROWS, columns=["pair", "measure", "quantity", "value", "low", "high"])
    made = figures.beside_backbone(gains)
    upper, lower = drawn[0].axes
    points = sorted(xy for dots in upper.collections for xy in dots.get_offsets().tolist())
    expected = [[0.02, 0.25], [0.07, -0.25], [0.1, 0], [0.2, 1], [0.4, 1], [0.6, 0]]
    assert points == [pytest.approx(point) for point in expected]
    assert [t.get_text() for t in lower.get_yticklabels()] == ["a → b", "c → d"]
    assert "embedder 0.60, by chance 0.02 and 0.07" in made.alt
    assert "c → d, LAR over all tokens: backbone 0.10, embedder 0.90" in made.alt
    assert "0.50" not in made.alt
