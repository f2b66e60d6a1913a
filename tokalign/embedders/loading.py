"""Recipe -> loaded model and tokenizer, with everything that could go wrong silently checked.

A tensor that the checkpoint lacks would be filled with random numbers by transformers without an
error; here it is one. Only safetensors are read, and code that a checkpoint brings is never run.
"""

from __future__ import annotations

import hashlib
import re
import warnings
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModel, AutoTokenizer
from transformers.utils import logging as transformers_logging

from tokalign.embedders.checkpoints import checkpoint_folder
from tokalign.embedders.embedder import Embedder
from tokalign.embedders.inspection import is_decoder, model_config
from tokalign.embedders.probes import check_attention
from tokalign.embedders.recipe import Recipe
from tokalign.embedders.sources import find_recipe
from tokalign.embedders.weights import Weights, check_sha256, folder_fingerprint
from tokalign.errors import TokalignError, unknown

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
#: Parts of a checkpoint that pooling does not use: they may be missing.
_SPARE = ("pooler.",)


def load_embedder(
    embedder: str | Recipe, *, device: str = "cpu", dtype: str = "float32"
) -> Embedder:
    """Load an embedder.

    Args:
        embedder: A registry name, a hub id, a folder, or a recipe.
        device: ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
        dtype: ``float32``, ``bfloat16`` or ``float16``, in which the model computes. Pooling and
            decoding are in float32 whatever it is.

    Raises:
        TokalignError: Unknown name, no weights, truncated or altered weights, an architecture or
            device that is not there, attention that is not what the recipe says.
    """
    recipe = embedder if isinstance(embedder, Recipe) else find_recipe(embedder)
    where = check_device(device)
    if dtype not in _DTYPES:
        raise unknown("dtype", dtype, _DTYPES)
    folder = checkpoint_folder(recipe.checkpoint, recipe.revision, recipe.hub)
    check_sha256(folder, recipe.sha256)
    model = _load_model(folder, recipe, _DTYPES[dtype])
    adapters = [checkpoint_folder(name) for name in recipe.adapters]
    for adapter in adapters:
        model = _merge_adapter(model, adapter)
    tokenizer = _load_tokenizer([*adapters[-1:], folder])
    model = model.eval().to(where)
    model.requires_grad_(False)
    check_attention(model, recipe)
    return Embedder(
        recipe=recipe,
        model=model,
        tokenizer=tokenizer,
        device=where,
        dtype=dtype,
        fingerprint=_fingerprint(recipe, [folder, *adapters]),
    )


def check_device(device: str) -> torch.device:
    """The torch device of that name.

    Raises:
        TokalignError: There is no such device here.

    >>> check_device("cpu")
    device(type='cpu')
    """
    try:
        found = torch.device(device)
        # A device without data, such as "meta", fails at the reading back.
        torch.zeros(1, device=found).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise TokalignError(f"device {device!r} is not there; allowed: {_devices()}") from error
    return found


def _devices() -> str:
    here = ["cpu"] + [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    return ", ".join(here + (["mps"] if torch.backends.mps.is_available() else []))


def _load_model(folder: Path, recipe: Recipe, dtype: torch.dtype) -> Any:
    config = model_config(folder)
    Weights(folder)  # a truncated file is told here, by name
    if recipe.attention == "bidirectional":
        # transformers >= 5.6 builds its masks from the config; setting it on the modules alone is
        # bidirectional without padding and causal with it.
        config.is_causal = False
        # Decoders that read both ways (GritLM, LLM2Vec) let every token see the whole text; an
        # encoder's window, such as ModernBERT's, is its own.
        if is_decoder(config) and getattr(config, "sliding_window", None) is not None:
            config.sliding_window = None
    # Our own bars tell of long work; a second one for each file would only be noise. So would the
    # report of unused tensors: what matters in it is an error below.
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    verbosity = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        model, report = AutoModel.from_pretrained(
            folder,
            config=config,
            dtype=dtype,
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise TokalignError(
            f"{folder} cannot be loaded: {str(error).strip().splitlines()[0]}"
        ) from error
    finally:
        transformers_logging.set_verbosity(verbosity)
    missing = sorted(k for k in report["missing_keys"] if not k.startswith(_SPARE))
    misfit = sorted(str(k[0]) for k in report["mismatched_keys"])
    if missing or misfit:
        raise TokalignError(
            f"{folder}: the weights do not fit config.json: {len(missing)} tensors missing, "
            f"{len(misfit)} of another shape, first {(missing + misfit)[0]}"
        )
    return model


def _merge_adapter(model: Any, adapter: Path) -> Any:
    try:
        from peft import PeftConfig, PeftModel
    except ImportError as error:
        raise TokalignError(
            f"{adapter} is a LoRA adapter: install the extra, pip install 'tokalign[lora]'"
        ) from error
    wrapped = _fit_adapter(model, adapter)
    try:
        config = PeftConfig.from_pretrained(str(adapter))
        config.task_type = None  # the body alone is there: nothing to generate or classify with
        with warnings.catch_warnings():
            # To peft, a layer of the adapter without weights is no error, only a warning.
            warnings.filterwarnings("error", message="Found missing adapter keys")
            adapted = PeftModel.from_pretrained(
                model, str(adapter), config=config, key_mapping=wrapped
            )
        merged = adapted.merge_and_unload()
    except (ValueError, RuntimeError, KeyError, TypeError, AttributeError, UserWarning) as error:
        first = str(error).strip().splitlines()[0]
        raise TokalignError(f"{adapter} does not fit its base: {first}") from error
    return merged


def _fit_adapter(model: Any, adapter: Path) -> dict[str, str]:
    """How the names of an adapter's tensors become those of the body.

    An adapter that was trained on a model with a head names the body (``model.layers``); peft
    would leave out such tensors without an error.

    Raises:
        TokalignError: A tensor is for a module that the body does not have.
    """
    body = re.escape(model.base_model_prefix)
    known = {name for name, _ in model.named_modules()}
    names = [name.removeprefix("base_model.model.") for name in Weights(adapter)]
    modules = {re.split(r"\.(?:lora_\w+|weight|bias)\b", name)[0] for name in names}
    if modules <= known:
        return {}
    strange = sorted({re.sub(rf"^{body}\.", "", module) for module in modules} - known)
    if strange:
        raise TokalignError(f"{adapter} does not fit its base, which has no {strange[0]}")
    return {rf"^{body}\.": ""}


def _load_tokenizer(folders: list[Path]) -> Any:
    """The tokenizer of the first folder that has one, padding and stray inputs settled."""
    names = ("tokenizer.json", "tokenizer_config.json", "tokenizer.model", "vocab.txt")
    home = next((f for f in folders if any((f / n).is_file() for n in names)), None)
    if home is None:
        raise TokalignError(f"{folders[-1]} holds no tokenizer; allowed: {', '.join(names)}")
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            home,
            local_files_only=True,
            trust_remote_code=False,
            # GPT-Neo adds whatever token_type_ids it is given to its input, without an error.
            model_input_names=["input_ids", "attention_mask"],
        )
    except Exception as error:  # tokenizers raises bare Exception on a malformed file
        raise TokalignError(
            f"the tokenizer of {home} cannot be loaded: {str(error).splitlines()[0]}"
        ) from error
    if not tokenizer.is_fast:
        raise TokalignError(f"{home} has no fast tokenizer (tokenizer.json), which is needed")
    return tokenizer


def _fingerprint(recipe: Recipe, folders: list[Path]) -> str:
    described = recipe.model_dump_json(exclude={"name", "note", "source", "family", "checkpoint"})
    parts = [described, *(folder_fingerprint(folder) for folder in folders)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
