"""Checkpoints of a run: whole or not there at all, and no pickle in them.

A checkpoint is a folder: ``model.safetensors``, ``optimiser.safetensors`` and ``state.json``. It is
written under another name and renamed when it is complete. The order of the data and the
random weights follow from the seed, so there is no random state to keep.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from tokalign.errors import TokalignError

_WEIGHTS, _OPTIMISER, _STATE = "model.safetensors", "optimiser.safetensors", "state.json"


@dataclass
class Progress:
    """How far a run is.

    Attributes:
        step: Steps taken.
        tokens: Tokens trained on.
        minutes: Minutes of training, over all its parts.
        settings: What the run was started with; a run goes on only with the same.
    """

    step: int = 0
    tokens: int = 0
    minutes: float = 0.0
    settings: dict[str, Any] = field(default_factory=dict)


def save_weights(model: torch.nn.Module, path: Path, notes: dict[str, str] | None = None) -> None:
    """Write the weights of a model, tied ones once, whole or not at all.

    Args:
        model: The model, in the precision that is written.
        path: The safetensors file.
        notes: What the file says of itself besides.
    """
    tensors = {name: p.detach().contiguous() for name, p in model.named_parameters()}
    part = path.with_name(path.name + ".part")
    save_file(tensors, part, metadata={"format": "pt", **(notes or {})})
    part.chmod(0o644)  # safetensors writes for the owner alone
    part.replace(path)


def load_weights(model: torch.nn.Module, path: Path) -> None:
    """Put weights that `save_weights` wrote into a model.

    Raises:
        TokalignError: The file is missing or broken, or of another architecture or size.
    """
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise TokalignError(f"{path} cannot be read as safetensors ({error})") from error
    params = dict(model.named_parameters())
    misfits = sorted(
        name
        for name in tensors.keys() | params.keys()
        if name not in tensors or name not in params or tensors[name].shape != params[name].shape
    )
    if misfits:
        raise TokalignError(f"{path} holds another model: {misfits[0]} does not fit")
    with torch.no_grad():
        for name, p in params.items():
            p.copy_(tensors[name])


def save_checkpoint(
    folder: Path,
    model: torch.nn.Module,
    optimisers: Sequence[torch.optim.Optimizer],
    progress: Progress,
) -> None:
    """Write a checkpoint, replacing the one that is there.

    Args:
        folder: The checkpoint; its parent is made.
        model: The model.
        optimisers: Its optimisers, in a fixed order.
        progress: How far the run is.
    """
    new, old = folder.with_name(folder.name + ".new"), folder.with_name(folder.name + ".old")
    for left in (new, old):
        shutil.rmtree(left, ignore_errors=True)
    new.mkdir(parents=True)
    save_weights(model, new / _WEIGHTS)
    save_file(_optimiser_tensors(optimisers), new / _OPTIMISER)
    (new / _STATE).write_text(json.dumps(asdict(progress), indent=1) + "\n", "utf-8")
    # A folder cannot be replaced in one step; between these two, `old` is complete.
    if folder.exists():
        os.replace(folder, old)
    os.replace(new, folder)
    shutil.rmtree(old, ignore_errors=True)


def find_checkpoint(folder: Path) -> Path | None:
    """The complete checkpoint of that name, if there is any."""
    for path in (folder, folder.with_name(folder.name + ".old")):
        if (path / _STATE).is_file():
            return path
    return None


def load_checkpoint(
    folder: Path, model: torch.nn.Module, optimisers: Sequence[torch.optim.Optimizer]
) -> Progress:
    """Bring a model and its optimisers to where a checkpoint left them.

    Raises:
        TokalignError: The checkpoint is broken or of another model.
    """
    progress = read_progress(folder)
    load_weights(model, folder / _WEIGHTS)
    try:
        _fill_optimisers(optimisers, load_file(folder / _OPTIMISER))
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise TokalignError(f"the checkpoint {folder} is broken: {error}") from error
    return progress


def read_progress(folder: Path) -> Progress:
    """How far the run of a checkpoint is, without its weights.

    Raises:
        TokalignError: The checkpoint is broken.
    """
    try:
        return Progress(**json.loads((folder / _STATE).read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise TokalignError(f"the checkpoint {folder} is broken: {error}") from error


def _optimiser_tensors(optimisers: Sequence[torch.optim.Optimizer]) -> dict[str, torch.Tensor]:
    """All state as tensors, named ``<optimiser>.<parameter>.<name>``."""
    return {
        f"{number}.{place}.{name}": torch.as_tensor(value).detach().clone().contiguous()
        for number, optimiser in enumerate(optimisers)
        for place, state in optimiser.state_dict()["state"].items()
        for name, value in state.items()
    }


def _fill_optimisers(
    optimisers: Sequence[torch.optim.Optimizer], tensors: dict[str, torch.Tensor]
) -> None:
    for number, optimiser in enumerate(optimisers):
        state: dict[int, dict[str, torch.Tensor]] = {}
        for key, tensor in tensors.items():
            owner, place, name = key.split(".", 2)
            if int(owner) == number:
                state.setdefault(int(place), {})[name] = tensor
        params = [p for group in optimiser.param_groups for p in group["params"]]
        for number_of, held in state.items():
            shapes = {tensor.shape for tensor in held.values() if tensor.ndim}
            if number_of >= len(params) or shapes - {params[number_of].shape}:
                raise ValueError("its optimisers hold other weights than this version's")
        optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
