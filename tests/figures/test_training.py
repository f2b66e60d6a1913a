"""Loss against tokens: each model's line has its numbers, and the last is told."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from tokalign import figures


def test_a_line_for_each_model(drawn: list[Any]) -> None:
    rows = [
        {"model": model, "tokens": tokens, "held_out_loss": start - tokens / 1e6}
        for model, start in (("a", 6.0), ("b", 5.0))
        for tokens in (2_000_000, 1_000_000)
    ]
    made = figures.loss_curve(pd.DataFrame(rows))
    lines = drawn[0].axes[0].lines
    assert [line.get_xdata().tolist() for line in lines] == [[1.0, 2.0]] * 2
    assert lines[1].get_ydata().tolist() == pytest.approx([4.0, 3.0])
    assert "a: 5.00 at the first point, 4.00 after 2 million tokens" in made.alt
    grown = figures.growth_curve(
        pd.DataFrame({"model": ["a"], "tokens": [3e6], "value": [0.5]}), "share"
    )
    assert "0.50 after 3 million tokens" in grown.alt
    steps = pd.DataFrame({"model": ["a", "a"], "step": [0, 250], "value": [0.3, 0.7]})
    assert "0.30 at the first point, 0.70 after 250 steps" in figures.watched_curve(steps, "x").alt
