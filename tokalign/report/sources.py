"""Check that chapters are stored the way the book wants them.

No outputs, no execution counts, the parameters first, and no typed numbers in the prose. Does NOT
execute anything.
"""

from __future__ import annotations

import json
from pathlib import Path

from tokalign.report.exercises import exercise_problems
from tokalign.report.notebook import read_notebook
from tokalign.report.parameters import parse_parameters
from tokalign.report.project import list_chapters, read_toc, toc_pages
from tokalign.report.prose import digits_in_prose


def check_notebook(path: Path) -> list[str]:
    """Check a stored notebook.

    Args:
        path: The notebook's file.

    Returns:
        What is wrong, one line each; empty where all is well.
    """
    problems = []
    notebook = json.loads(path.read_text(encoding="utf8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    if not code or "parameters" not in code[0]["metadata"].get("tags", []):
        problems.append("the first code cell is not tagged `parameters`")
    else:
        parse_parameters(_source(code[0]), path.name)
    for number, cell in enumerate(code, start=1):
        if cell.get("outputs"):
            problems.append(f"code cell {number} is stored with outputs")
        if cell.get("execution_count") is not None:
            problems.append(f"code cell {number} is stored with an execution count")
        if not _source(cell).strip():
            problems.append(f"code cell {number} is empty")
    for number, cell in enumerate(notebook["cells"], start=1):
        if cell["cell_type"] == "markdown":
            for words in digits_in_prose(_source(cell)):
                problems.append(f"cell {number} has a typed number in its prose: {words!r}")
    problems += exercise_problems(read_notebook(path))
    if "widgets" in notebook["metadata"] or "papermill" in notebook["metadata"]:
        problems.append("its metadata hold what an execution left behind")
    return problems


def check_sources(project: Path) -> list[str]:
    """Check every notebook of `chapters/` and every page of the book.

    Returns:
        What is wrong, one line each, the file's name first.
    """
    problems = []
    notebooks = {chapter.path for chapter in list_chapters(project)}
    notebooks.update((project / "chapters").glob("*.ipynb"))
    for path in sorted(notebooks):
        problems += [f"{path.relative_to(project)}: {line}" for line in check_notebook(path)]
    for page in toc_pages(read_toc(project)):
        path = project / f"{page}.md"
        if path.is_file():
            words = digits_in_prose(path.read_text(encoding="utf8"))
            problems += [f"{page}.md has a typed number in its prose: {word!r}" for word in words]
        elif not (project / f"{page}.ipynb").is_file():
            problems.append(f"_toc.yml names {page}, which has no file")
    return problems


def _source(cell: dict[str, object]) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)  # type: ignore[arg-type]
