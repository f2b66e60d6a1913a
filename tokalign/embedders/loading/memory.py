"""Memory that an embedder takes, estimated before anything of it is loaded.

From the shapes in the headers of its safetensors; where those are not on disk, from its
configuration; where that is not either, from the number of parameters that its recipe states.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

import torch

from tokalign.embedders.encoding.embedder import BATCH_TOKENS, BATCH_TOKENS_ELSEWHERE
from tokalign.embedders.files.checkpoints import checkpoint_folder, is_available
from tokalign.embedders.files.remote_code import trusted
from tokalign.embedders.inspecting.inspection import model_config
from tokalign.embedders.inspecting.sources import find_recipe
from tokalign.embedders.loading.available import available_memory
from tokalign.embedders.loading.devices import AUTO
from tokalign.embedders.loading.quantisation import DTYPES, Precision, precision
from tokalign.embedders.loading.shapes import Parts, Shapes, has_weights, shapes_of, stored_shapes
from tokalign.embedders.recipes.recipe import Recipe
from tokalign.errors import TokalignError

GIB = 2**30
#: Rows of the head that are brought to float32 at a time, and one tile of logits, see `decode`.
_ROWS, _LOGITS = 8192, 2**24
#: Where only the number of parameters is known: a vocabulary's usual size, and a large one's.
_VOCABULARY, _LARGE_VOCABULARY = 50_000, 152_000


@dataclass(frozen=True)
class MemoryEstimate:
    """Bytes that an embedder with its head takes.

    Attributes:
        weights: Of the body and its adapters.
        head: Of the head's own matrix; 0 where it is the input embeddings, which are there anyway.
        working: Of a batch: activations, and what decoding needs beyond inputs and result.
        source: What it was read from: ``headers``, ``configuration`` or ``parameters``.
        loading: Beyond the weights while they are loaded: on the CPU all weights as they are stored
            are held until the last of them is quantised.
    """

    weights: int
    head: int
    working: int
    source: str
    loading: int = 0

    @property
    def total(self) -> int:
        """The most that is needed at a time."""
        return self.weights + max(self.head + self.working, self.loading)


def estimate_memory(
    embedder: str | Recipe, *, device: str = "cpu", dtype: str = "float32"
) -> MemoryEstimate:
    """Estimate the memory that an embedder takes; nothing is loaded or fetched.

    Args:
        embedder: As for `load_embedder`.
        device: As for `load_embedder`; decides how large a batch is.
        dtype: As for `load_embedder`.

    Returns:
        Weights and head to the byte where the headers are on disk; the working space, from the
        width of the layers, is a rough upper bound.

    Raises:
        TokalignError: Unknown name, device or dtype, truncated weights, or nothing to estimate
            from.

    >>> seven = Recipe(name="x", checkpoint="owner/not-fetched", readout="lm_head", pooling="last",
    ...                attention="causal", max_length=512, parameters=7_000_000_000)
    >>> for dtype in ("float32", "bfloat16", "int4"):
    ...     estimate = estimate_memory(seven, dtype=dtype)
    ...     print(dtype, round((estimate.weights + estimate.head) / 2**30))
    float32 26
    bfloat16 13
    int4 5
    """
    recipe = embedder if isinstance(embedder, Recipe) else find_recipe(embedder)
    how = precision(dtype, _kind(device))
    folder = local_folder(recipe)
    if folder is None:
        if recipe.parameters is None:
            raise TokalignError(
                f"the memory of {recipe.name} cannot be told: its weights are not on disk and its "
                "recipe states no parameters"
            )
        return _from_parameters(recipe, recipe.parameters, how, device)
    config = model_config(folder, trust=trusted(recipe.checkpoint))
    bare = not has_weights(folder)
    shapes = shapes_of(config) if bare else stored_shapes(folder)
    found = estimate_from_shapes(shapes, config, recipe, how, device)
    beside = [f for name in recipe.adapters if (f := _folder_of(name)) is not None]
    adapters = sum(prod(shape) for f in beside for shape in stored_shapes(f).values())
    head = found.head
    if recipe.head is not None and (other := _folder_of(recipe.head)) is not None:
        theirs = Parts.of(stored_shapes(other))
        head = max(theirs.matrices or theirs.tables, default=0) * how.compute.itemsize
    return replace(
        found,
        weights=found.weights + adapters * how.compute.itemsize,
        head=head,
        source="configuration" if bare else "headers",
        loading=_stored(folder) if how.library and how.compute == torch.float32 else 0,
    )


def _stored(folder: Path) -> int:
    """Bytes of the safetensors of a folder; 0 where there are none yet."""
    return sum(path.stat().st_size for path in folder.glob("*.safetensors"))


def estimate_from_shapes(
    shapes: Shapes, config: Any, recipe: Recipe, how: Precision, device: str
) -> MemoryEstimate:
    """The estimate for tensors of these shapes.

    Args:
        shapes: Name -> shape of all tensors, with those of the head or without.
        config: The model's transformers configuration.
        recipe: Its readout says which head there is.
        how: The precision.
        device: Decides how large a batch is.
    """
    parts = Parts.of(shapes)
    tied = getattr(config, "tie_word_embeddings", False) or recipe.readout == "tied_input"
    text = config.get_text_config()
    width = int(getattr(text, "hidden_size", None) or parts.width)
    inner = getattr(text, "intermediate_size", None) or getattr(text, "ffn_dim", None) or 4 * width
    working = _working(width, int(inner), how, device)
    if how.library and parts.linear:  # one layer at a time is brought back to what is computed in
        working += max(parts.linear) * how.compute.itemsize * _batch(device)[1]
    return MemoryEstimate(
        weights=int(sum(parts.linear) * how.bytes_linear)
        + (sum(parts.tables) + parts.rest) * how.compute.itemsize,
        head=0 if tied else max(parts.matrices, default=0) * how.compute.itemsize,
        working=working,
        source="headers",
    )


def _from_parameters(
    recipe: Recipe, parameters: int, how: Precision, device: str
) -> MemoryEstimate:
    # P = 12 L d^2 with L = d / 128 layers: within a fifth of the width of the common models.
    width = round((128 * parameters / 12) ** (1 / 3))
    tables = min(2 * _VOCABULARY * width, parameters // 2) if how.library else 0
    kept = (parameters - tables) * how.bytes_linear + tables * how.compute.itemsize
    # A head of another checkpoint comes on top; its own is among the parameters.
    head = 0 if recipe.head is None else _LARGE_VOCABULARY * width * how.compute.itemsize
    return MemoryEstimate(int(kept), head, _working(width, 4 * width, how, device), "parameters")


def _kind(device: str) -> torch.device:
    """A device of that kind, whether there is one here or not."""
    if device == AUTO:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.device(device)
    except RuntimeError as error:
        raise TokalignError(
            f"unknown device {device!r}; allowed: cpu, cuda, cuda:1, mps, auto"
        ) from error


def _batch(device: str) -> tuple[int, int]:
    """Tokens in a batch, and how many batches run side by side."""
    on_cpu = _kind(device).type == "cpu"
    tokens = BATCH_TOKENS["cpu"] if on_cpu else BATCH_TOKENS_ELSEWHERE
    return tokens, torch.get_num_threads() if on_cpu else 1


def _working(width: int, inner: int, how: Precision, device: str) -> int:
    tokens, side_by_side = _batch(device)
    # In a layer: residual, its norm, query, key, value, attention's output; the gate, the product
    # and the activation of the inner layer. Then the states once more in float32 for pooling.
    layer = (8 * width + 3 * inner) * how.compute.itemsize + 8 * width
    cast = _ROWS * width * 4 if how.compute != torch.float32 else 0
    return side_by_side * tokens * layer + cast + _LOGITS


def local_folder(recipe: Recipe) -> Path | None:
    """The folder that holds a recipe's checkpoint, or None where it would have to be fetched."""
    alone = recipe.model_copy(update={"adapters": (), "head": None})
    if not is_available(alone):
        return None
    return checkpoint_folder(recipe.checkpoint, recipe.revision, recipe.hub)


def _folder_of(checkpoint: str) -> Path | None:
    """As `local_folder`, for a checkpoint that is no more than a name."""
    return local_folder(
        Recipe(
            name=checkpoint, checkpoint=checkpoint, readout="lm_head", pooling="last",
            attention="causal", max_length=1,
        )
    )  # fmt: skip


def check_memory(recipe: Recipe, *, device: str, dtype: str) -> None:
    """Refuse an embedder that cannot fit, before it is loaded.

    Where there are neither weights nor a number of parameters, nothing is refused here.

    Raises:
        TokalignError: It needs more than is available, with what would fit.
    """
    folder = local_folder(recipe)
    if recipe.parameters is None if folder is None else not has_weights(folder):
        return
    needed = estimate_memory(recipe, device=device, dtype=dtype)
    there = available_memory(device)
    if needed.total <= there:
        return
    smaller = {
        other: estimate_memory(recipe, device=device, dtype=other).total
        for other in DTYPES[DTYPES.index(dtype) + 1 :]
        if other != "float16"
    }
    fits = [f"dtype {name} ({size / GIB:.1f} GiB)" for name, size in smaller.items()
            if size <= there]  # fmt: skip
    if torch.cuda.device_count() > 1 and device != AUTO:
        fits.append("device auto, over all GPUs")
    advice = f"what would fit: {', '.join(fits)}" if fits else "no smaller dtype would fit either"
    fetched = "" if local_folder(recipe) else "; its weights are not on this machine yet"
    raise TokalignError(
        f"{recipe.name} needs about {needed.total / GIB:.1f} GiB in {dtype} "
        f"({(needed.weights + needed.head) / GIB:.1f} for the weights, the rest to load and "
        f"compute), but {device} has {there / GIB:.1f} GiB available; {advice}{fetched}"
    )
