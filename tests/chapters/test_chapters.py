"""Every chapter: executed small through the command line, with nothing that a reader trips over."""

from __future__ import annotations

import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tokalign.cli.main import main
from tokalign.report.offline import external_resources
from tokalign.report.project import find_project, list_chapters

CHAPTERS = [chapter.name for chapter in list_chapters(find_project())]
pytestmark = pytest.mark.slow


class Text(HTMLParser):
    """The words of a page that a reader sees outside code, and its SVG elements."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.pictures: list[dict[str, str | None]] = []
        self.ids: list[str] = []
        self._skip: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "svg":
            self.pictures.append(values)
        if values.get("id"):
            self.ids.append(str(values["id"]))
        if tag in ("pre", "code", "script", "style"):
            self._skip.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._skip and self._skip[-1] == tag:
            self._skip.pop()

    def handle_data(self, data: str) -> None:
        if not self._skip:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def article(page: str) -> str:
    return page[page.index("<article") : page.index("</article>")]


def test_the_run_ends_well(small: Any) -> None:
    done: subprocess.CompletedProcess[str] = small.done
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(small.out / "html" / "index.html")
    assert Path(done.stdout.strip()).is_file()
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_page_is_whole(small: Any, chapter: str) -> None:
    page = article(small.page(chapter))
    text = Text(page).text
    assert "Traceback" not in text
    assert "{glue" not in text
    assert "pasted-text" in page
    # A value that is missing is told as "none".
    assert not re.search(r"\b(?:None|nan|NaN|<NA>)\b", text)
    for name in ("all-minilm-l6-v2", "tiny-bert", "mini-sgpt-msmarco"):
        assert name in text
    assert "A run with parameters of its own: " in small.page(chapter)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_readers_own_registry_is_not_on_the_page(small: Any, chapter: str) -> None:
    assert "a-readers-own" not in small.page(chapter)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_picture_is_told(small: Any, chapter: str) -> None:
    read = Text(article(small.page(chapter)))
    drawn = [picture for picture in read.pictures if "viewbox" in picture]
    assert drawn
    for picture in drawn:
        assert picture.get("role") == "img"
        assert str(picture.get("aria-label")).strip()
    ours = [name for name in read.ids if not name.startswith("id")]
    assert len(ours) == len(set(ours))


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_nothing_was_printed_or_warned_of(small: Any, chapter: str) -> None:
    for cell in small.notebook(chapter).cells:
        for output in cell.get("outputs", []):
            assert output["output_type"] in ("execute_result", "display_data"), output


@pytest.mark.parametrize("which", ["small", "unlabelled"])
def test_the_pages_name_no_folder_and_need_no_network(
    which: str, project: Path, request: pytest.FixtureRequest
) -> None:
    pages = request.getfixturevalue(which)
    assert external_resources(pages.out / "html") == []
    for path in (pages.out / "html").rglob("*"):
        if path.suffix in (".html", ".ipynb", ".json", ".js"):
            text = path.read_text("utf-8")
            for folder in (project, Path.home(), *(Path(e).parent for e in pages.embedders)):
                assert str(folder) == "." or f"{folder}/" not in text, path


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-p", "limt", "3"], "unknown parameter 'limt': did you mean limit?"),
        (["-p", "limit", "0"], "parameter 'limit' must be at least 1"),
        (["--embedders", "all-minilm-l6-v3"], "unknown embedder 'all-minilm-l6-v3'"),
        (["-p", "dataset", "sentenses"], "unknown data set 'sentenses'"),
        (["universal"], "unknown chapter 'universal'"),
    ],
)
def test_a_wrong_word_ends_the_run_before_it_begins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["run", *words, "--out", str(tmp_path / "out")])
    assert caught.value.code == 2
    said = capsys.readouterr()
    assert message in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert not (tmp_path / "out").exists()
