"""Options that several commands share, and how they print."""

from __future__ import annotations

import io
import json
import math
import os
import sys
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tokalign.errors import TokalignError
from tokalign.paths import user_registry

Command = TypeVar("Command", bound=Callable[..., Any])


def json_option(command: Command) -> Command:
    """``--json``: one JSON document on standard output instead of a table."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(command)


def embedder_options(command: Command) -> Command:
    """``--embedder``, ``--device`` and ``--dtype``."""
    for option in (
        click.option("--dtype", default="float32", show_default=True,
                     help="float32, bfloat16, float16, int8 or int4."),
        click.option("--device", default="cpu", show_default=True,
                     help="cpu, cuda, cuda:1, mps or auto."),
        click.option("--embedder", required=True, help="Registry name, hub id or folder."),
    ):  # fmt: skip
        command = option(command)
    return command


def chapter_options(command: Command) -> Command:
    """``-p NAME VALUE`` and ``--out`` of a run of chapters."""
    for option in (
        click.option("--out", type=click.Path(file_okay=False, path_type=Path),
                     help="Where the pages go; _build/run of the book by default."),
        click.option("-p", "parameters", nargs=2, multiple=True, metavar="NAME VALUE",
                     help="A parameter of the chapters that are run; may be repeated."),
    ):  # fmt: skip
        command = option(command)
    return command


def sparse_options(command: Command) -> Command:
    """``--k``, ``--expand`` and ``--setting`` of a sparse search."""
    for option in (
        click.option("--setting", "chosen", nargs=2, multiple=True, metavar="NAME VALUE",
                     help="Change another frozen setting, such as idf false; may be repeated."),
        click.option("--expand", type=int, help="M: by how many aligned tokens a query grows."),
        click.option("--k", type=int, help="K: how many aligned tokens a document keeps."),
    ):  # fmt: skip
        command = option(command)
    return command


#: What --k and --seed may be: what every library below takes.
MOST_TOKENS = 1_000_000
HIGHEST_SEED = 2**63 - 1
#: Narrowest column of text in a table; a terminal that is narrower still wraps whole lines.
_NARROWEST = 12
#: Characters that turn the direction of all that follows on the line.
_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def check_range(option: str, value: int, least: int, most: int) -> None:
    """Refuse a number that is out of range.

    Raises:
        TokalignError: It is less than `least` or more than `most`.
    """
    if not least <= value <= most:
        raise TokalignError(f"{option} must be between {least} and {most}, not {value}")


def settle_user_registry() -> None:
    """Make ``$TOKALIGN_EMBEDDERS`` absolute, since chapters run in another folder than this one."""
    if os.environ.get("TOKALIGN_EMBEDDERS"):
        os.environ["TOKALIGN_EMBEDDERS"] = str(user_registry().absolute())


def show_progress() -> bool:
    """Whether a person is watching."""
    return sys.stderr is not None and sys.stderr.isatty()


def visible(text: str) -> str:
    r"""The text with control characters written out, so that none reaches a terminal.

    >>> print(visible("a\tb\x1b[31m"))
    a\tb\x1b[31m
    """
    return "".join(
        char.encode("unicode_escape").decode("ascii")
        if unicodedata.category(char) in ("Cc", "Zl", "Zp") or char in _TURNS
        else char
        for char in text
    )


def print_json(document: Any) -> None:
    """One JSON document on standard output; text that is not ASCII as it is."""
    _answer(json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table for people on standard output.

    Numbers are never broken; text is, where the terminal is narrow. An underscore in the name of
    a column becomes a space.
    """
    table = Table(title=Text(visible(title)), title_justify="left", show_edge=False, pad_edge=False)
    needed = 3 * (len(columns) - 1)
    for i, name in enumerate(columns):
        header = name.replace("_", " ")
        if all(isinstance(row[i], int | float | None) for row in rows):
            width = max(map(len, [*header.split(), *(_cell(row[i]).plain for row in rows)]))
            table.add_column(header, justify="right", width=width)
            needed += width
        else:
            table.add_column(header, overflow="fold")
            needed += _NARROWEST
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    lines = io.StringIO()
    person = sys.stdout is not None and sys.stdout.isatty()
    console = Console(file=lines, force_terminal=person, highlight=False, markup=False, emoji=False)
    console.width = max(console.width, needed)
    console.print(table)
    _answer(lines.getvalue())


def _cell(value: object) -> Text:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return Text("-")
    return Text(f"{value:.3f}" if isinstance(value, float) else visible(str(value)))


def _answer(text: str) -> None:
    """Write to standard output at once, so that whatever is wrong with it shows here.

    Raises:
        TokalignError: It cannot be written, because a disk is full, say.
    """
    if sys.stdout is None:
        return
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        # Python flushes once more at exit: what is left must go somewhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        # A reader that went away (`| head`) has all that it wanted: no error.
        if not isinstance(error, BrokenPipeError):
            raise TokalignError(f"cannot write to standard output: {error.strerror}") from error


def note(message: str) -> None:
    """A remark on standard error that is no error."""
    print(f"tokalign: note: {visible(message)}", file=sys.stderr)
