"""Options that several commands share, and how they print."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table

Command = TypeVar("Command", bound=Callable[..., Any])


def json_option(command: Command) -> Command:
    """``--json``: one JSON document on standard output instead of a table."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(command)


def embedder_options(command: Command) -> Command:
    """``--embedder``, ``--device`` and ``--dtype``."""
    for option in (
        click.option("--dtype", default="float32", show_default=True,
                     help="float32, bfloat16 or float16."),
        click.option("--device", default="cpu", show_default=True, help="cpu, cuda, cuda:1, mps."),
        click.option("--embedder", required=True, help="Registry name, hub id or folder."),
    ):  # fmt: skip
        command = option(command)
    return command


def show_progress() -> bool:
    """Whether a person is watching."""
    return sys.stderr.isatty()


def print_json(document: Any) -> None:
    """One JSON document on standard output; text that is not ASCII as it is."""
    print(json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False))


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table for people on standard output."""
    table = Table(title=title, title_justify="left", show_edge=False, pad_edge=False)
    numeric = [
        all(isinstance(row[i], int | float | None) for row in rows) for i in range(len(columns))
    ]
    for name, right in zip(columns, numeric, strict=True):
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    Console(highlight=False, markup=False, soft_wrap=False).print(table)


def _cell(value: object) -> Any:
    from rich.text import Text

    if value is None:
        return Text("-")
    return Text(f"{value:.3f}" if isinstance(value, float) else str(value))


def note(message: str) -> None:
    """A remark on standard error that is no error."""
    print(f"tokalign: note: {message}", file=sys.stderr)
