"""The commands that make the miniatures: ``python -m tokalign.train``.

A user's error ends with exit code 2 and one line on standard error.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import get_args

import click
import torch

from tokalign.datasets.sampling import sample_indices
from tokalign.datasets.textset import unique
from tokalign.errors import TokalignError
from tokalign.train.architectures import ARCHITECTURES, Shape
from tokalign.train.contamination import Forbidden, evaluation_texts
from tokalign.train.corpus import RESERVED, VALIDATION, held_out_sentences, read_articles
from tokalign.train.export import DTYPES
from tokalign.train.manifest import export_run
from tokalign.train.packing import Slice, documents, pack, packed
from tokalign.train.pretraining import Run
from tokalign.train.run_folder import RunFolder
from tokalign.train.scale import growth
from tokalign.train.settings import Habits, Optimiser, Settings
from tokalign.train.tokenizer import ENTRIES, load_tokenizer, train_tokenizer

_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)
_PLACE = click.Path(path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def app() -> None:
    """Make the miniature language models from a file of Wikipedia articles."""


@app.command()
@click.argument("corpus", type=_FILE)
@click.option("--out", type=_FILE, required=True, help="Where tokenizer.json is written.")
@click.option("--entries", default=ENTRIES, show_default=True, help="Size of the vocabulary.")
def tokenizer(corpus: Path, out: Path, entries: int) -> None:
    """Train the tokenizer that all miniatures share on CORPUS (.jsonl.xz)."""
    texts = (text for article in read_articles(corpus) for text in documents(article))
    made = train_tokenizer(texts, entries)
    out.parent.mkdir(parents=True, exist_ok=True)
    made.save(str(out))
    click.echo(f"{out}: {made.get_vocab_size()} entries")


@app.command("pack")
@click.argument("corpora", type=_FILE, nargs=-1, required=True)
@click.option(
    "--held-out",
    type=_FILE,
    required=True,
    help="Corpus whose first articles are held out. It may be one of CORPORA.",
)
@click.option("--tokenizer", "tokenizer_file", type=_FILE, required=True)
@click.option("--out", type=_FOLDER, required=True)
@click.option(
    "--leave-out",
    type=_PLACE,
    multiple=True,
    required=True,
    help="Evaluation data, whose sentences must not be trained on; may be repeated.",
)
def pack_command(
    corpora: tuple[Path, ...], held_out: Path, tokenizer_file: Path, out: Path,
    leave_out: tuple[Path, ...],
) -> None:  # fmt: skip
    """Tokenise CORPORA (.jsonl.xz) into OUT/train.bin and a part of another into validation.bin.

    The first articles of the held-out corpus are packed nowhere: the data set wiki and other
    held-out sentences come from them. Paragraphs that hold one of those sentences, or one of an
    evaluation set, are left out.
    """
    made = load_tokenizer(tokenizer_file)
    out.mkdir(parents=True, exist_ok=True)
    forbidden = Forbidden(
        chain(evaluation_texts(leave_out), held_out_sentences(held_out, RESERVED))
    )
    first = RESERVED + VALIDATION
    same = held_out.resolve()
    parts = {
        "validation.bin": [Slice(held_out, RESERVED, first)],
        "train.bin": [Slice(path, first if path.resolve() == same else 0) for path in corpora],
    }
    for name, slices in parts.items():
        found = pack(slices, tokenizer_file, made, forbidden, out / name)
        click.echo(f"{out / name}: {found.tokens} tokens, {found.left_out} paragraphs left out")


@app.command()
@click.argument("folder", type=_FOLDER)
@click.option("--architecture", type=click.Choice(sorted(ARCHITECTURES)), required=True)
@click.option(
    "--data", type=_FOLDER, required=True, help="Folder with train.bin and validation.bin."
)
@click.option("--tokens", type=click.IntRange(1), help="Tokens at which the run ends.")
@click.option("--until", help="Or the local time at which it ends, such as 2026-01-31T15:25.")
@click.option(
    "--longer", is_flag=True, help="Go on from before the descent of a run that has ended."
)
@click.option("--width", default=Shape.width, show_default=True, help="Of hidden states.")
@click.option("--layers", default=Shape.layers, show_default=True)
@click.option("--heads", default=Shape.heads, show_default=True, help="Attention heads.")
@click.option("--length", default=Shape.positions, show_default=True, help="Tokens a sequence.")
@click.option(
    "--batch",
    type=click.IntRange(1),
    default=Settings.batch,
    show_default=True,
    help="Sequences a step.",
)
@click.option(
    "--optimiser",
    type=click.Choice(get_args(Optimiser)),
    show_default=True,
    default=Settings.optimiser,
)
@click.option("--lr", default=Settings.lr, show_default=True, help="Step size of AdamW.")
@click.option("--muon-lr", default=Settings.muon_lr, show_default=True, help="Of Muon.")
@click.option("--seed", default=0, show_default=True)
@click.option("--threads", type=click.IntRange(1), help="Processor threads; all by default.")
@click.option("--device", default="cpu", show_default=True)
@click.option("--compile", "compiled", is_flag=True, help="Use torch.compile.")
def pretrain(
    folder: Path, architecture: str, data: Path, tokens: int | None, until: str | None,
    longer: bool, width: int, layers: int, heads: int, length: int, batch: int,
    optimiser: Optimiser, lr: float, muon_lr: float, seed: int, threads: int | None,
    device: str, compiled: bool,
) -> None:  # fmt: skip
    """Train a language model into FOLDER, or go on with the one that is there.

    Interrupted (Ctrl-C, or the signal TERM), it saves and ends; the same command goes on from
    there, to the same weights as if it had never stopped.
    """
    if (tokens is None) == (until is None):
        raise click.UsageError("give either --tokens or --until")
    deadline = None if until is None else _moment(until)
    if threads:
        torch.set_num_threads(threads)
    if longer:
        RunFolder(folder).rewind()
    train, held_out = data / "train.bin", data / "validation.bin"
    shape = Shape(width, layers, heads, packed(train).entries, length)
    settings = Settings(architecture, shape, batch, optimiser, lr, muon_lr, seed=seed)
    run = Run(folder, train, held_out, settings, Habits(device=device, compile=compiled))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: setattr(run, "stopping", True))
    for line in run.go(tokens=tokens, deadline=deadline):
        click.echo(json.dumps(line))
    if run.stopping:
        click.echo(f"stopped at {run.progress.tokens} tokens; the same command goes on", err=True)


@app.command("export")
@click.argument("run", type=_FOLDER)
@click.option("--data", type=_FOLDER, required=True, help="Folder with validation.bin.")
@click.option("--tokenizer", "tokenizer_file", type=_FILE, required=True)
@click.option("--out", type=_FOLDER, required=True, help="Its name becomes the model's.")
@click.option(
    "--dtype",
    type=click.Choice(sorted(DTYPES)),
    help="By default the one that keeps more of the top ten tokens.",
)
@click.option("--weights", type=_FILE, help="A snapshot of RUN in the place of its checkpoint.")
def export_command(
    run: Path, data: Path, tokenizer_file: Path, out: Path, dtype: str | None, weights: Path | None
) -> None:
    """Write the model of RUN to a folder in the layout of published checkpoints."""
    made = export_run(run, data / "validation.bin", tokenizer_file, out,
                      weights=weights, dtype=dtype)  # fmt: skip
    held_out = made["held_out"]
    click.echo(
        f"{out}: {made['parameters']} parameters in {made['dtype']}, {made['tokens']} tokens, "
        f"held-out perplexity {held_out['perplexity']} over {held_out['tokens']} tokens"
    )


@app.command("growth")
@click.argument("run", type=_FOLDER)
@click.option("--tokenizer", "tokenizer_file", type=_FILE, required=True)
@click.option("--held-out", type=_FILE, required=True, help="The corpus of held-out sentences.")
@click.option("--limit", type=click.IntRange(8), default=1000, show_default=True)
@click.option("--seed", default=0, show_default=True)
def growth_command(run: Path, tokenizer_file: Path, held_out: Path, limit: int, seed: int) -> None:
    """Measure at each snapshot of RUN how many texts decode to a content word.

    Prints a JSON document: position-weighted means of held-out sentences, as they are and
    without their first component.
    """
    texts = unique(held_out_sentences(held_out, RESERVED))
    chosen = [texts[i] for i in sample_indices(len(texts), limit, seed)]
    found = growth(run, tokenizer_file, chosen, seed)
    click.echo(json.dumps(found.to_dict("records"), indent=1))


def _moment(written: str) -> float:
    try:
        moment = datetime.fromisoformat(written).timestamp()
    except ValueError:
        raise click.UsageError(f"--until {written!r} is no time such as 2026-01-31T15:25") from None
    if moment <= time.time():
        raise click.UsageError(f"--until {written!r} has passed")
    return moment


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the commands and exit: 0, 2 after a user's error, 130 after Ctrl-C."""
    try:
        app.main(args=arguments, prog_name="tokalign.train", standalone_mode=False)
    except click.ClickException as error:
        _complain(error.format_message())
    except TokalignError as error:
        _complain(str(error))
    except OSError as error:
        # The machine's trouble, no bug: no permission, a full disk.
        where = f"{error.filename}: " if error.filename else ""
        _complain(f"{where}{error.strerror or error}")
    except (click.Abort, KeyboardInterrupt):
        _complain("interrupted", code=130)


def _complain(message: str, code: int = 2) -> None:
    print(f"tokalign.train: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(code)
