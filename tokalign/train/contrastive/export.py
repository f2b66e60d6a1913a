"""A trained embedder -> files to ship: what was trained alone, in 16 bits, with a manifest.

Adapters are written as adapters, in peft's layout. Of everything else only the tensors that
training moved are stored, as ``delta.safetensors``: the biases for BitFit. `layouts` makes the
whole folder of the published layout of it and of the backbone.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

from tokalign.embedders.files.weights import DELTA
from tokalign.errors import TokalignError, unknown
from tokalign.train.contrastive.methods import trained
from tokalign.train.contrastive.plans import Plan
from tokalign.train.contrastive.reader import Reader

DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
MANIFEST = "manifest.json"
_TOP = 10


def rounded(reader: Reader, dtype: torch.dtype) -> Reader:
    """The same reader with what was trained rounded to a format; it still computes in float32."""
    model = copy.deepcopy(reader.model)
    with torch.no_grad():
        for parameter in trained(model).values():
            parameter.copy_(parameter.to(dtype).float())
    return Reader(model, reader.tokenizer, reader.recipe, reader.piece_tokens)


def agreement(reader: Reader, dtype: torch.dtype, texts: Sequence[str]) -> float:
    """Share of each text's ten aligned tokens that stay when the weights are stored in `dtype`."""
    before, after = (_aligned(r, texts) for r in (reader, rounded(reader, dtype)))
    return float((before[:, :, None] == after[:, None, :]).any(axis=-1).mean())


def best_dtype(reader: Reader, texts: Sequence[str]) -> tuple[str, dict[str, float]]:
    """Which format of 16 bits keeps more of the aligned tokens.

    Args:
        reader: In float32.
        texts: Held-out texts.

    Returns:
        Its name, float16 where both keep as many, and the agreement of each.
    """
    found = {
        name: round(agreement(reader, DTYPES[name], texts), 5) for name in ("float16", "bfloat16")
    }
    return max(found, key=lambda name: found[name]), found


def _aligned(reader: Reader, texts: Sequence[str]) -> np.ndarray:
    head = reader.model.get_output_embeddings().weight.detach().float().cpu()
    logits = torch.from_numpy(reader.encode(texts)) @ head.T
    found: np.ndarray = logits.topk(_TOP, dim=1).indices.numpy()
    return found


def export(
    reader: Reader,
    plan: Plan,
    folder: Path,
    *,
    base: str,
    dtype: str,
    notes: dict[str, Any],
) -> None:
    """Write what was trained, and a manifest.

    Args:
        reader: The trained model.
        plan: How it was made.
        folder: Where it is written; it may exist.
        base: What the weights belong on, by the name that a reader of the folder knows: a hub id,
            or a folder relative to this one.
        dtype: ``float16``, ``bfloat16`` or ``float32``.
        notes: More for the manifest: licence, sources, steps, minutes, agreement.

    Raises:
        TokalignError: There is no such format, or a weight does not fit into it.
    """
    if dtype not in DTYPES:
        raise unknown("dtype", dtype, DTYPES)
    folder.mkdir(parents=True, exist_ok=True)
    licence = str(notes.get("licence", ""))
    about = {"format": "pt", "embedder": plan.name, "licence": licence}
    if hasattr(reader.model, "peft_config"):
        tensors = _adapter_tensors(reader.model)
        _write_adapter_config(reader.model, folder, base)
        name = "adapter_model.safetensors"
    else:
        tensors = {name: p.detach() for name, p in trained(reader.model).items()}
        name = DELTA
    stored = {key: tensor.to(DTYPES[dtype]).contiguous() for key, tensor in tensors.items()}
    for key, tensor in stored.items():
        if not torch.isfinite(tensor).all():
            raise TokalignError(f"{key} has values that {dtype} cannot hold")
    save_file(stored, folder / name, metadata=about)
    manifest = {
        "embedder": plan.name, "base": base, "backbone": plan.backbone, "layout": plan.layout,
        "like": plan.like_published, "dtype": dtype, "seed": plan.seed, "reading": plan.reading,
        "phases": [phase.model_dump(mode="json") for phase in plan.phases], **notes,
    }  # fmt: skip
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")


def _adapter_tensors(model: Any) -> dict[str, torch.Tensor]:
    from peft import get_peft_model_state_dict

    # The embeddings are not trained, so they are never asked for.
    found = get_peft_model_state_dict(model, save_embedding_layers=False)
    return {name: tensor.detach() for name, tensor in found.items()}


def _write_adapter_config(model: Any, folder: Path, base: str) -> None:
    config = copy.deepcopy(model.peft_config["default"])
    config.base_model_name_or_path = base
    config.inference_mode = True
    config.save_pretrained(str(folder))
