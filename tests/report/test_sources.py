from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from tokalign.report.project import find_project
from tokalign.report.sources import check_notebook, check_sources

Change = Callable[[nbformat.NotebookNode], None]


def with_output(notebook: nbformat.NotebookNode) -> None:
    notebook.cells[1].outputs = [nbformat.v4.new_output("stream", text="x")]


def with_count(notebook: nbformat.NotebookNode) -> None:
    notebook.cells[2].execution_count = 3


def without_tag(notebook: nbformat.NotebookNode) -> None:
    notebook.cells[1].metadata.tags = []


def with_number(notebook: nbformat.NotebookNode) -> None:
    notebook.cells.append(nbformat.v4.new_markdown_cell("It holds for 93 texts."))


def with_empty_cell(notebook: nbformat.NotebookNode) -> None:
    notebook.cells.append(nbformat.v4.new_code_cell("\n"))


def with_papermill(notebook: nbformat.NotebookNode) -> None:
    notebook.metadata["papermill"] = {}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (with_output, "code cell 1 is stored with outputs"),
        (with_count, "code cell 2 is stored with an execution count"),
        (without_tag, "not tagged `parameters`"),
        (with_number, "typed number in its prose: 'for 93 texts.'"),
        (with_empty_cell, "code cell 3 is empty"),
        (with_papermill, "what an execution left behind"),
    ],
)
def test_each_fault_is_named(book: Path, change: Change, message: str) -> None:
    path = book / "chapters" / "01_first.ipynb"
    assert check_notebook(path) == []
    notebook = nbformat.read(path, as_version=4)
    change(notebook)
    nbformat.write(notebook, path)
    problems = check_sources(book)
    assert len(problems) == 1
    assert message in problems[0]
    assert problems[0].startswith("chapters/01_first.ipynb: ")


def test_pages_are_read_as_well(book: Path) -> None:
    (book / "intro.md").write_text("# Start\n\nOf 93 texts.\n")
    assert check_sources(book) == ["intro.md has a typed number in its prose: 'Of 93 texts.'"]


def test_a_page_without_a_file_is_named(book: Path) -> None:
    (book / "chapters" / "02_second_part.ipynb").unlink()
    assert check_sources(book) == ["_toc.yml names chapters/02_second_part, which has no file"]


def test_the_script_fails_on_a_notebook_with_outputs(book: Path) -> None:
    path = book / "chapters" / "01_first.ipynb"
    script = [sys.executable, str(find_project() / "scripts" / "check_notebooks.py"), str(path)]
    assert subprocess.run(script, capture_output=True, check=False).returncode == 0
    notebook = nbformat.read(path, as_version=4)
    with_output(notebook)
    nbformat.write(notebook, path)
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "stored with outputs" in done.stderr


def test_the_books_own_sources_are_clean() -> None:
    assert check_sources(find_project()) == []
