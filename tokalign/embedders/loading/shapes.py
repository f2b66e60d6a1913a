"""The shapes of a checkpoint's tensors, and which part of the model each belongs to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoModelForMaskedLM

from tokalign.embedders.files.weights import Weights
from tokalign.embedders.inspecting.inspection import is_decoder
from tokalign.errors import TokalignError

Shapes = Mapping[str, tuple[int, ...]]

#: Tensors of a head, which the body is loaded without.
_HEAD = re.compile(r"(^|\.)(lm_head|embed_out|cls|vocab_\w+)\.|^decoder\.(weight|bias)$|^head\.")
_MATRIX = re.compile(r"(^|\.)(lm_head|embed_out|decoder|vocab_projector)\.weight$")
#: Two-dimensional tensors that no library quantises.
_TABLE = re.compile(r"emb|wte|wpe")


@dataclass(frozen=True)
class Parts:
    """How many numbers each tensor of a model holds, by the part that it belongs to.

    Attributes:
        linear: Weights of the body's linear layers.
        tables: Embeddings of tokens and positions.
        rest: All else of the body together: norms and biases.
        matrices: Output matrices of a head.
        width: A guess of the width of the states, for a configuration that does not say it.
    """

    linear: list[int]
    tables: list[int]
    rest: int
    matrices: list[int]
    width: int

    @classmethod
    def of(cls, shapes: Shapes) -> Parts:
        """The parts of a model whose tensors have these shapes.

        >>> parts = Parts.of({"embed_tokens.weight": (9, 4), "layers.0.up.weight": (8, 4),
        ...                   "norm.weight": (4,), "lm_head.weight": (9, 4)})
        >>> parts.linear, parts.tables, parts.rest, parts.matrices
        ([32], [36], 4, [36])
        """
        body = {name: shape for name, shape in shapes.items() if not _HEAD.search(name)}
        flat = {name: shape for name, shape in body.items() if len(shape) == 2}
        tables = [prod(shape) for name, shape in flat.items() if _TABLE.search(name)]
        linear = [prod(shape) for name, shape in flat.items() if not _TABLE.search(name)]
        return cls(
            linear=linear,
            tables=tables,
            rest=sum(map(prod, body.values())) - sum(linear) - sum(tables),
            matrices=[prod(s) for n, s in shapes.items() if _MATRIX.search(n) and len(s) == 2],
            width=max(map(min, flat.values()), default=1),
        )


def has_weights(folder: Path) -> bool:
    """Whether a folder holds any safetensors, be they whole or not."""
    return any(folder.glob("*.safetensors*"))


def stored_shapes(folder: Path) -> Shapes:
    """Name -> shape of every tensor of a checkpoint, from the headers of its safetensors."""
    weights = Weights(folder)
    return {name: weights.shape(name) for name in weights}


def shapes_of(config: Any) -> dict[str, tuple[int, ...]]:
    """Name -> shape of every tensor that a configuration asks for, head included.

    The model is built on the meta device, where tensors have a shape and take no memory.
    """
    auto = AutoModelForCausalLM if is_decoder(config) else AutoModelForMaskedLM
    try:
        with torch.device("meta"):
            model = auto.from_config(config)  # type: ignore[no-untyped-call]
    except (ValueError, RuntimeError, AttributeError) as error:
        raise TokalignError(
            f"no model can be built of the configuration {type(config).__name__}: "
            f"{str(error).splitlines()[0]}"
        ) from error
    return {name: tuple(p.shape) for name, p in model.named_parameters()}
