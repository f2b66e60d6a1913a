"""A book of two chapters in a temporary folder, with the real book's settings and styles."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from tokalign.report.project import find_project

CELLS = tuple[str, ...]


def write_chapter(path: Path, parameters: str, *cells: str, prose: str = "") -> None:
    notebook = nbformat.v4.new_notebook()
    code = nbformat.v4.new_code_cell(parameters)
    code.metadata["tags"] = ["parameters"]
    notebook.cells = [nbformat.v4.new_markdown_cell(f"# {path.stem}"), code]
    notebook.cells += [nbformat.v4.new_code_cell(cell) for cell in cells]
    if prose:
        notebook.cells.append(nbformat.v4.new_markdown_cell(prose))
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A project folder; the second chapter refers to the first."""
    project = tmp_path / "book"
    project.mkdir()
    real = find_project()
    for name in ("_static", "_vendor"):
        shutil.copytree(real / name, project / name)
    for name in ("_config.yml", "references.bib"):
        shutil.copyfile(real / name, project / name)
    (project / "_toc.yml").write_text(
        "format: jb-book\nroot: intro\nparts:\n"
        "  - caption: One\n    chapters:\n      - file: chapters/01_first\n"
        "  - caption: Two\n    chapters:\n      - file: chapters/02_second_part\n"
    )
    (project / "intro.md").write_text(
        "# Start\n\nSee [](chapters/01_first.ipynb) and [](chapters/02_second_part.ipynb).\n"
    )
    (project / "data").mkdir()
    (project / "data" / "texts.txt").write_text("one\ntwo\n")
    write_chapter(
        project / "chapters" / "01_first.ipynb",
        'embedders = "a,b"\nlimit = 200\nrate = 0.5',
        "from myst_nb import glue\nimport os\nglue('texts', limit, display=False)\n"
        "print(os.getcwd() + '/data/texts.txt')",
        prose="Made with {glue:text}`texts` texts and $u_1$.",
    )
    write_chapter(
        project / "chapters" / "02_second_part.ipynb",
        "limit = 5\nshift = -1.5",
        "limit + shift",
        prose="The [first](01_first.ipynb) had {glue:text}`01_first.ipynb::texts:d`.",
    )
    return project


@pytest.fixture
def chapter() -> Callable[..., None]:
    """The function that writes a chapter."""
    return write_chapter
