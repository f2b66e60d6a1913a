from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from tokalign.report.execute import ChapterFailed, Executed, execute_chapter
from tokalign.report.project import list_chapters


def execute(book: Path, build: Path, parameters: dict[str, object], shared: str = "p") -> Executed:
    chapter = list_chapters(book)[0]
    return execute_chapter(
        chapter, parameters, project=book, build=build, shared=shared, progress=False
    )


def printed(executed: Executed) -> str:
    cells = nbformat.read(executed.notebook, as_version=4).cells
    return "".join(o.get("text", "") for cell in cells for o in cell.get("outputs", ()))


def test_a_chapter_is_executed_once_for_each_key(book: Path, tmp_path: Path) -> None:
    build = tmp_path / "{braces}"
    first = execute(book, build, {})
    again = execute(book, build, {})
    assert (first.fresh, again.fresh) == (True, False)
    assert first.notebook.parent == build / "executed"
    changed = execute(book, build, {"limit": 3}, shared="q")
    assert changed.fresh
    assert changed.key != first.key
    assert [path.name for path in first.notebook.parent.iterdir()] == ["01_first.ipynb"]


def test_it_runs_in_the_project_by_this_interpreter_and_names_no_folder(
    book: Path, tmp_path: Path, chapter: Callable[..., None]
) -> None:
    chapter(
        book / "chapters" / "01_first.ipynb",
        "limit = 1",
        "import os, sys\nprint(open('data/texts.txt').read(), os.getcwd() + '/data')",
        f"print(sys.executable == {sys.executable!r})",
    )
    text = printed(execute(book, tmp_path, {}))
    assert "one\ntwo\n data\n" in text
    assert text.endswith("True\n")
    assert str(book) not in text


def test_parameters_stand_below_the_defaults(book: Path, tmp_path: Path) -> None:
    executed = execute(book, tmp_path, {"limit": 7})
    cells = nbformat.read(executed.notebook, as_version=4).cells
    tags = [cell.metadata.get("tags", []) for cell in cells]
    assert tags[1:3] == [["parameters"], ["injected-parameters"]]
    assert "limit = 7" in cells[2].source


def test_a_failing_cell_is_named_with_its_error(
    book: Path, tmp_path: Path, chapter: Callable[..., None], capfd: pytest.CaptureFixture[str]
) -> None:
    chapter(
        book / "chapters" / "01_first.ipynb",
        "limit = 1",
        "print('before')",
        "raise ValueError('first line\\nno such text')",
    )
    with pytest.raises(ChapterFailed) as caught:
        execute(book, tmp_path, {"limit": 2})
    error = caught.value
    assert (error.chapter, error.cell, error.error) == ("01_first", 3, "ValueError: no such text")
    assert "\n" not in str(error)
    assert "before" in error.notebook.read_text()
    assert [path.name for path in error.notebook.parent.iterdir()] == ["01_first.failed.ipynb"]
    assert capfd.readouterr().out == ""


def test_a_kernel_that_dies_is_a_failed_chapter(
    book: Path, tmp_path: Path, chapter: Callable[..., None]
) -> None:
    chapter(book / "chapters" / "01_first.ipynb", "limit = 1", "import os\nos._exit(3)")
    with pytest.raises(ChapterFailed, match="failed in the kernel"):
        execute(book, tmp_path, {})


def test_a_damaged_copy_is_made_again(book: Path, tmp_path: Path) -> None:
    executed = execute(book, tmp_path, {})
    executed.notebook.write_text("{")
    assert execute(book, tmp_path, {}).fresh


def test_a_kernel_that_another_installation_left_is_not_taken(
    book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = tmp_path / "jupyter" / "kernels" / "python3"
    kernel.mkdir(parents=True)
    (kernel / "kernel.json").write_text(
        '{"argv": ["/nowhere/python"], "display_name": "x", "language": "python"}'
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    assert execute(book, tmp_path / "build", {}).fresh
