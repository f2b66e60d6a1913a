"""A figure as inline SVG that takes the page's own text colour, so that it reads light and dark.

Matplotlib draws the lines and words in one stand-in colour, which becomes ``currentColor`` in the
SVG. Every picture has an alternative text.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import matplotlib as mpl
import matplotlib.pyplot as plt
import seaborn as sns
from matplotlib.figure import Figure

#: Drawn where the page's text colour should be. No figure uses it for anything else.
_TEXT = "#010203"
#: Readable on white and on near-black, and apart for colour-blind eyes (Okabe and Ito 2008).
BLUE, ORANGE, GREY = "#2b83ba", "#d55e00", "#8a8a8a"


@dataclass(frozen=True)
class Picture:
    """What a notebook shows: HTML, with the picture's content told in words.

    Attributes:
        markup: HTML or SVG.
        alt: What the picture shows, for those who do not see it.
    """

    markup: str
    alt: str

    def _repr_html_(self) -> str:
        return self.markup

    def __repr__(self) -> str:
        return f"Picture: {self.alt}"


@contextmanager
def theme(name: str) -> Iterator[None]:
    """Seaborn's theme on a clear background, for the drawing inside.

    Args:
        name: Salt of the SVG's internal names, so that the same figure gives the same bytes and
            two figures of a page do not share them.
    """
    settings = {
        **sns.axes_style("ticks"),
        **sns.plotting_context("notebook"),
        "svg.hashsalt": name,
        "svg.fonttype": "path",
        "figure.facecolor": "none",
        "axes.facecolor": "none",
        "savefig.facecolor": "none",
        "axes.spines.top": False,
        "axes.spines.right": False,
        **dict.fromkeys(
            ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"),
            _TEXT,
        ),
    }
    with mpl.rc_context(settings):
        yield


def picture(figure: Figure, alt: str) -> Picture:
    """Turn a drawn figure into a picture, and close it.

    Args:
        figure: Drawn inside `theme`.
        alt: What it shows, in words.
    """
    buffer = io.StringIO()
    # The salt is read when the file is written, so this must be inside `theme` too.
    figure.savefig(buffer, format="svg", bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)
    body = buffer.getvalue()
    body = body[body.index("<svg") :].replace(_TEXT, "currentColor")
    # The style sheet inside the SVG would apply to the whole page.
    body = re.sub(r"<defs>\s*<style[^>]*>.*?</style>\s*</defs>", "", body, count=1, flags=re.S)
    body = body.replace("<svg", '<svg role="img" stroke-linejoin="round"', 1)
    words = html.escape(alt, quote=True)
    body = body.replace("<svg", f'<svg aria-label="{words}"', 1)
    return Picture(f'<div class="tokalign-figure">{body}</div>', alt)
