"""Folders in the layouts that embedders are published in, made from tiny checkpoints."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from adapters import make_adapter


def edit_json(path: Path, **changes: Any) -> None:
    """Change fields of a JSON file; None takes one out."""
    said = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({key: value for key, value in said.items() if value is not None}))


def sentence_transformers_folder(
    base: Path,
    folder: Path,
    pooling: str,
    *,
    normalise: bool = False,
    prompts: dict[str, str] | None = None,
    default: str | None = None,
    include_prompt: bool = True,
    limit: int = 100,
) -> Path:
    """A folder as the installed sentence-transformers itself saves it."""
    from sentence_transformers import SentenceTransformer, models

    inner = models.Transformer(str(base), max_seq_length=limit)
    if inner.tokenizer.pad_token is None:
        inner.tokenizer.pad_token = inner.tokenizer.eos_token
    width = inner.get_embedding_dimension()
    pool = models.Pooling(width, pooling_mode=pooling, include_prompt=include_prompt)
    parts = [inner, pool, *([models.Normalize()] if normalise else [])]
    SentenceTransformer(
        modules=parts, device="cpu", prompts=prompts, default_prompt_name=default
    ).save(str(folder))
    return folder


def adapter_folder(base: Path, folder: Path, named: str | None = None, seed: int = 1) -> Path:
    """A LoRA adapter over a LLaMA with random A and B; `named` is what it calls its base."""
    make_adapter(base, folder, "llama", whole=True, seed=seed)
    if named is not None:
        edit_json(folder / "adapter_config.json", base_model_name_or_path=named)
    return folder


def gritlm_folder(base: Path, folder: Path) -> Path:
    """A unified checkpoint with code of its own, which leaves a trace where it is run."""
    shutil.copytree(base, folder)
    code = f"open({str(folder / 'it-ran')!r}, 'w').close()\n"
    (folder / "modeling_gritlm7b.py").write_text(code)
    own = {
        "AutoModel": "modeling_gritlm7b.MistralModel",
        "AutoModelForCausalLM": "modeling_gritlm7b.MistralForCausalLM",
    }
    edit_json(folder / "config.json", auto_map=own)
    return folder
