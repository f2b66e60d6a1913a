"""What the studies share: loading by name, errors of users, and the command that a page shows.

A study measures models that are on this machine and stores a small table under `data/results`.
Vectors go through the results store, so one that was stopped goes on where it was.
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from tokalign.datasets import PairSet, load_pairs
from tokalign.errors import TokalignError

STARTED = time.monotonic()


class UsersError(click.ClickException):
    """One line on standard error, and exit code 2."""

    exit_code = 2


def study(command: Callable[..., None]) -> Callable[..., None]:
    """Turn a user's error into one line."""

    @functools.wraps(command)
    def told(**options: Any) -> None:
        try:
            command(**options)
        except TokalignError as error:
            raise UsersError(str(error)) from error

    return told


def study_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that every study has."""
    for option in (
        click.option("--out", type=click.Path(file_okay=False, path_type=Path),
                     help="Folder of the table; data/results of the book by default."),
        click.option("--name", default=None, help="Of the table; the study's own by default."),
        click.option("--seed", default=0, show_default=True, help="Of samples and intervals."),
        click.option("--limit", type=int, help="So many texts and pairs, for a trial."),
        click.option("--dtype", default="float32", show_default=True),
        click.option("--device", default="cpu", show_default=True),
    ):  # fmt: skip
        command = option(command)
    return command


def watched() -> bool:
    """Whether a person is watching."""
    return sys.stderr.isatty()


def say(message: str) -> None:
    """A line on standard error, with the minutes since the start."""
    click.echo(f"{(time.monotonic() - STARTED) / 60:5.1f} min  {message}", err=True)


def minutes() -> float:
    """Since the start."""
    return round((time.monotonic() - STARTED) / 60, 1)


def named_pairs(written: str, limit: int | None, seed: int) -> PairSet:
    """Pairs with scores, by ``SET:SPLIT`` such as ``stsb:test``."""
    name, _, split = written.partition(":")
    pairs = load_pairs(name, split or "test", limit=limit, seed=seed)
    if pairs.score is None:
        raise TokalignError(f"the pairs {written!r} have no scores; such as stsb:test have")
    return pairs


def command_line(script: str, options: Mapping[str, object]) -> str:
    """A command as a page shows it: what was set, folders by their own names.

    An option may be repeated (a list of values), and one of its values may be two words (a tuple).
    """
    parts = ["python", f"scripts/studies/{Path(script).name}"]
    for option, given in options.items():
        several = given if isinstance(given, list) else [] if given is None else [given]
        for one in several:
            words = one if isinstance(one, tuple) else (one,)
            parts += [f"--{option}", *(Path(word).name if isinstance(word, str) else str(word)
                                       for word in words)]  # fmt: skip
    return " ".join(parts)


def own_names(names: Sequence[str]) -> None:
    """Refuse two models of one name, which a table could not tell apart."""
    if twice := sorted({name for name in names if list(names).count(name) > 1}):
        raise TokalignError(f"two models are called {twice[0]!r}; a table cannot tell them apart")
