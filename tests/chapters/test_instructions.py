"""The fourth chapter: its numbers are those of the package, and it says how each was asked."""

from __future__ import annotations

import html
import re
from typing import Any

import pandas as pd
import pytest

from tokalign.datasets.facets import load_facets
from tokalign.embedders import load_embedder
from tokalign.facets import Followed, follow
from tokalign.store import Store

CHAPTER = "04_instructions"
FIRST = "all-minilm-l6-v2"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def followed(small: Any) -> Followed:
    """The page's first embedder, asked by a prefix for want of another way."""
    held = load_facets(limit=40, seed=0)
    return follow(load_embedder(FIRST), held, style="prefix", store=Store(small.store))


@pytest.fixture(scope="module")
def words(small: Any) -> str:
    plain = html.unescape(re.sub(r"<[^>]+>", " ", small.page(CHAPTER)))
    return " ".join(plain.split())


def difference(followed: Followed, measure: str, against: str) -> pd.Series:
    rows = followed.differences.set_index(["measure", "against", "facet"])
    return rows.loc[(measure, against, "all")]


def test_the_glued_numbers_are_the_package_s(small: Any, followed: Followed) -> None:
    glued = {name: value.strip("'") for name, value in small.glued(CHAPTER).items()}
    names = {"rise-each": ("label contrast", "unasked", 2), "gain-v": ("v-measure", "unasked", 3),
             "rise-irrelevant": ("label contrast", "irrelevant", 2),
             "gain-triplets": ("triplet accuracy", "unasked", 3)}  # fmt: skip
    for name, (measure, against, digits) in names.items():
        found = difference(followed, measure, against)
        value, low, high = (f"{found[side]:.{digits}f}" for side in ("value", "low", "high"))
        assert glued[name].startswith(f"{FIRST} {value} ({low} to {high}); ")
    assert glued["n"] == "40"
    errors = difference(followed, "label contrast", "unasked")
    assert glued["wordings-error"] == f"{errors['wordings_error']:.3f}"


def test_how_each_was_asked_is_told(words: str) -> None:
    assert re.search(rf"a part of the text: {FIRST}, mini-sgpt-msmarco\b", words)
    assert "Such a prefix is a control more than a test" in words
    # Its vocabulary of a few letters has no label's word.
    assert "Nothing can be measured with tiny-bert, which is left out of this page: facet" in words
    for said in ("irrelevant: Represent the language of this text",
                 "asks for emotion: Represent the emotion of this text"):  # fmt: skip
        assert said in words


def test_the_verdict_follows_from_the_interval(words: str, followed: Followed) -> None:
    found = difference(followed, "label contrast", "unasked")
    told = re.search(r"The rise of ([^.]*) cannot be told from zero", words)
    sure = found["low"] > 0 or found["high"] < 0
    assert (told is not None and FIRST in told[1]) == (not sure)
