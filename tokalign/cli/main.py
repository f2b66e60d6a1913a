"""The command line: ``tokalign`` and ``python -m tokalign``.

A user's error ends with exit code 2 and one line on standard error. Standard output holds the
answer and nothing else. Model libraries are imported by the command that needs them, not before.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import warnings
from collections.abc import Sequence
from typing import Any

import click

from tokalign import __version__
from tokalign.cli.add import add
from tokalign.cli.align import align
from tokalign.cli.embedders import embedders
from tokalign.cli.evaluate import evaluate
from tokalign.cli.exercises import exercises
from tokalign.cli.index import index
from tokalign.cli.measure import measure
from tokalign.cli.options import note, visible
from tokalign.cli.run import run
from tokalign.cli.search import search
from tokalign.cli.spectrum import spectrum
from tokalign.errors import TokalignError, unknown

USER_ERROR = 2
INTERRUPTED = 130
#: Longest error message in characters; the middle of a longer one is left out.
LONGEST = 2000


class InterruptedByUser(Exception):
    """Ctrl-C while a command ran."""


class _Commands(click.Group):
    """A group that knows near names, and that leaves the word on Ctrl-C to us."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            raise unknown("command", args[0], self.commands)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            # click would print an empty line for it.
            raise InterruptedByUser from error


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
)
@click.version_option(__version__, prog_name="tokalign")
@click.pass_context
def app(context: click.Context) -> None:
    """What tokens does a text embedding decode to?

    EMBEDDER is a name that `tokalign embedders` lists, a hub id or a folder.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


for _command in (embedders, align, measure, run, add, spectrum, exercises, evaluate, index, search):
    app.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit.

    Args:
        arguments: Words after the program's name; those of the process where it is None.
    """
    sys.exit(_run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    _quiet_libraries()
    for stream in (sys.stdout, sys.stderr):
        # A token may be half of a character; never fail on printing it.
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    try:
        found = app.main(args=arguments, prog_name="tokalign", standalone_mode=False)
        # click hands back the exit code of --help and --version instead of raising it.
        return found if isinstance(found, int) else 0
    except TokalignError as error:
        return _complain(str(error))
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "tokalign"
        return _complain(f"{error.format_message()} (see {command} --help)")
    except click.ClickException as error:
        return _complain(error.format_message())
    except (click.Abort, InterruptedByUser, KeyboardInterrupt):
        _complain("interrupted; what was finished is kept, the same command goes on from there")
        return INTERRUPTED
    except OSError as error:
        # The machine's trouble, no bug: no permission, a name that is too long, a full disk.
        where = f"{error.filename}: " if error.filename else ""
        return _complain(f"{where}{error.strerror or error}")


def _complain(message: str) -> int:
    line = visible(" ".join(message.split()))
    if len(line) > LONGEST:
        line = f"{line[: LONGEST // 2]} ... {line[-LONGEST // 2 :]}"
    print(f"tokalign: {line}", file=sys.stderr)
    return USER_ERROR


def _quiet_libraries() -> None:
    """Keep notes of the model libraries off standard error; ours say what a user needs."""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
        warnings.filterwarnings("always", module=r"tokalign\.")
    warnings.showwarning = lambda message, *_, **__: note(str(message))


if __name__ == "__main__":
    main()
