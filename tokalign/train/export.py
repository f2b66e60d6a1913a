"""A trained model -> a folder in the layout of published checkpoints, ready to be shipped.

Weights are written in 16 bits. Of the two formats of that size the one is taken whose top ten next
tokens agree better with float32; by how much is measured and noted.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer

from tokalign.errors import TokalignError, unknown
from tokalign.train.architectures import architecture, build_model
from tokalign.train.checkpoint import load_weights, save_weights
from tokalign.train.loss import next_token_loss
from tokalign.train.packing import Sequences
from tokalign.train.settings import Settings
from tokalign.train.tokenizer import fast_tokenizer, save_tokenizer

DTYPES = {"float16": torch.float16, "bfloat16": torch.bfloat16}
#: Held-out sequences on which formats are compared, and on which the final loss is measured.
COMPARED, MEASURED = 16, 512
_TOP = 10
_BATCH = 16


def trained_model(weights: Path, settings: Settings) -> Any:
    """A model with weights that a run saved, in float32, ready to compute.

    Args:
        weights: The file.
        settings: Those of the run.

    Raises:
        TokalignError: The file does not fit.
    """
    model = build_model(settings.architecture, settings.shape, settings.seed)
    load_weights(model, weights)
    return model.eval()


def rounded(model: Any, dtype: torch.dtype) -> Any:
    """A copy of a model whose weights were stored in `dtype`, and which computes in float32."""
    return copy.deepcopy(model).to(dtype).float()


def best_dtype(model: Any, ids: np.ndarray) -> dict[str, float]:
    """How well each format keeps the top ten next tokens, the best first.

    Args:
        model: In float32.
        ids: Held-out sequences ``(n, length)`` int64.

    Returns:
        Name of the format -> share of the ten tokens that are the same, over all places.
    """
    before = _top_tokens(model, ids)
    found = {}
    for name, dtype in DTYPES.items():
        after = _top_tokens(rounded(model, dtype), ids)
        found[name] = float((before[..., :, None] == after[..., None, :]).any(-1).mean())
    return dict(sorted(found.items(), key=lambda item: -item[1]))


@torch.inference_mode()
def _top_tokens(model: Any, ids: np.ndarray) -> np.ndarray:
    """The ten most likely next tokens at every place, ``(n, length, 10)`` int64."""
    logits = model(input_ids=torch.from_numpy(ids), use_cache=False).logits
    found: np.ndarray = logits.topk(_TOP, dim=-1).indices.numpy()
    return found


@torch.inference_mode()
def mean_loss(model: Any, held_out: Sequences, count: int = MEASURED) -> tuple[int, float]:
    """Tokens predicted, and their mean loss in nats, on the first held-out sequences."""
    count = min(count, len(held_out))
    total = 0.0
    head = model.get_output_embeddings().weight
    for start in range(0, count, _BATCH):
        ids = torch.from_numpy(held_out.span(start, min(start + _BATCH, count)))
        states = model.base_model(input_ids=ids[:, :-1], use_cache=False).last_hidden_state
        targets = ids[:, 1:].flatten()
        total += float(next_token_loss(states.flatten(0, 1), head, targets)) * len(ids)
    return count * held_out.length, total / count


def export(
    model: Any,
    settings: Settings,
    tokenizer: Tokenizer,
    folder: Path,
    *,
    dtype: str,
    notes: dict[str, str] | None = None,
) -> None:
    """Write ``config.json``, ``model.safetensors`` and the tokenizer's files.

    Args:
        model: In float32.
        settings: What it was trained with.
        tokenizer: The one that the miniatures share.
        folder: Where they are written; it may exist.
        dtype: ``float16`` or ``bfloat16``.
        notes: What the file of weights says of itself, such as its licence.

    Raises:
        TokalignError: There is no such format, or it cannot hold the weights.
    """
    if dtype not in DTYPES:
        raise unknown("dtype", dtype, DTYPES)
    chosen = architecture(settings.architecture)
    stored = copy.deepcopy(model).to(DTYPES[dtype])
    for name, tensor in stored.named_parameters():
        if not torch.isfinite(tensor).all():
            raise TokalignError(f"{name} has values that {dtype} cannot hold")
    folder.mkdir(parents=True, exist_ok=True)
    save_weights(stored, folder / "model.safetensors", notes)
    config = copy.deepcopy(model.config)
    config.architectures, config.dtype = [chosen.model.__name__], DTYPES[dtype]
    config.save_pretrained(folder)
    # No model has learnt to read more than the sequences of its training.
    save_tokenizer(fast_tokenizer(tokenizer, chosen.prefix, settings.shape.positions), folder)
