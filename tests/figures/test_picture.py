"""What every drawn figure keeps: well formed, told in words, readable on any background."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any
from unicodedata import category
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from tokalign import figures
from tokalign.figures import Picture
from tokalign.figures.picture import picture, theme
from tokalign.measures import MarkedText

SVG = "{http://www.w3.org/2000/svg}"
SHAPES = {f"{SVG}{name}" for name in ("path", "use", "rect", "circle", "text", "polygon", "line")}
Parse = Callable[[Picture], ElementTree.Element]


@pytest.fixture(params=["metrics", "labels", "text"])
def figure(
    request: pytest.FixtureRequest,
    frame_of: Callable[..., pd.DataFrame],
    marked: Callable[..., MarkedText],
) -> Callable[..., Picture]:
    """Each drawing function, called with the names to be told."""

    def draw(name: str) -> Picture:
        if request.param == "metrics":
            return figures.metrics_beside_chance(frame_of(name, "second"))
        if request.param == "labels":
            frame = pd.concat([frame_of("e").assign(label=label) for label in (name, "sport")])
            return figures.metric_by_label(frame, "Hit@10", "content")
        return figures.text_with_tokens(marked(" cat", "cats", name), "e")

    return draw


def test_it_is_a_told_image(figure: Callable[..., Picture], svg: Parse) -> None:
    made = figure("mini-llama")
    root = svg(made)
    assert root.get("role") == "img"
    assert root.get("aria-label") == made.alt
    assert "mini-llama" in made.alt
    assert re.search(r"\d|literal", made.alt)
    assert made._repr_html_() == made.markup
    assert made.alt in repr(made)


def test_it_is_drawn_in_the_page_s_colour(figure: Callable[..., Picture], svg: Parse) -> None:
    colours = set()
    for fill, stroke in _paints(svg(figure("x"))):
        colours |= {fill, stroke}
    # Black is what SVG takes where nothing is said.
    assert "currentColor" in colours
    assert colours <= {"none", "currentColor", "#2b83ba", "#d55e00", "#009e73", "#8a8a8a"}


def _paints(
    element: ElementTree.Element, fill: str = "black", stroke: str = "none"
) -> Iterator[tuple[str, str]]:
    if element.tag == f"{SVG}defs":
        return
    style = dict(re.findall(r"([\w-]+):\s*([^;]+)", element.get("style", "")))
    fill = style.get("fill", element.get("fill", fill))
    stroke = style.get("stroke", element.get("stroke", stroke))
    if element.tag in SHAPES:
        yield fill, stroke
    for child in element:
        yield from _paints(child, fill, stroke)


def test_nothing_in_it_reaches_the_page(figure: Callable[..., Picture], svg: Parse) -> None:
    made = figure("x")
    assert "<style" not in made.markup
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", made.markup)
    assert {e.tag.removeprefix(SVG) for e in svg(made).iter()} <= {
        "svg", "g", "defs", "path", "use", "clipPath", "rect"
    }  # fmt: skip


def test_every_reference_is_to_a_name_of_its_own(
    figure: Callable[..., Picture], svg: Parse
) -> None:
    root = svg(figure("x"))
    names = [e.get("id") for e in root.iter() if e.get("id")]
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', ElementTree.tostring(root, "unicode")))
    assert len(names) == len(set(names))
    assert used == set(names)
    assert names


def test_two_figures_of_a_page_share_no_name(
    frame_of: Callable[..., pd.DataFrame], marked: Callable[..., MarkedText], svg: Parse
) -> None:
    page = [
        figures.metrics_beside_chance(frame_of("e")),
        figures.metrics_beside_chance(frame_of("e", "f")),
        figures.text_with_tokens(marked(" cat"), "e"),
        figures.text_with_tokens(marked(" cats"), "e"),
    ]
    names = [e.get("id") for p in page for e in svg(p).iter() if e.get("id")]
    assert len(names) == len(set(names))


def test_drawn_twice_it_has_the_same_bytes(figure: Callable[..., Picture]) -> None:
    assert figure("x") == figure("x")


def test_no_figure_stays_open(figure: Callable[..., Picture]) -> None:
    before = plt.get_fignums()
    figure("x")
    assert plt.get_fignums() == before


HOSTILE = [
    "<script>alert('x')</script> a & b &amp; c",
    '" onload="alert(1) id="figure_1" url(#x) ]]> -->',
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text(figure: Callable[..., Picture], svg: Parse, name: str) -> None:
    made = figure(name)
    assert name in made.alt
    assert name in str(svg(made).get("aria-label"))
    assert "<script" not in made.markup
    assert "<b>" not in made.markup
    assert not re.search(r"<[^>]*\sonload=", re.sub(r'"[^"]*"', '""', made.markup))


@pytest.mark.parametrize(
    "name",
    ["$$", "$x$ %s {} _^", r"$\foo$", "a\nb\tc\x00\x1b[31m\u202e\u2028"],
)
def test_signs_that_mean_something_elsewhere_are_drawn_as_they_are(
    figure: Callable[..., Picture], svg: Parse, name: str
) -> None:
    made = figure(name)
    assert not {category(c) for c in str(svg(made).get("aria-label"))} & {"Cc", "Zl", "Zp"}


@pytest.mark.parametrize("name", ["東京 नमस्ते", "\N{PARTY POPPER}"])
def test_letters_that_the_font_lacks_are_left_to_the_reader_s_fonts(
    figure: Callable[..., Picture], svg: Parse, name: str
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        root = svg(figure(name))
    assert any(name in "".join(e.itertext()) for e in root.iter(f"{SVG}text"))
    assert {fill for fill, _ in _paints(root)} <= {
        "none", "currentColor", "#2b83ba", "#d55e00", "#009e73", "#8a8a8a"
    }  # fmt: skip


def test_letters_that_the_font_has_are_outlines(figure: Callable[..., Picture], svg: Parse) -> None:
    root = svg(figure("Größe море naïveté"))
    assert not list(root.iter(f"{SVG}text"))


def test_other_warnings_are_not_swallowed() -> None:
    with theme("x"), pytest.warns(UserWarning, match="hello"):
        warnings.warn("hello", UserWarning, stacklevel=1)


def test_settings_end_with_the_theme() -> None:
    before = dict(plt.rcParams)
    with theme("x"):
        made, axes = plt.subplots()
        axes.plot([0, 1])
        picture(made, "a line")
    assert dict(plt.rcParams) == before


def test_long_names_leave_room_for_the_drawing(
    frame_of: Callable[..., pd.DataFrame], drawn: list[Any]
) -> None:
    names = ["a" * 80 + str(i) + "b" * 80 for i in range(3)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = figures.metrics_beside_chance(frame_of(*names))
    axes = drawn[0].axes[0]
    assert axes.get_position().width > 0.4
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert len(set(labels)) == 9
    assert all(name in made.alt for name in names)
