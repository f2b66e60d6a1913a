"""The second chapter: its numbers are those of the package, with and without a backbone."""

from __future__ import annotations

import html
import re
from typing import Any

import numpy as np
import pytest

from tokalign.datasets import load_texts
from tokalign.embedders import load_embedder
from tokalign.measures import VectorOverlap
from tokalign.spectrum import Comparison, adjusted, compare, variation
from tokalign.store import Store

CHAPTER = "02_first_component"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def texts() -> tuple[str, ...]:
    return load_texts("sentences", limit=40, seed=0).texts


@pytest.fixture(scope="module")
def pair(small: Any, texts: tuple[str, ...]) -> Comparison:
    """The page's one pair, made here."""
    return compare(load_embedder("mini-sgpt-msmarco"), texts, store=Store(small.store))


def test_the_glued_numbers_are_the_package_s(
    small: Any, pair: Comparison, texts: tuple[str, ...]
) -> None:
    glued = {name: value.strip("'") for name, value in small.glued(CHAPTER).items()}
    assert glued["pair"] == pair.name == "mini-gpt-neo → mini-sgpt-msmarco"
    found = variation(pair.h.vectors, pair.changed.vectors)
    assert glued["v1"] == f"{found.v[0]:.2f}"
    assert glued["v-others"] == f"{np.abs(found.v[1:]).max():.2f}"
    assert glued["share-of-shift"] == f"{found.share_of_shift_on_pc1:.3f}"
    assert glued["share-of-energy"] == f"{found.share_of_energy[0]:.2f}"
    overlap = VectorOverlap([texts[i] for i in pair.scored], pair.embedder.tokenizer)
    scored = pair.h.select(pair.scored)
    for name, lam in {"zero": 0.0, "minus-m1": -pair.m1}.items():
        measured = overlap.per_text(adjusted(scored, pair.u1, lam), pair.head)
        assert float(glued[f"raw-{name}"]) == pytest.approx(measured["raw_hit"].mean())
        assert float(glued[f"empty-{name}"]) == pytest.approx(measured["non_content"].mean())


def test_what_has_no_backbone_is_told(small: Any) -> None:
    page = small.page(CHAPTER)
    words = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())
    assert "No backbone can be had here for all-minilm-l6-v2" in words
    for rival in ("mean subtraction", "all-but-the-top", "whitening"):
        assert rival in page


def test_the_slider_is_on_the_page_with_every_pair(small: Any, pair: Comparison) -> None:
    page = small.page(CHAPTER)
    assert page.count('class="tokalign-slider ') == 1
    data = re.search(r'<script type="application/json" data-part="data">(.*?)</script>', page, re.S)
    assert data is not None
    assert "mini-sgpt-msmarco" in data[1]
    assert "all-minilm-l6-v2" in data[1]
