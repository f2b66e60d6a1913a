"""Whole runs on a book of two chapters: about five seconds a rendering."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from tokalign.errors import TokalignError, unknown
from tokalign.report import RenderFailed, build_book, run_chapters
from tokalign.report.offline import external_resources, published_paths


@pytest.fixture(autouse=True)
def shared(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What stands for the package, the data and the versions: they may change under a test."""
    state = {"fingerprint": "p"}
    monkeypatch.setattr(
        "tokalign.report.run.project_fingerprint", lambda project: state["fingerprint"]
    )
    return state


@pytest.mark.slow
def test_the_book_is_built_and_reads_offline(book: Path, shared: dict[str, str]) -> None:
    said: list[str] = []
    result = build_book(book, say=said.append, progress=False)
    html = book / "_build" / "html"
    assert result.index == html / "index.html"
    assert [item.fresh for item in result.executed] == [True, True]
    first = (html / "chapters" / "01_first.html").read_text()
    second = (html / "chapters" / "02_second_part.html").read_text()
    assert re.search(r"Made with .*200.* texts", first)
    assert re.search(r"first</span></a> had .*200", second)
    assert "run with parameters of its own" not in first
    assert "mathjax/tex-chtml.js" in first
    assert (html / "mathjax" / "tex-chtml.js").is_file()
    assert external_resources(html) == []
    assert published_paths(html, [str(book)]) == []
    again = build_book(book, say=said.append, progress=False)
    assert [item.fresh for item in again.executed] == [False, False]
    assert "01_first: up to date" in said
    shared["fingerprint"] = "q"
    last = run_chapters(["2"], {}, book / "_build", project=book, progress=False)
    assert [item.fresh for item in last.executed] == [True]


def test_one_chapter_is_run_with_parameters_of_its_own(book: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine"
    result = run_chapters(["first"], {"limit": "40"}, out, project=book, progress=False)
    page = (out / "html" / "chapters" / "01_first.html").read_text()
    assert re.search(r"Made with .*40.* texts", page)
    assert "A run with parameters of its own: limit = 40." in page
    assert result.index == out / "html" / "index.html"
    assert not (out / "html" / "chapters" / "02_second_part.html").exists()
    assert not (book / "_build").exists()
    stamp = json.loads(result.executed[0].notebook.read_text())["metadata"]["tokalign"]
    assert stamp["parameters"] == {"limit": 40}


def test_a_chapter_without_the_one_it_refers_to_still_renders(book: Path, tmp_path: Path) -> None:
    run_chapters(["2"], {}, tmp_path / "mine", project=book, progress=False)
    assert (tmp_path / "mine" / "html" / "chapters" / "02_second_part.html").is_file()


@pytest.mark.parametrize("names", [None, ["1"]])
def test_glue_that_nothing_resolves_fails_the_build(
    book: Path, tmp_path: Path, chapter: Callable[..., None], names: list[str] | None
) -> None:
    chapter(
        book / "chapters" / "01_first.ipynb",
        "limit = 1",
        "limit",
        prose="See {glue:text}`nowhere`.",
    )
    with pytest.raises(RenderFailed, match="nowhere") as caught:
        run_chapters(names, {}, tmp_path, project=book, progress=False)
    assert "nowhere" in caught.value.log.read_text()
    assert not (tmp_path / "html").exists()


def test_a_page_that_needs_the_network_is_refused(
    book: Path, tmp_path: Path, chapter: Callable[..., None]
) -> None:
    script = '<script src="https://example.org/x.js"></script>'
    source = f"from IPython.display import HTML\nHTML({script!r})"
    chapter(book / "chapters" / "01_first.ipynb", "limit = 1", source)
    with pytest.raises(RenderFailed, match=r"needs the network, .*example\.org/x\.js"):
        run_chapters(["1"], {}, tmp_path, project=book, progress=False)


def no_embedder(name: str) -> None:
    raise unknown("embedder", name, ["a"])


@pytest.mark.parametrize(
    ("names", "parameters", "message"),
    [
        (["1"], {"shift": 1}, "unknown parameter 'shift'"),
        (["third"], {}, "unknown chapter 'third'"),
        (None, {"limit": "x"}, "must be a whole number"),
        (None, {"embedders": "b"}, "unknown embedder 'b'"),
    ],
)
def test_nothing_is_executed_before_all_is_checked(
    book: Path, names: list[str] | None, parameters: dict[str, object], message: str
) -> None:
    with pytest.raises(TokalignError, match=message):
        run_chapters(names, parameters, project=book, check_embedders=no_embedder, progress=False)
    assert not (book / "_build").exists()


@pytest.mark.parametrize("name", ["mine.txt", "book/data/mine.txt"])
def test_a_file_is_found_from_the_folder_in_which_the_command_is_given(
    book: Path,
    tmp_path: Path,
    chapter: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    chapter(
        book / "chapters" / "01_first.ipynb", "dataset = 'sentences'", "print(open(dataset).read())"
    )
    monkeypatch.chdir(tmp_path)
    Path(name).write_text("my own text\n")
    result = run_chapters(["1"], {"dataset": name}, Path("out"), project=book, progress=False)
    cells = nbformat.read(result.executed[0].notebook, as_version=4).cells
    assert cells[-1].outputs[0].text == "my own text\n\n"
    assert (
        "A run with parameters of its own: dataset = "
        in result.index.with_name("intro.html").read_text()
    )
    assert published_paths(tmp_path / "out" / "html", [str(book)]) == []
