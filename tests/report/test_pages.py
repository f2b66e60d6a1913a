"""What all chapters show alike."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd

from tokalign.datasets import TextSet
from tokalign.report.pages import how_made, plain_table


def test_how_a_page_was_made() -> None:
    loaded: list[Any] = [SimpleNamespace(name=name, fingerprint=name * 40) for name in "ab"]
    texts = TextSet("mine", ("one", "two"), None, "here", "c" * 64, "CC0")
    shown = how_made(loaded, texts, 7).to_html()
    for part in ("a, b", "aaaaaaaaaaaa, bbbbbbbbbbbb", "mine", "cccccccccccc", ">7<", "how this"):
        assert part in shown
    assert "c" * 13 not in shown
    assert 'id="T_provenance"' in shown


def test_a_plain_table() -> None:
    frame = pd.DataFrame({"what": ["x"], "value": [0.12345], "other": [None]})
    shown = plain_table(frame, "small", 2).to_html()
    assert ">0.12<" in shown
    assert ">none<" in shown
    assert 'id="T_small"' in shown
    assert "row_heading" not in shown
