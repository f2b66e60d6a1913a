"""Manifests of the miniatures as tables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tokalign.errors import TokalignError
from tokalign.report.cards import loss_curves, made_table, manifests, watched

BACKBONE = {
    "tokens": 8_000_000, "minutes": 95.6, "dtype": "float16", "licence": "CC-BY-SA-3.0",
    "held_out": {"perplexity": 81.8},
    "log": [{"tokens": 1000, "held_out_loss": 6.1, "minutes": 1.0},
            {"tokens": 1500, "loss": 6.0, "minutes": 1.2},
            {"tokens": 2000, "held_out_loss": 5.8, "minutes": 2.0}],
}  # fmt: skip
EMBEDDER = {
    "backbone": "mini-gpt-neo", "steps": 900, "minutes": 30.0, "dtype": "float16",
    "licence": "CC-BY-SA-3.0",
    "log": [{"step": 0, "content_hit_raw": 0.3}, {"step": 250, "content_hit_raw": 0.7}],
    "phases": [{"objective": "mntp", "method": "lora"},
               {"objective": "contrastive", "method": "lora"}],
}  # fmt: skip


def test_manifests_are_read_in_the_order_of_the_registry(tmp_path: Path) -> None:
    for name, said in {"mini-sgpt-nli": EMBEDDER, "mini-gpt-neo": BACKBONE, "other": {}}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").write_text(json.dumps(said))
    found = manifests(tmp_path)
    assert list(found) == ["mini-gpt-neo", "mini-sgpt-nli"]
    curve = loss_curves(found)
    assert curve.values.tolist() == [
        ["mini-gpt-neo", 1000, 6.1, 1.0],
        ["mini-gpt-neo", 2000, 5.8, 2.0],
    ]
    seen = watched(found, "content_hit_raw")
    assert seen.values.tolist() == [["mini-sgpt-nli", 0, 0.3], ["mini-sgpt-nli", 250, 0.7]]
    table = made_table(found).set_index("model")
    assert table.loc["mini-gpt-neo", "training"] == "next token"
    assert table.loc["mini-gpt-neo", "seen"] == "8,000,000 tokens"
    assert table.loc["mini-gpt-neo", "perplexity"] == 81.8
    assert table.loc["mini-sgpt-nli", "training"] == "mntp (lora), then contrastive (lora)"
    assert table.loc["mini-sgpt-nli", "seen"] == "900 steps"
    with pytest.raises(TokalignError, match="holds no miniature"):
        manifests(tmp_path / "elsewhere")


def test_every_miniature_of_the_book_has_a_manifest() -> None:
    found = manifests()
    assert "mini-gpt-neo" in found
    for name, said in found.items():
        assert said["licence"] == "CC-BY-SA-3.0", name
        assert said["minutes"] > 0, name
