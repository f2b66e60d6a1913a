"""The rendered pages in a real browser: no errors, formulas set, nothing too wide or too pale."""

from __future__ import annotations

import html
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tokalign.report.project import find_project, list_chapters

CHAPTERS = [chapter.name for chapter in list_chapters(find_project())]
HARNESS = Path(__file__).with_name("harness.html")
NARROW = 390
#: Elements that must stand out; 4.5 is what WCAG 2 asks of text of ordinary size.
INK = [
    "article p", ".tokalign-text", ".tokalign-text mark", ".tokalign-label", ".tokalign-legend",
    ".tokalign-literal", ".tokalign-variant", ".tokalign-other", ".tokalign-ledger td",
    ".tokalign-figure svg g[style*=currentColor]", ".kind", ".cell_output td", ".cell_output th",
]  # fmt: skip
#: Chat of the theme's own scripts; and sphinx-thebe declares a constant twice, which harms nothing.
KNOWN = (
    '"[PST]: Changed to ',
    '"[PST]: Scrolled sidebar ',
    '"[togglebutton]: Adding toggle buttons ',
    "Identifier 'THEBE_JS_URL' has already been declared",
)
pytestmark = pytest.mark.slow
Browse = Callable[..., tuple[str, str]]


def site(pages: Any, serve: Callable[[Path], str], folder: Path) -> str:
    """Serve a copy of the rendered book with the harness beside it."""
    shutil.copytree(pages.out / "html", folder, dirs_exist_ok=True)
    shutil.copyfile(HARNESS, folder / "harness.html")
    return serve(folder)


@pytest.fixture(scope="module")
def book(small: Any, serve: Any, chromium: Browse, tmp_path_factory: Any) -> str:
    return site(small, serve, tmp_path_factory.mktemp("book"))


def complaints(log: str) -> list[str]:
    """What the pages' scripts and the loading of their parts complained of."""
    said = [line for line in log.splitlines() if "CONSOLE" in line]
    return [line for line in said if not any(known in line for known in KNOWN)]


def look(address: str, browse: Browse, pages: list[str]) -> list[dict[str, Any]]:
    given = f"pages={','.join(pages)}&ink={quote(';'.join(INK))}"
    document, log = browse(f"{address}/harness.html?{given}")
    found = re.search(r'<pre id="result">(.*?)</pre>', document, re.DOTALL)
    assert found, log
    assert complaints(log) == []
    results: list[dict[str, Any]] = json.loads(html.unescape(found[1]))
    assert len(results) == 2 * len(pages)
    return results


def check(results: list[dict[str, Any]]) -> None:
    for one in results:
        assert one["applied"] == one["theme"]
        assert one["inner"] == NARROW
        assert one["width"] <= NARROW + 1, one["page"]
        assert one["broken"] == 0
        pale = {name: ratio for name, ratio in one["contrast"].items() if ratio < 4.5}
        assert not pale, (one["page"], one["theme"])


def test_pages_fit_a_telephone_and_read_in_light_and_dark(book: str, chromium: Browse) -> None:
    chapters = [f"chapters/{name}.html" for name in CHAPTERS]
    results = look(book, chromium, ["intro.html", "references.html", *chapters])
    check(results)
    of_chapters = [one for one in results if one["page"] in chapters]
    assert all(one["formulas"] > 0 for one in of_chapters)
    assert all(".tokalign-figure svg g[style*=currentColor]" in one["contrast"]
               for one in of_chapters)  # fmt: skip


def test_a_text_with_signs_of_tex_is_no_formula(
    unlabelled: Any, serve: Any, chromium: Browse, tmp_path: Path
) -> None:
    results = look(site(unlabelled, serve, tmp_path), chromium, ["chapters/01_universality.html"])
    check(results)
    assert all(one["formulas"] > 0 and one["loose"] == 0 for one in results)


def test_without_javascript_the_numbers_are_there(small: Any) -> None:
    page = small.page(CHAPTERS[0])
    assert re.search(r'<span class="pasted-text">0\.\d\d</span>', page)


@pytest.mark.parametrize(("theme", "width"), [("light", 1300), ("dark", NARROW)])
def test_pictures_of_the_pages_can_be_taken(
    book: str, chromium: Browse, tmp_path: Path, theme: str, width: int
) -> None:
    """For people to look at: left in the test's own folder."""
    shot = tmp_path / f"{CHAPTERS[0]}-{width}-{theme}.png"
    given = f"keep=1&themes={theme}&width={width}&height=6000&pages=chapters/{CHAPTERS[0]}.html"
    flags = (f"--window-size={max(width, 500)},6000", f"--screenshot={shot}")
    _, log = chromium(f"{book}/harness.html?{given}", *flags)
    assert complaints(log) == []
    assert shot.stat().st_size > 20_000
