"""The manifest of an exported model: what it was made of, how, where, and how well it predicts."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from tokalign.datasets.files import sha256_of
from tokalign.errors import TokalignError
from tokalign.train.architectures import architecture
from tokalign.train.checkpoint import Progress, find_checkpoint, read_progress
from tokalign.train.export import (
    COMPARED,
    DTYPES,
    best_dtype,
    export,
    mean_loss,
    rounded,
    trained_model,
)
from tokalign.train.packing import Sequences
from tokalign.train.run_folder import RunFolder
from tokalign.train.settings import Settings
from tokalign.train.tokenizer import load_tokenizer

#: What the weights were computed from is under this licence, so they are passed on under it too.
LICENCE = "CC-BY-SA-3.0"
SOURCES = "English Wikipedia of 2014, by its contributors (https://en.wikipedia.org), CC BY-SA 3.0"


def export_run(
    run: Path,
    held_out: Path,
    tokenizer_file: Path,
    folder: Path,
    *,
    weights: Path | None = None,
    dtype: str | None = None,
) -> dict[str, Any]:
    """Export a run and write ``manifest.json`` beside its weights.

    Args:
        run: Folder of the run.
        held_out: File of token ids that the run never trained on.
        tokenizer_file: The tokenizer that the run's data were packed with.
        folder: Where the model is written; its name becomes the model's.
        weights: A snapshot in the place of the latest checkpoint.
        dtype: ``float16`` or ``bfloat16``; the one that keeps more where it is None.

    Returns:
        The manifest.

    Raises:
        TokalignError: `run` is no run, has no checkpoint, or read the tokens of another tokenizer.
    """
    place = RunFolder(run)
    described = place.description()
    settings = Settings.from_plain(described["settings"])
    tokenizer = load_tokenizer(tokenizer_file)
    if sha256_of(tokenizer_file) != described["data"]["train"]["tokenizer"]:
        raise TokalignError(f"{run} was trained with another tokenizer than {tokenizer_file}")
    progress, file = _chosen(place, weights, settings)
    model = trained_model(file, settings)
    chosen = architecture(settings.architecture)
    held = Sequences(held_out, settings.shape.positions, chosen.separator, settings.seed)
    kept = best_dtype(model, held.span(0, min(COMPARED, len(held)))[:, :-1])
    dtype = dtype or next(iter(kept))
    notes = {"licence": LICENCE, "sources": SOURCES}
    export(model, settings, tokenizer, folder, dtype=dtype, notes=notes)
    count, loss = mean_loss(rounded(model, DTYPES[dtype]), held)
    manifest = {
        "name": folder.name,
        "architecture": settings.architecture,
        "like": chosen.like,
        "parameters": sum(p.numel() for p in model.parameters()),
        "licence": LICENCE,
        "sources": SOURCES,
        "dtype": dtype,
        "top_10_kept": {name: round(share, 5) for name, share in kept.items()},
        "tokens": progress.tokens,
        "steps": progress.step,
        "minutes": round(progress.minutes, 1),
        "held_out": {
            "tokens": count, "loss": round(loss, 4), "perplexity": round(math.exp(loss), 2),
        },
        **described,
        "log": [line for line in place.read_log() if line["tokens"] <= progress.tokens],
    }  # fmt: skip
    text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
    (folder / "manifest.json").write_text(text, "utf-8")
    return manifest


def _chosen(place: RunFolder, weights: Path | None, settings: Settings) -> tuple[Progress, Path]:
    """How far the weights to be exported are, and where they lie."""
    if weights is None:
        checkpoint = find_checkpoint(place.checkpoint)
        if checkpoint is None:
            raise TokalignError(f"{place.path} holds no checkpoint")
        return read_progress(checkpoint), checkpoint / "model.safetensors"
    tokens = {path.resolve(): number for number, path in place.snapshots().items()}
    if weights.resolve() not in tokens:
        raise TokalignError(f"{weights} is no snapshot of {place.path}")
    reached = tokens[weights.resolve()]
    minutes = [line["minutes"] for line in place.read_log() if line["tokens"] <= reached]
    steps = reached // settings.tokens_a_step
    return Progress(steps, reached, minutes[-1] if minutes else 0.0), weights
