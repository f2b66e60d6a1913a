"""The slider of lambda in a real browser: by keys, by ear, without scripts, on a telephone."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from devtools import Tab, find_browser, open_tab
from slider_page import HOSTILE, READ, World, make_world, page, places, results, same

from tokalign.figures.slider import lambda_slider
from tokalign.figures.words import token_shown

HARNESS = Path(__file__).with_name("harness.html")
#: What is read by people and must stand out, as in the harness.
INK = [
    ".tokalign-slider-choice label", ".tokalign-slider select", ".tokalign-slider-score",
    ".tokalign-slider-score b", ".tokalign-slider-sign", ".tokalign-slider-lambda",
    ".tokalign-slider-axis span", ".tokalign-slider-tick", ".tokalign-slider-most",
    ".tokalign-slider button", ".tokalign-slider caption", ".tokalign-slider-live th",
    ".tokalign-slider-live td", ".tokalign-slider .tokalign-legend",
    ".tokalign-slider .tokalign-legend mark",
]  # fmt: skip
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def world(checkpoint: Callable[..., Path]) -> World:
    return make_world(checkpoint)


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    pytest.importorskip("tornado")
    program = find_browser()
    if program is None:
        pytest.skip("no browser here")
    with open_tab(program, tmp_path_factory.mktemp("tab")) as tab:
        yield tab


@pytest.fixture(scope="module")
def address(world: World, tmp_path_factory: pytest.TempPathFactory) -> str:
    written = tmp_path_factory.mktemp("alone") / "slider.html"
    body = lambda_slider(world.cases).markup
    written.write_text(page(f"{body}<script>{READ}</script>"), encoding="utf-8")
    return written.as_uri()


def shown_now(tab: Tab) -> dict[str, Any]:
    return tab.evaluate(  # type: ignore[no-any-return]
        "read(document.querySelector('.tokalign-slider'), null, null, null)"
    )


def test_it_is_worked_by_keys_alone(world: World, tab: Tab, address: str) -> None:
    tab.open(address)
    case = world.cases[0]
    last = len(case.lambdas) - 1
    place = places(case)[1]
    tab.press("Tab", 3)
    assert tab.evaluate("document.activeElement.type") == "range"
    for key, stop in (
        ("ArrowLeft", place - 1), ("Home", 0), ("ArrowRight", 1), ("End", last),
        ("PageDown", None), ("PageUp", last),
    ):  # fmt: skip
        tab.press(key)
        shown = shown_now(tab)
        if stop is not None:
            assert shown["stop"] == stop, key
        assert stop is not None or 1 < last - shown["stop"] < last, key
        top = world.top(0, 0, float(case.lambdas[shown["stop"]]))
        same(shown, case, case.texts[0], shown["stop"], top)
    # The buttons behind it go to the marks.
    tab.press("Tab")
    tab.evaluate("document.activeElement.click()")
    shown = shown_now(tab)
    least = min(case.marks.values())
    assert case.lambdas[shown["stop"]] == least
    assert tab.evaluate("document.activeElement.getAttribute('aria-pressed')") == "true"
    assert tab.complaints() == []


def test_the_line_for_screen_readers_waits_for_rest(tab: Tab, address: str) -> None:
    tab.open(address)
    tab.evaluate("""
      window.lines = [];
      const said = document.querySelector("[data-part=said]");
      new MutationObserver(() => lines.push(said.textContent)).observe(said, { childList: true });
      document.querySelector("input").focus();
    """)
    time.sleep(0.8)
    assert tab.evaluate("lines") == [], "nothing is said before anything moves"
    tab.press("ArrowLeft", 12)
    assert tab.evaluate("lines") == []
    time.sleep(1.2)
    lines = tab.evaluate("lines")
    assert len(lines) == 1
    counts = shown_now(tab)["score"]
    assert [int(n) for n in re.findall(r"(?<![.\d])(\d+) (?:of the|in|stop|shared)", lines[0])] == (
        counts
    )
    assert lines[0].startswith(f"lambda {shown_now(tab)['spoken']}: of 10 tokens, ")


@pytest.mark.parametrize("width", [390, 620, 1200])
def test_nothing_on_the_page_jumps_when_it_moves(tab: Tab, address: str, width: int) -> None:
    tab.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1,
             mobile=False)  # fmt: skip
    try:
        tab.open(address)
        heights = tab.evaluate("""
          (() => {
            const root = document.querySelector(".tokalign-slider");
            const range = root.querySelector("input");
            const heights = {};
            for (range.value = 0; ; range.value = +range.value + 1) {
              range.dispatchEvent(new Event("input"));
              heights[root.getBoundingClientRect().height] = range.value;
              if (range.value === range.max) return heights;
            }
          })()
        """)
    finally:
        tab.call("Emulation.clearDeviceMetricsOverride")
    assert len(heights) == 1


def test_controls_and_tables_have_names(world: World, tab: Tab, address: str) -> None:
    tab.open(address)
    nodes = tab.call("Accessibility.getFullAXTree")["nodes"]
    names = {}
    for node in nodes:
        role, name = (node.get(field, {}).get("value") for field in ("role", "name"))
        names.setdefault(role, []).append(name)
    assert names["combobox"] == ["Backbone and embedder", "Text"]
    assert names["slider"] == ["λ, the step along u₁"]
    assert [name.split()[0] for name in names["button"]] == ["−m₁", "v₁", "0"]
    assert [name.split()[0] for name in names["table"]] == ["h", "ĥ"]
    assert [name.split()[0] for name in names["columnheader"][:4]] == [
        "token",
        "in",
        "logit",
        "both",
    ]
    assert names.get("status"), "the line that is spoken"


def test_without_scripts_the_tables_are_there(world: World, tab: Tab, address: str) -> None:
    tab.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        tab.open(address)
        live, static = (
            tab.evaluate(f"document.querySelector('[data-part={name}]').getClientRects().length")
            for name in ("live", "static")
        )
        text = tab.evaluate("document.querySelector('[data-part=static]').innerText")
    finally:
        tab.call("Emulation.setScriptExecutionDisabled", value=False)
    assert (live, static) == (0, 1)
    assert HOSTILE in text
    for lam in world.cases[0].marks.values():
        top = world.top(0, 0, lam)
        assert all(token_shown(token) in text for token in top.tokens)
    tab.open(address)
    assert tab.evaluate("document.querySelector('[data-part=static]').hidden")


def test_it_fits_a_telephone_and_reads_in_light_and_dark(
    world: World, serve: Any, chromium: Any, project: Path, tmp_path: Path
) -> None:
    """On the style sheets of the book, in the harness that looks at its pages."""
    sheets = []
    for package in ("pydata_sphinx_theme", "sphinx_book_theme"):
        spec = find_spec(package)
        assert spec
        assert spec.origin
        styles = Path(spec.origin).parent / "theme" / package / "static" / "styles"
        sheets += [styles / f"{name}.css" for name in ("theme", "bootstrap", "pydata-sphinx-theme",
                                                       "sphinx-book-theme")]  # fmt: skip
    sheets = [sheet for sheet in sheets if sheet.is_file()] + [project / "_static" / "custom.css"]
    head = "<script>document.documentElement.dataset.theme = localStorage.theme</script>"
    for number, sheet in enumerate(sheets):
        # A sheet that names others is no part of what is looked at.
        text = re.sub(r"@import[^;]+;|url\([^)]*\)", "", sheet.read_text("utf-8"))
        (tmp_path / f"{number}.css").write_text(text, encoding="utf-8")
        head += f'<link rel="stylesheet" href="{number}.css">'
    body = lambda_slider(world.cases).markup
    inside = f'<div class="bd-content"><article class="cell_output">{body}</article></div>'
    (tmp_path / "slider.html").write_text(page(inside, head), encoding="utf-8")
    shutil.copyfile(HARNESS, tmp_path / "harness.html")
    given = f"pages=slider.html&ink={quote(';'.join(INK))}"
    found = results(*chromium(f"{serve(tmp_path)}/harness.html?{given}"))
    assert [one["applied"] for one in found] == ["light", "dark"]
    for one in found:
        assert one["width"] <= one["inner"] + 1 == 391
        assert set(one["contrast"]) == set(INK)
        pale = {name: ratio for name, ratio in one["contrast"].items() if ratio < 4.5}
        assert not pale, one["theme"]
