"""A figure as inline SVG that takes the page's own text colour, so that it reads light and dark.

Matplotlib draws the lines and words in one stand-in colour, which becomes ``currentColor`` in the
SVG. Every picture has an alternative text.
"""

from __future__ import annotations

import hashlib
import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from unicodedata import east_asian_width
from xml.etree import ElementTree

import matplotlib as mpl
import matplotlib.pyplot as plt
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.text import Text

from tokalign.figures.words import text_shown

#: Drawn where the page's text colour should be. No figure uses it for anything else.
TEXT = "#010203"
#: Readable on white and on near-black, and apart for colour-blind eyes (Okabe and Ito 2008).
BLUE, ORANGE, GREEN, GREY = "#2b83ba", "#d55e00", "#009e73", "#8a8a8a"
_SVG = "{http://www.w3.org/2000/svg}"
_XLINK = "{http://www.w3.org/1999/xlink}"
_HREF = _XLINK + "href"
_NO_GLYPH = r"Glyph \d+"


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
        name: Salt of the SVG's internal names, so that the same figure gives the same bytes.
    """
    settings = {
        **sns.axes_style("ticks"),
        **sns.plotting_context("notebook"),
        # Comes with matplotlib, so a figure is the same on every machine, and has our signs.
        "font.family": ["DejaVu Sans"],
        # A dollar sign in a token is no formula.
        "text.parse_math": False,
        "svg.hashsalt": name,
        "svg.fonttype": "path",
        "figure.facecolor": "none",
        "axes.facecolor": "none",
        "savefig.facecolor": "none",
        "axes.spines.top": False,
        "axes.spines.right": False,
        **dict.fromkeys(
            ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"),
            TEXT,
        ),
    }
    with mpl.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", _NO_GLYPH)  # `picture` deals with it
        yield


def picture(figure: Figure, alt: str) -> Picture:
    """Turn a drawn figure into a picture, and close it.

    Args:
        figure: Drawn inside `theme`.
        alt: What it shows, in words.
    """
    said = " ".join(text_shown(alt).split())
    root = ElementTree.fromstring(_svg(figure))
    plt.close(figure)
    for parent in list(root.iter()):
        for child in list(parent):
            # The style sheet would apply to the whole page; the metadata name the program.
            if child.tag in (f"{_SVG}metadata", f"{_SVG}style"):
                parent.remove(child)
    root.attrib = {"role": "img", "aria-label": said, "stroke-linejoin": "round", **root.attrib}
    _name_apart(root)
    for element in root.iter():
        element.tag = element.tag.removeprefix(_SVG)
        for name, value in element.attrib.items():
            element.attrib[name] = value.replace(TEXT, "currentColor")
    root.set("xmlns", _SVG.strip("{}"))
    markup = ElementTree.tostring(root, encoding="unicode")
    return Picture(f'<div class="tokalign-figure">{markup}</div>', said)


def _svg(figure: Figure) -> str:
    """Letters as outlines; where the font lacks one, as text in the fonts of the reader."""
    # The salt and the font type are read when the file is written, so this is inside `theme` too.
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", _NO_GLYPH)
            return _written(figure, 0.1)
    except UserWarning:
        texts = [text.get_text() for text in figure.findobj(Text)]
        wide = max(sum(east_asian_width(c) in "WF" for c in text) for text in texts)
        with mpl.rc_context({"svg.fonttype": "none"}):
            # The reader's letters are wider than the empty boxes that were measured.
            return _written(figure, 0.1 * (wide + 1))


def _written(figure: Figure, padding: float) -> str:
    buffer = io.StringIO()
    figure.savefig(
        buffer, format="svg", bbox_inches="tight", pad_inches=padding, metadata={"Date": None}
    )
    return buffer.getvalue()


def _name_apart(root: ElementTree.Element) -> None:
    """Give the names inside a picture a mark of its own: pictures of a page share their names."""
    mark = hashlib.sha256(ElementTree.tostring(root)).hexdigest()[:12]
    used: set[str] = set()
    for element in root.iter():
        for name, value in list(element.attrib.items()):
            if name in (_HREF, "clip-path"):
                used.update(re.findall(r"#([^)]+)", value))
                del element.attrib[name]
                element.set(name.removeprefix(_XLINK), value.replace("#", f"#t{mark}-"))
    for element in root.iter():
        if (name := element.attrib.pop("id", "")) in used:
            element.set("id", f"t{mark}-{name}")
