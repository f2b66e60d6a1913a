"""Frames and texts as the measures give them, made by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest
from matplotlib.figure import Figure

from tokalign.figures import Picture
from tokalign.measures import MarkedText

mpl.use("agg")
SVG = "{http://www.w3.org/2000/svg}"
VIEWS = {
    "tokens": ("Hit@10", "LAR", "GAR"),
    "content": ("Hit@10", "LAR", "GAR"),
    "as_published": ("Hit@10", "LAR (cut off at 10)", "GAR (cut off at 10)"),
}


@pytest.fixture
def frame_of() -> Callable[..., pd.DataFrame]:
    """A frame of embedders: every value differs from every other."""

    def make(*embedders: str, **fixed: Any) -> pd.DataFrame:
        rows = []
        for embedder in embedders:
            for view, metrics in VIEWS.items():
                for metric in metrics:
                    value = 0.2 + 0.02 * len(rows)
                    numbers = {"value": value, "low": value - 0.07, "high": value + 0.05,
                               "chance": value / 3, "chance_random_head": value / 7}  # fmt: skip
                    rows.append({"embedder": embedder, "view": view, "metric": metric, "n": 40,
                                 **numbers, **fixed})  # fmt: skip
        return pd.DataFrame(rows)

    return make


@pytest.fixture
def marked() -> Callable[..., MarkedText]:
    """A text with the given tokens; the marks take turns."""

    def make(*tokens: str, text: str = "The cat sat.", matched: Any = ((4, 7),)) -> MarkedText:
        marks = [("literal", "variant", "other")[i % 3] for i in range(len(tokens))]
        logits = [5.0 - 0.5 * i for i in range(len(tokens))]
        return MarkedText(text, tokens, tuple(logits), tuple(marks), matched)  # type: ignore[arg-type]

    return make


@pytest.fixture
def drawn() -> Iterator[list[Figure]]:
    """The figures that are drawn, kept open for a look at what is on them."""
    figures: list[Figure] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plt, "close", figures.append)
        yield figures
    for figure in figures:
        plt.close(figure)


@pytest.fixture
def svg() -> Callable[[Picture], ElementTree.Element]:
    """The picture's one SVG, parsed strictly."""

    def parse(picture: Picture) -> ElementTree.Element:
        markup = picture.markup
        assert markup.count("<svg") == 1
        end = markup.index("</svg>") + len("</svg>")
        return ElementTree.fromstring(markup[markup.index("<svg") : end])

    return parse
