"""Drawings made from recipes, and the proofs' distances."""

from __future__ import annotations

import pandas as pd
import pytest

from tokalign import figures
from tokalign.embedders import registry
from tokalign.figures.anatomy import slots

KNOWN = registry()


def kinds(name, **changes):
    return [(slot.kind, slot.weight) for slot in slots(KNOWN[name].model_copy(update=changes))]


def test_what_counts_in_the_vector():
    assert kinds("gritlm") == [("prompt", 0.0)] + [("text", 1.0)] * 4
    assert kinds("gritlm", pool_over="all")[0] == ("prompt", 1.0)
    assert kinds("opt-eol") == [("prompt", 0.0), *[("text", 0.0)] * 4, ("prompt", 1.0)]
    assert kinds("e5-mistral")[-1] == ("end", 1.0)
    assert kinds("simcse")[0] == ("text", 1.0)
    assert [weight for _, weight in kinds("sgpt-nli")] == [0.25, 0.5, 0.75, 1.0]
    framed = slots(KNOWN["sgpt-msmarco"].named("query"))
    assert [framed[0].kind, framed[-1].kind] == ["bracket", "bracket"]


@pytest.mark.parametrize("name", KNOWN)
def test_every_entry_can_be_drawn(name):
    recipe = KNOWN[name]
    picture = figures.anatomy(recipe)
    assert picture.markup.startswith('<div class="tokalign-figure"><svg')
    assert f"How {name} makes a vector" in picture.alt
    assert ("sees all tokens" in picture.alt) == (recipe.attention == "bidirectional")
    assert ("brought to length 1" in picture.alt) == recipe.normalise


def test_a_folder_is_not_named(tmp_path):
    recipe = KNOWN["gpt-neo"].model_copy(update={"checkpoint": str(tmp_path / "mine")})
    assert str(tmp_path) not in figures.anatomy(recipe).alt


def test_several_readings_are_told():
    alt = figures.readings([KNOWN["sgpt-nli"], KNOWN["opt-eol"]]).alt
    assert "sgpt-nli (causal): text 0.2, text 0.5, text 0.8, text 1.0" in alt
    assert "opt-eol (causal): prompt 0.0, text 0.0" in alt


def test_distances_tell_right_from_wrong():
    frame = pd.DataFrame(
        {
            "embedder": ["a", "a", "b", "b"],
            "reading": ["right", "causal", "right", "mean"],
            "right": [True, False, True, False],
            "difference": [1e-7, 0.5, 0.0, 2e-3],
        }
    )
    picture = figures.proof_distances(frame)
    assert "a: right at most 1e-07, with a mistake at least 5e-01" in picture.alt
    assert "b: right at most 0e+00, with a mistake at least 2e-03" in picture.alt


def test_cards_escape_what_they_show():
    markup = figures.cards({"<b>": {"reads": "<|user|>\n{text}"}}).markup
    assert "&lt;b&gt;" in markup
    assert "&lt;|user|&gt;" in markup
    assert "<b>" not in markup
