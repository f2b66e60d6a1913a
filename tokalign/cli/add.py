"""``tokalign add``: a new embedder, inspected, checked and written to the user's registry file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tokalign.cli.options import chapter_options, json_option, print_json, print_table, visible
from tokalign.cli.run import run_checked
from tokalign.errors import TokalignError
from tokalign.paths import user_registry

if TYPE_CHECKING:
    from tokalign.embedders import Recipe
    from tokalign.embedders.checking.checks import Check


@click.command()
@click.argument("embedder")
@click.option("--name", help="What it is called; the folder's name by default.")
@click.option(
    "--set",
    "fields",
    nargs=2,
    multiple=True,
    metavar="FIELD VALUE",
    help="Another value than the one read off; may be repeated.",
)
@click.option("--replace", is_flag=True, help="Replace an entry of that name in your file.")
@click.option("--dry-run", is_flag=True, help="Propose and check; write nothing.")
@click.option(
    "--run",
    "chapters",
    multiple=True,
    metavar="CHAPTER",
    help="Then run this chapter with it; may be repeated.",
)
@chapter_options
@click.option("--device", default="cpu", show_default=True, help="Where the checks run.")
@click.option(
    "--dtype", default="float32", show_default=True, help="In which precision the checks run."
)
@json_option
def add(
    embedder: str,
    name: str | None,
    fields: tuple[tuple[str, str], ...],
    replace: bool,
    dry_run: bool,
    chapters: tuple[str, ...],
    parameters: tuple[tuple[str, str], ...],
    out: Path | None,
    device: str,
    dtype: str,
    as_json: bool,
) -> None:
    """Add a model that the registry does not know: EMBEDDER is a folder or a hub id.

    Reads its entry off its files, checks it, and writes it to $TOKALIGN_EMBEDDERS or the file
    embedders.yaml in your configuration folder. A check that fails leaves the file as it is.
    """
    _check_words(dry_run, chapters, parameters, out)

    from tokalign.embedders.files.checkpoints import checkpoint_folder
    from tokalign.embedders.inspecting.proposal import propose
    from tokalign.embedders.recipes.user_entries import check_free, entry_fields, write_entry
    from tokalign.tokens.checks import check_recipe

    recipe = propose(embedder, name, fields)
    file = user_registry().absolute()
    check_free(recipe.name, file, replace=replace)
    if not as_json:
        _show_entry(recipe, embedder)
    checks = check_recipe(recipe, checkpoint_folder(embedder), device=device, dtype=dtype)
    if not as_json:
        _show_checks(checks)
    _refuse_failed(checks, recipe.name)
    if not dry_run:
        write_entry(recipe, file, replace=replace)
    if not as_json:
        click.echo(f"\n{'not written, for --dry-run' if dry_run else 'written to'}: {file}")
    page = None
    if chapters:
        page = run_checked(chapters, {**dict(parameters), "embedders": recipe.name}, out).index
    if as_json:
        document: dict[str, Any] = {
            "name": recipe.name,
            "entry": entry_fields(recipe),
            "checks": [
                {"name": c.name, "passed": c.passed, "value": c.value, "allowed": c.allowed}
                for c in checks
            ],
            "file": str(file),
            "written": not dry_run,
        }
        print_json(document if page is None else {**document, "page": str(page)})
    elif page is not None:
        click.echo(page)


def _check_words(
    dry_run: bool,
    chapters: Sequence[str],
    parameters: Sequence[tuple[str, str]],
    out: Path | None,
) -> None:
    """Refuse what cannot be done in the end before anything is begun.

    Raises:
        TokalignError: The options contradict each other, or name an unknown chapter or parameter.
    """
    if not chapters:
        if parameters or out:
            raise TokalignError("-p and --out are for the chapters of --run, which is not given")
        return
    if dry_run:
        raise TokalignError("--dry-run writes no entry, so no chapter can --run with it")

    from tokalign.report import choose_chapters, find_project
    from tokalign.report.parameters import check_parameters, read_parameters

    given = [parameter for parameter, _ in parameters]
    twice = next((p for p in given if given.count(p) > 1), None)
    if "embedders" in given or twice:
        why = f"parameter {twice!r} is given twice" if twice else "embedders is the one added"
        raise TokalignError(f"-p: {why}; allowed: the chapter's other parameters, each once")
    chosen = choose_chapters(find_project(), chapters)
    check_parameters({c.name: read_parameters(c.path) for c in chosen}, dict(parameters))


def _refuse_failed(checks: Sequence[Check], name: str) -> None:
    """Raise for the first check that failed.

    Raises:
        TokalignError: It names the check, its figure and what is allowed.
    """
    failed = [check for check in checks if not check.passed]
    if failed:
        first = failed[0]
        more = f" ({len(failed) - 1} more failed)" if len(failed) > 1 else ""
        raise TokalignError(
            f"{name} is not added, since the check of {first.name} failed: "
            f"{_figure(first)}; allowed: {first.allowed}{more}"
        )


def _show_entry(recipe: Recipe, embedder: str) -> None:
    from tokalign.embedders.recipes.user_entries import entry_text

    click.echo(f"Proposed for {visible(embedder)}:\n")
    click.echo("\n".join(visible(line) for line in entry_text(recipe).splitlines()) + "\n")


def _show_checks(checks: Sequence[Check]) -> None:
    rows = [
        (c.name, "FAILED" if not c.passed else "ok" if c.compared else "-", _figure(c), c.allowed)
        for c in checks
    ]
    print_table("Checks", ("check", "result", "found", "allowed"), rows)


def _figure(check: Check) -> str:
    return check.value if isinstance(check.value, str) else f"{check.value:.2g}"
