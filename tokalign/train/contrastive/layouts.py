"""Backbone and delta -> the whole folder, in the layout of the published model.

SGPT's is a sentence-transformers folder; GritLM's is a whole language model whose ``config.json``
names modelling code of GritLM's own. That code is not part of the folder: nothing here runs it, and
transformers reads the folder as a plain Mistral where remote code is off.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from tokalign.embedders.files.json_files import read_object
from tokalign.embedders.files.weights import DELTA, Weights
from tokalign.errors import TokalignError
from tokalign.train.contrastive.export import MANIFEST

_TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")
_POOLING = {
    "cls": "pooling_mode_cls_token",
    "mean": "pooling_mode_mean_tokens",
    "weighted_mean": "pooling_mode_weightedmean_tokens",
    "last": "pooling_mode_lasttoken",
}
_KIND = "sentence_transformers.models."


def materialise(delta: Path, backbone: Path, folder: Path) -> None:
    """Write the whole folder of an embedder.

    Args:
        delta: What `export` wrote.
        backbone: The folder of the language model that it was trained from.
        folder: Where to; it may exist.

    Raises:
        TokalignError: A folder is not what it should be, or the two do not fit.
    """
    said = read_object(delta / MANIFEST)
    layout, reading = said.get("layout"), said.get("reading")
    if layout not in ("sentence-transformers", "gritlm") or not isinstance(reading, dict):
        raise TokalignError(f"{delta}/{MANIFEST} describes no delta with a layout of its own")
    weights = Weights(backbone)
    moved = load_file(delta / DELTA)
    wrong = [n for n, t in moved.items() if n not in weights or weights.shape(n) != tuple(t.shape)]
    if wrong:
        raise TokalignError(f"{delta} does not fit {backbone}: {wrong[0]} is not there or differs")
    tensors = {name: moved[name] if name in moved else weights.read(name) for name in weights}
    folder.mkdir(parents=True, exist_ok=True)
    config = read_object(backbone / "config.json")
    if layout == "gritlm":
        # By this name of its code, not run, the layout is known.
        config["auto_map"] = {
            "AutoModel": "modeling_gritlm7b.MistralModel",
            "AutoModelForCausalLM": "modeling_gritlm7b.MistralForCausalLM",
        }
    else:
        _write_modules(folder, reading, int(config.get("hidden_size", 0)))
    _write(folder / "config.json", config)
    # One note alone: safetensors writes several in any order, and the same input shall give the
    # same bytes. Licence and sources are in the manifest beside it.
    save_file(_contiguous(tensors), folder / "model.safetensors", metadata={"format": "pt"})
    for name in _TOKENIZER:
        if (backbone / name).is_file():
            shutil.copyfile(backbone / name, folder / name)
    shutil.copyfile(delta / MANIFEST, folder / MANIFEST)


def _write_modules(folder: Path, reading: dict[str, Any], width: int) -> None:
    """The files that sentence-transformers puts beside a model, in the form of SGPT's folders."""
    kinds = [("", "Transformer"), ("1_Pooling", "Pooling")]
    if reading.get("normalise"):
        kinds.append(("2_Normalize", "Normalize"))
    modules = [
        {"idx": number, "name": str(number), "path": path, "type": _KIND + kind}
        for number, (path, kind) in enumerate(kinds)
    ]
    _write(folder / "modules.json", modules)
    limit = {"max_seq_length": reading["max_length"], "do_lower_case": False}
    _write(folder / "sentence_bert_config.json", limit)
    flags = {flag: how == reading["pooling"] for how, flag in _POOLING.items()}
    (folder / "1_Pooling").mkdir(exist_ok=True)
    _write(folder / "1_Pooling" / "config.json", {"word_embedding_dimension": width, **flags})
    for path, _ in kinds[2:]:
        (folder / path).mkdir(exist_ok=True)


def _contiguous(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: tensor.contiguous() for name, tensor in tensors.items()}


def _write(path: Path, what: Any) -> None:
    path.write_text(json.dumps(what, indent=2) + "\n", "utf-8")
