"""A text beside its tokens: what is shown is the text, its matched words and the tokens."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex

from tokalign import figures
from tokalign.figures.words import short, text_shown, token_shown, visible
from tokalign.measures import MarkedText

Make = Callable[..., MarkedText]
VOID = {"br"}


class Strict(HTMLParser):
    """Tags in their order, text by tag; every tag must be closed."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.marked: list[str] = []
        self.text = ""
        self.feed(markup)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        if tag == "mark":
            self.marked.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if "mark" in self.open:
            self.marked[-1] += data


@pytest.mark.parametrize("k", [1, 3, 50])
def test_bars_are_as_long_as_the_logits(marked: Make, drawn: list[Any], k: int) -> None:
    one = marked(*(f" t{i}" for i in range(k)))
    made = figures.text_with_tokens(one, "mini-opt")
    (axes,) = drawn[0].axes
    bars = sorted(axes.patches, key=lambda bar: bar.get_y())
    assert [bar.get_width() for bar in bars] == pytest.approx(list(one.logits))
    assert [bar.get_y() + bar.get_height() / 2 for bar in bars] == pytest.approx(list(range(k)))
    top, bottom = axes.get_ylim()[::-1]
    assert top < bottom, "the best token stands on top"
    signs = {"literal": "●", "variant": "◐", "other": "○"}
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        f"{signs[mark]} t{i}" for i, mark in enumerate(one.marks)
    ]
    assert len({to_hex(bar.get_facecolor()) for bar in bars}) == min(k, 3)
    assert "mini-opt" in made.alt
    assert "The cat sat." in made.alt
    assert "t0 (literal)" in made.alt


def test_the_matched_words_are_marked_in_the_text(marked: Make) -> None:
    text = "naïve 東京 <b>& naïve"
    made = figures.text_with_tokens(marked(" x", text=text, matched=((0, 5), (6, 8))), "e")
    paragraph = made.markup[: made.markup.index("</p>") + 4]
    page = Strict(paragraph)
    assert page.text == text
    assert page.marked == ["naïve", "東京"]
    assert page.tags == ["p", "mark", "mark"]


HOSTILE = ["<script>alert(1)</script>", "a & b", "\"q\" 'r'", "<img src=x onerror=alert(1)>"]


@pytest.mark.parametrize("text", HOSTILE)
def test_the_gallery_shows_hostile_texts_as_text(marked: Make, text: str) -> None:
    made = figures.gallery([marked(text, text=text, matched=((0, 3),))], [text])
    page = Strict(made.markup)
    assert set(page.tags) == {"ul", "li", "p", "span", "mark"}
    assert page.text.count(text) == 3  # label, text and token
    assert page.marked[0] == text[:3]


def test_the_gallery_tells_marks_in_words(marked: Make) -> None:
    made = figures.gallery([marked(" a", " b", " c"), marked("\n", " ")], ["one", "two"])
    page = Strict(made.markup)
    assert page.tags.count("li") == 2
    for words in ("a (literal)", "b (variant)", "c (other)", "'\\n' (literal)", "' ' (variant)"):
        assert words in page.text
    assert "<svg" not in made.markup
    assert made.alt == "2 texts, each with its aligned tokens"
    assert figures.gallery([marked(" a")]).markup.count("tokalign-label") == 0


@given(st.text(), st.integers(0, 20), st.integers(0, 20))
def test_no_character_of_a_text_is_lost_or_added(text: str, start: int, length: int) -> None:
    start = min(start, len(text))
    end = min(start + length, len(text))
    one = MarkedText(text, ("a",), (1.0,), ("other",), ((start, end),))
    markup = figures.gallery([one]).markup
    inside = re.search(r'<p class="tokalign-text">(.*?)</p>', markup, re.DOTALL)
    assert inside
    before, marked_part, after = re.split(r"</?mark>", inside[1])
    assert html.unescape(before + marked_part + after) == text_shown(text)
    assert html.unescape(marked_part) == text_shown(text[start:end])


@given(st.text(min_size=1))
def test_a_token_can_be_seen(token: str) -> None:
    assert token_shown(token)
    assert token_shown(token).isprintable()
    assert (
        token_shown(token) == token.strip() or not token.strip().isprintable() or not token.strip()
    )
    markup = figures.gallery([MarkedText("x", (token,), (1.0,), ("other",), ())]).markup
    markup.encode("utf-8")
    assert token_shown(token) in html.unescape(markup)


@given(st.text())
def test_what_is_visible_stays_visible(text: str) -> None:
    assert visible(visible(text)) == visible(text)
    assert text_shown(text).encode("utf-8") or not text


@given(st.lists(st.text(alphabet="ab1 ", max_size=14), max_size=12))
def test_short_names_stay_different(names: list[str]) -> None:
    found = short(names, 6)
    assert list(found) == list(dict.fromkeys(names))
    assert len(set(found.values())) == len(found)
    assert all(found[name] == name for name in found if len(name) <= 6)


def test_one_text_by_each_of_several(marked: Make) -> None:
    rows = [("a <model>", marked(" x<", " y")), ("another", marked(" z"))]
    made = figures.tokens_of_each(rows)
    read = Strict(made.markup)
    assert read.tags.count("li") == 2
    assert read.text.count(rows[0][1].text) == 1
    for word in ("a <model>", "another", "x<", "y", "z"):
        assert word in read.text
    assert "a <model>: x<, y; another: z" in made.alt
