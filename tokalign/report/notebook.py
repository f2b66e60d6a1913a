"""Reading and writing notebook files, in one place since nbformat is not typed.

Does NOT execute (see `execute`) and does not check (see `sources`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat

from tokalign.errors import TokalignError


def read_notebook(path: Path) -> Any:
    """Read a notebook.

    Raises:
        TokalignError: The file is not a notebook.
    """
    try:
        return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    except (ValueError, KeyError, AttributeError, nbformat.reader.NotJSONError) as error:
        raise TokalignError(f"{path} is not a Jupyter notebook (.ipynb)") from error


def write_notebook(notebook: Any, path: Path) -> None:
    """Write a notebook, after checking it against the format."""
    nbformat.write(notebook, path)  # type: ignore[no-untyped-call]


def tagged(notebook: Any, tag: str) -> Any | None:
    """Give the first code cell with a tag, or None."""
    for cell in notebook.cells:
        if cell.cell_type == "code" and tag in cell.metadata.get("tags", []):
            return cell
    return None
