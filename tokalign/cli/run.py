"""``tokalign run``: execute chapters with other parameters and render them."""

from __future__ import annotations

from pathlib import Path

import click

from tokalign.cli.options import json_option, note, print_json, show_progress
from tokalign.errors import TokalignError


@click.command()
@click.argument("chapters", nargs=-1, metavar="[CHAPTER]...")
@click.option(
    "-p",
    "parameters",
    nargs=2,
    multiple=True,
    metavar="NAME VALUE",
    help="A parameter of the chapters; may be repeated.",
)
@click.option("--embedders", help="Short for -p embedders a,b,c.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the pages go; _build/run of the book by default.",
)
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
    from tokalign.datasets import load_texts
    from tokalign.embedders import find_recipe
    from tokalign.report import run_chapters

    given: dict[str, object] = {}
    for name, value in [*parameters, *([("embedders", embedders)] if embedders else [])]:
        if name in given:
            raise TokalignError(f"parameter {name!r} is given twice")
        given[name] = value
    result = run_chapters(
        list(chapters) or None,
        given,
        out,
        check_embedders=lambda name: void(find_recipe(name)),
        check_dataset=lambda name: void(load_texts(name)),
        progress=show_progress(),
        say=note,
    )
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


def void(_: object) -> None:
    """Call something for its errors alone."""
