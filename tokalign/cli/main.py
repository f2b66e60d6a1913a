"""The command line: ``tokalign`` and ``python -m tokalign``.

A user's error ends with exit code 2 and one line on standard error. Standard output holds the
answer and nothing else. Model libraries are imported by the command that needs them, not before.
"""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Sequence

import click

from tokalign import __version__
from tokalign.cli.align import align
from tokalign.cli.embedders import embedders
from tokalign.cli.measure import measure
from tokalign.cli.run import run
from tokalign.errors import TokalignError

USER_ERROR = 2
INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, invoke_without_command=True)
@click.version_option(__version__, prog_name="tokalign")
@click.pass_context
def app(context: click.Context) -> None:
    """What tokens does a text embedding decode to?

    EMBEDDER is a name that `tokalign embedders` lists, a hub id or a folder.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


for _command in (embedders, align, measure, run):
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
    except click.ClickException as error:
        return _complain(error.format_message())
    except (click.Abort, KeyboardInterrupt):
        _complain("interrupted; what was finished is kept, the same command goes on from there")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader went away (`| head`): no error, and no second one at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _complain(message: str) -> int:
    print(f"tokalign: {' '.join(message.split())}", file=sys.stderr)
    return USER_ERROR


def _quiet_libraries() -> None:
    """Keep notes of the model libraries off standard error; ours say what a user needs."""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    if not sys.warnoptions:
        warnings.simplefilter("ignore")


if __name__ == "__main__":
    main()
