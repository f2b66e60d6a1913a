"""Load what a phase of training starts from: the backbone, with the adapters of earlier phases."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM

from tokalign.embedders.files.weights import Weights
from tokalign.embedders.loading.adapters import apply_adapters
from tokalign.embedders.loading.tokenizers import load_tokenizer
from tokalign.errors import TokalignError


def load_backbone(folder: Path, adapters: Sequence[Path] = ()) -> tuple[Any, Any]:
    """A language model with its head, in float32, and its tokenizer.

    Args:
        folder: The exported backbone, so that training starts from the very weights that are
            shipped.
        adapters: Exported adapters, merged into it in turn.

    Raises:
        TokalignError: The folder holds no such model, or an adapter does not fit.
    """
    Weights(folder)  # a missing or truncated file is told here, by name
    try:
        model = AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, local_files_only=True, use_safetensors=True
        )
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise TokalignError(
            f"{folder} cannot be loaded: {str(error).strip().splitlines()[0]}"
        ) from error
    if getattr(model.config, "sliding_window", None) is not None:
        # Embedders that read both ways see the whole text; these texts are shorter than a window.
        model.config.sliding_window = None
    model = apply_adapters(model, adapters, quantised=False)
    return model.eval(), load_tokenizer([folder])
