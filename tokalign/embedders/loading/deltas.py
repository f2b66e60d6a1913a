"""Deltas: tensors in the place of a base's. What training moved, and nothing else.

Bias-only training leaves a file of biases, training of all layers one without the embeddings of
tokens that stayed as they were.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from tokalign.embedders.files.weights import DELTA, Weights
from tokalign.errors import TokalignError


def is_delta(adapter: Path) -> bool:
    """Whether a folder holds a delta.

    >>> is_delta(Path("no/such/folder"))
    False
    """
    return (adapter / DELTA).is_file()


def apply_delta(model: Any, adapter: Path) -> Any:
    """The model with a delta's tensors in it.

    Args:
        model: The base, without a head; changed in place.
        adapter: Folder of the delta. Its tensors may be named as in the model with its head
            (``transformer.h.0...``) or as in the body alone (``h.0...``).

    Returns:
        The same model.

    Raises:
        TokalignError: A tensor is of the head, which the body has none of; or the base has no
            tensor of that name and shape.
    """
    weights = Weights(adapter)
    own = dict(model.named_parameters())
    prefix = f"{model.base_model_prefix}."
    with torch.no_grad():
        for name in weights:
            inner = name if name in own else name.removeprefix(prefix)
            if inner not in own or tuple(own[inner].shape) != weights.shape(name):
                raise TokalignError(
                    f"{adapter} does not fit its base, which has no {inner} of shape "
                    f"{weights.shape(name)}"
                )
            own[inner].copy_(weights.read(name))
    return model
