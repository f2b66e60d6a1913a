"""JSON files of a checkpoint: read, or refused in one line that names the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tokalign.errors import TokalignError


def read_json(path: Path) -> Any:
    """A JSON file, or a one-line error that names it.

    Raises:
        TokalignError: The file is missing, or no JSON.
    """
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise TokalignError(f"{path} is missing") from error
    except (OSError, ValueError) as error:
        raise TokalignError(f"{path} is not valid JSON: {error}") from error


def read_object(path: Path) -> dict[str, Any]:
    """The fields of a JSON file; none where the file is missing or holds no object.

    >>> read_object(Path("no/such/file.json"))
    {}
    """
    found = read_json(path) if path.is_file() else {}
    return found if isinstance(found, dict) else {}
