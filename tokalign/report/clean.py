"""Bring an executed notebook into the form that is published.

Takes out what names the machine that built the page (absolute paths), papermill's own metadata,
and widgets, which would load a script from the network. Leaves every result as it was.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

# A warning's place: a file that the kernel makes up for each cell, with its process number.
_CELL_FILE = re.compile(r"[\w./-]*/ipykernel_\d+/\d+\.py")
_WIDGET = "application/vnd.jupyter.widget-view+json"


def machine_paths(
    project: Path, parameters: Mapping[str, object] | None = None
) -> list[tuple[str, str]]:
    """List the absolute paths that must not be published, with what stands in their place.

    Args:
        project: The folder with the book's sources.
        parameters: A chapter's; of a file or folder that they name, its own name is published.

    Returns:
        (path, replacement) pairs; the longest path first, so that a folder inside another one
        is replaced before it.

    >>> ("/books/tokalign", "") in machine_paths(Path("/books/tokalign"))
    True
    """
    pairs = {
        str(project): "",
        str(project.resolve()): "",
        sys.prefix: "",
        sys.base_prefix: "",
        str(Path.home()): "~",
    }
    for value in (parameters or {}).values():
        for part in value.split(",") if isinstance(value, str) else ():
            named = Path(part.strip())
            if named.is_absolute() and named.exists():
                pairs[str(named.parent)] = ""
    # These are the same everywhere and name no machine; and a lone "/" would eat every slash.
    for common in ("/", "/usr", "/usr/local"):
        pairs.pop(common, None)
    return sorted(pairs.items(), key=lambda pair: -len(pair[0]))


def strip_paths(text: str, paths: Sequence[tuple[str, str]]) -> str:
    """Replace absolute paths of the machine.

    >>> strip_paths("File /books/tokalign/data/x.txt", [("/books/tokalign", "")])
    'File data/x.txt'
    >>> strip_paths("/home/ann/data and /home/anna", [("/home/ann", "~")])
    '~/data and /home/anna'
    """
    for path, instead in paths:
        tail = "(?=/|$|[^\\w./-]|\\.(?:\\s|$))"
        replaced = re.escape(path) + ("(?:/|" + tail + ")" if not instead else tail)
        text = re.sub(r"(?<![\w.~-])" + replaced, instead, text)
    return _CELL_FILE.sub("cell", text)


def clean_notebook(notebook: Any, paths: Sequence[tuple[str, str]]) -> None:
    """Clean an executed notebook in place.

    Args:
        notebook: A notebook node as papermill returns it.
        paths: What `machine_paths` gives.
    """
    for key in ("papermill", "widgets"):
        notebook.metadata.pop(key, None)
    for cell in notebook.cells:
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if cell.cell_type != "code":
            continue
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.source = strip_paths(cell.source, paths)
        cell.outputs = [
            clean_value(output, paths)
            for output in cell.outputs
            if _WIDGET not in output.get("data", {})
        ]


def clean_value(value: Any, paths: Sequence[tuple[str, str]]) -> Any:
    """Replace absolute paths in every string of a nested value; dicts are changed in place."""
    if isinstance(value, str):
        return strip_paths(value, paths)
    if isinstance(value, list):
        return [clean_value(item, paths) for item in value]
    if isinstance(value, dict):
        # Images are base64: nothing to find there, and long.
        for key in value:
            if not (isinstance(key, str) and key.startswith("image/") and key != "image/svg+xml"):
                value[key] = clean_value(value[key], paths)
    return value
