"""Stored measurements: small tables that took too long to be made with the page that shows them.

Each is one file ``data/results/NAME.json`` with its provenance and the command that makes it again.
It holds numbers and names, not vectors or texts. Does NOT measure anything.
"""

from __future__ import annotations

import json
import math
import os
import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tokalign.errors import TokalignError, unknown
from tokalign.report.clean import machine_paths, strip_paths
from tokalign.report.project import find_project
from tokalign.store import provenance

Cell = bool | int | float | str | None

#: Significant digits of a stored number: more than any interval here bears out.
DIGITS = 6
#: A file lies in the repository for ever.
MOST_BYTES = 256 * 1024
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_COMMIT = 12


@dataclass(frozen=True)
class About:
    """Where a stored measurement comes from.

    Attributes:
        name: Its name, that of the file.
        title: What was measured, in a few words.
        command: What makes it again, run in the project's folder.
        made: The day on which it was made, ``YYYY-MM-DD`` (UTC).
        provenance: See `tokalign.store.provenance`.
        meanings: Column -> what it holds, where that is said.
    """

    name: str
    title: str
    command: str
    made: str
    provenance: Mapping[str, Any]
    meanings: Mapping[str, str]


class _Document(BaseModel):
    """What a file holds."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    name: str
    title: str = Field(min_length=1)
    command: str = Field(min_length=1)
    made: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    provenance: dict[str, Any]
    meanings: dict[str, str]
    columns: list[str] = Field(min_length=1)
    rows: list[list[Cell]] = Field(min_length=1)

    @model_validator(mode="after")
    def _is_a_table(self) -> _Document:
        if len(set(self.columns)) < len(self.columns):
            raise ValueError("a column's name occurs twice")
        if wrong := [n for n, row in enumerate(self.rows, 1) if len(row) != len(self.columns)]:
            raise ValueError(f"row {wrong[0]} has not {len(self.columns)} cells, one a column")
        if strange := sorted(set(self.meanings) - set(self.columns)):
            raise ValueError(f"a meaning for {strange[0]!r}, which is no column")
        if "\n" in self.command or "`" in self.command:
            raise ValueError("the command must be one line without backticks")
        return self

    def text(self) -> str:
        """The file: keys sorted, one row of the table a line, so that changes can be read."""
        whole = self.model_dump()
        rows = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in whole.pop("rows"))
        rest = json.dumps({**whole, "rows": []}, ensure_ascii=False, indent=1, sort_keys=True)
        # The last one: what is below provenance may be called rows too.
        before, _, after = rest.rpartition('"rows": []')
        return f'{before}"rows": [\n  {rows}\n ]{after}\n'


def write_result(
    name: str,
    frame: pd.DataFrame,
    *,
    title: str,
    command: str,
    meanings: Mapping[str, str] | None = None,
    missing: Collection[str] = (),
    digits: int = DIGITS,
    folder: Path | None = None,
    **more: Any,
) -> Path:
    """Store a measurement, in the place of an earlier one of that name.

    Args:
        name: Lower-case words joined by hyphens.
        frame: A table of numbers, words, and yes or no; its index is left out.
        title: What was measured, in a few words.
        command: What makes it again, run in the project's folder.
        meanings: Column -> what it holds.
        missing: Columns in which a value may be missing; it is stored as null.
        digits: Significant digits that are kept of a number with a fraction.
        folder: Where to; ``data/results`` of the book where it is None.
        **more: For the provenance: hashes of data and weights, device, seed, minutes.

    Returns:
        The file. It appears whole or not at all.

    Raises:
        TokalignError: The name is none, the table is empty, a value is missing in another column,
            infinite or of another kind, or the file would be too large or name a folder of this
            machine.
    """
    if not _NAME.fullmatch(name):
        raise TokalignError(f"{name!r} is no name: lower-case words joined by hyphens are needed")
    document = _checked(
        {
            "name": name, "title": title, "command": command,
            "made": datetime.now(UTC).date().isoformat(), "provenance": provenance(**more),
            "meanings": dict(meanings or {}), "columns": [str(column) for column in frame.columns],
            "rows": _rows(frame, missing, digits),
        },
        f"the result {name!r}",
    )  # fmt: skip
    text = document.text()
    if len(text.encode()) > MOST_BYTES:
        raise TokalignError(
            f"the result {name!r} would take {len(text.encode())} bytes; allowed: {MOST_BYTES}. "
            "Keep what a page shows"
        )
    if strip_paths(text, machine_paths(Path(__file__).resolve().parents[2])) != text:
        raise TokalignError(
            f"the result {name!r} names a folder of this machine; name models and files by their "
            "own names"
        )
    path = _folder(folder) / f"{name}.json"
    _replace(path, text)
    return path


def read_result(name: str, folder: Path | None = None) -> tuple[pd.DataFrame, About]:
    """Read a stored measurement.

    Args:
        name: Its name.
        folder: Where it lies; ``data/results`` of the book where it is None.

    Returns:
        The table, missing values as NaN, and where it comes from.

    Raises:
        TokalignError: There is none of that name, or the file is malformed.
    """
    path = _folder(folder) / f"{name}.json"
    if not path.is_file():
        raise unknown("stored measurement", name, [p.stem for p in path.parent.glob("*.json")])
    try:
        document = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise TokalignError(f"{path} cannot be read as JSON: {error}") from error
    found = _checked(document, str(path))
    if found.name != name:
        raise TokalignError(f"{path} holds a measurement of the name {found.name!r}")
    frame = pd.DataFrame(found.rows, columns=found.columns)
    about = found.model_dump(exclude={"columns", "rows"})
    return frame, About(**about)


def stored_line(about: About) -> str:
    """The line under a stored measurement on a page, as Markdown.

    >>> made = {"git": {"commit": "0123456789abcdef", "dirty": False}}
    >>> stored_line(About("x", "X", "python x.py", "2026-11-05", made, {}))
    'stored measurement, made by `python x.py` at commit 0123456789ab on 2026-11-05'
    """
    git = about.provenance.get("git")
    if git:
        where = f"at commit {git['commit'][:_COMMIT]}" + " with local changes" * bool(git["dirty"])
    else:
        where = "outside a checkout"
    return f"stored measurement, made by `{about.command}` {where} on {about.made}"


def _folder(folder: Path | None) -> Path:
    return find_project() / "data" / "results" if folder is None else folder


def _checked(document: Any, where: str) -> _Document:
    try:
        return _Document.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "document"
        raise TokalignError(f"{where}: {field}: {first['msg']}") from error


def _rows(frame: pd.DataFrame, missing: Collection[str], digits: int) -> list[list[Cell]]:
    if strange := sorted(set(missing) - set(frame.columns)):
        raise unknown("column", strange[0], map(str, frame.columns))
    columns = [
        [_cell(value, str(column), column in missing, digits) for value in frame[column]]
        for column in frame.columns
    ]
    return [list(row) for row in zip(*columns, strict=True)]


def _cell(value: Any, column: str, may_be_missing: bool, digits: int) -> Cell:
    plain = value.item() if hasattr(value, "item") else value
    if plain is None or plain is pd.NA or (isinstance(plain, float) and math.isnan(plain)):
        if may_be_missing:
            return None
        raise TokalignError(
            f"a value is missing in column {column!r}; allowed only in columns that are named as "
            "missing"
        )
    if isinstance(plain, float):
        if math.isinf(plain):
            raise TokalignError(f"a value in column {column!r} is infinite; it cannot be stored")
        return float(f"{plain:.{digits}g}")
    if isinstance(plain, bool | int | str):
        return plain
    raise TokalignError(
        f"a value in column {column!r} is a {type(plain).__name__}; allowed: numbers, words, yes "
        "or no"
    )


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        temporary.write_text(text, "utf-8")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
