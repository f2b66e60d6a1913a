"""The commands that make the embedders: ``python -m tokalign.train.contrastive``.

A user's error ends with exit code 2 and one line on standard error.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import click
import torch

from tokalign.errors import TokalignError
from tokalign.train.contamination import Forbidden, evaluation_texts
from tokalign.train.contrastive.layouts import materialise
from tokalign.train.contrastive.making import KINDS, make_examples
from tokalign.train.contrastive.plans import plan, plans
from tokalign.train.contrastive.running import Places, held_out_texts, make_embedder
from tokalign.train.contrastive.trainer import Habits
from tokalign.train.corpus import held_out_sentences

_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def app() -> None:
    """Make the miniature embedders from the miniature language models."""


@app.command("examples")
@click.argument("kinds", type=click.Choice(KINDS), nargs=-1, required=True)
@click.option("--out", type=_FOLDER, required=True, help="Where <kind>.jsonl is written.")
@click.option("--corpus", type=_FILE, help="Wikipedia articles (.jsonl.xz).")
@click.option("--start", default=0, show_default=True, help="Number of its first article.")
@click.option("--stop", type=int, help="One past its last article.")
@click.option("--limit", type=int, help="Most examples of a kind.")
@click.option("--seed", default=0, show_default=True)
@click.option(
    "--held-out", type=_FILE, required=True, help="Corpus whose first articles are held out."
)
@click.option(
    "--leave-out",
    type=click.Path(path_type=Path),
    multiple=True,
    required=True,
    help="Evaluation data, whose sentences must not be trained on; may be repeated.",
)
def examples_command(
    kinds: tuple[str, ...], out: Path, corpus: Path | None, start: int, stop: int | None,
    limit: int | None, seed: int, held_out: Path, leave_out: tuple[Path, ...],
) -> None:  # fmt: skip
    """Make files of training examples of some KINDS: nli, retrieval, windows, written, stsb."""
    forbidden = Forbidden(chain(evaluation_texts(leave_out), held_out_sentences(held_out)))
    for kind in kinds:
        made = make_examples(
            kind, out / f"{kind}.jsonl", forbidden, corpus=corpus, start=start, stop=stop,
            limit=limit, seed=seed,
        )  # fmt: skip
        click.echo(f"{kind}: {made.examples} examples, {made.left_out} texts left out")
        for rule, share in made.rules.items():
            click.echo(f"  {share:7.2%}  {rule}")


@app.command("plans")
def plans_command() -> None:
    """List the embedders that can be made."""
    for name, made in plans().items():
        steps = ", ".join(f"{p.objective} ({p.method})" for p in made.phases) or "prompt only"
        click.echo(f"{name}: {made.backbone}; {steps}")


@app.command()
@click.argument("name", metavar="EMBEDDER")
@click.option("--backbone", type=_FOLDER, required=True, help="Folder of the language model.")
@click.option("--examples", type=_FOLDER, required=True, help="Folder of <kind>.jsonl files.")
@click.option("--packed", type=_FILE, help="Packed corpus (train.bin), for GritLM and LLM2Vec.")
@click.option("--held-out", type=_FILE, required=True, help="Corpus with held-out articles.")
@click.option("--runs", type=_FOLDER, required=True, help="Where runs keep their checkpoints.")
@click.option("--out", type=_FOLDER, required=True, help="Where finished models are written.")
@click.option("--minutes", type=float, help="Minutes a phase, in the place of its steps.")
@click.option("--steps", type=int, help="Steps a phase, in the place of its own.")
@click.option(
    "--dtype",
    type=click.Choice(["float16", "bfloat16", "float32"]),
    help="In which weights are stored; measured where it is not given.",
)
@click.option("--sts/--no-sts", default=False, help="Look at STS-B's development split.")
@click.option("--threads", type=int, help="Processor threads; all where it is not given.")
@click.option("--device", default="cpu", show_default=True)
def train(
    name: str, backbone: Path, examples: Path, packed: Path | None, held_out: Path, runs: Path,
    out: Path, minutes: float | None, steps: int | None, dtype: str | None, sts: bool,
    threads: int | None, device: str,
) -> None:  # fmt: skip
    """Train EMBEDDER, or go on with the run that is there, and write it to --out."""
    if minutes is not None and steps is not None:
        raise click.UsageError("give either --minutes or --steps")
    if threads:
        torch.set_num_threads(threads)
    signals: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda found, _: signals.append(found))
    habits = Habits(stopped=lambda: bool(signals))
    places = Places(backbone, examples, runs, out, packed)
    lines = make_embedder(
        plan(name), places, held_out_texts(held_out), steps=steps, minutes=minutes, dtype=dtype,
        sts=sts, device=device, habits=habits,
    )  # fmt: skip
    for line in lines:
        click.echo(json.dumps(line))
    if signals:
        click.echo("stopped; the same command goes on", err=True)


@app.command("materialise")
@click.argument("delta", type=_FOLDER)
@click.option("--backbone", type=_FOLDER, required=True, help="Folder of the language model.")
@click.option("--out", type=_FOLDER, required=True)
def materialise_command(delta: Path, backbone: Path, out: Path) -> None:
    """Make the whole published layout of DELTA and of the language model that it belongs to."""
    materialise(delta, backbone, out)
    click.echo(str(out))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the commands and exit: 0, or 2 after a user's error."""
    try:
        app.main(args=arguments, prog_name="tokalign.train.contrastive", standalone_mode=False)
    except (TokalignError, click.ClickException) as error:
        message = error.format_message() if isinstance(error, click.ClickException) else str(error)
        print(f"tokalign.train.contrastive: {message}", file=sys.stderr)
        sys.exit(2)
