"""``tokalign run``: execute chapters with other parameters and render them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tokalign.cli.options import (
    chapter_options,
    json_option,
    note,
    print_json,
    settle_user_registry,
    show_progress,
)
from tokalign.errors import TokalignError

if TYPE_CHECKING:
    from tokalign.report import RunResult


@click.command()
@click.argument("chapters", nargs=-1, metavar="[CHAPTER]...")
@click.option("--embedders", help="Short for -p embedders a,b,c.")
@chapter_options
@json_option
def run(
    chapters: tuple[str, ...],
    parameters: tuple[tuple[str, str], ...],
    embedders: str | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Execute CHAPTERs (all by default) with other parameters and render them.

    Every parameter is checked before anything is executed.
    """
    given: dict[str, object] = {}
    for name, value in [*parameters, *([("embedders", embedders)] if embedders else [])]:
        if name in given:
            raise TokalignError(f"parameter {name!r} is given twice")
        given[name] = value
    result = run_checked(chapters, given, out)
    if as_json:
        print_json(
            {
                "index": str(result.index),
                "chapters": [item.chapter.name for item in result.executed],
                "seconds": result.seconds,
            }
        )
    else:
        click.echo(result.index)


def run_checked(
    chapters: Sequence[str], parameters: Mapping[str, object], out: Path | None
) -> RunResult:
    """Run chapters, every name of an embedder or data set looked up before.

    Args:
        chapters: Which; all of them where it is empty.
        parameters: Name -> value.
        out: Where the pages go.

    Raises:
        TokalignError: See `run_chapters`.
    """
    from tokalign.datasets import load_texts
    from tokalign.embedders import find_recipe
    from tokalign.report import run_chapters

    settle_user_registry()
    return run_chapters(
        list(chapters) or None,
        parameters,
        out,
        check_embedders=lambda name: void(find_recipe(name)),
        check_dataset=lambda name: void(load_texts(name)),
        progress=show_progress(),
        say=note,
    )


def void(_: object) -> None:
    """Call something for its errors alone."""
