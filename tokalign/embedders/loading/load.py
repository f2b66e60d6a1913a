"""Recipe -> loaded model and tokenizer, with everything that could go wrong silently checked.

A tensor that the checkpoint lacks would be filled with random numbers by transformers without an
error; here it is one. Only safetensors are read, and code that a checkpoint brings is not run
unless the user names that checkpoint (`remote_code`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from transformers import AutoModel
from transformers.utils import logging as transformers_logging

from tokalign.embedders.encoding.embedder import Embedder
from tokalign.embedders.files.checkpoints import checkpoint_folder
from tokalign.embedders.files.remote_code import trusted
from tokalign.embedders.files.weights import Weights, check_sha256, folder_fingerprint
from tokalign.embedders.inspecting.inspection import is_decoder, model_config
from tokalign.embedders.inspecting.sources import find_recipe
from tokalign.embedders.loading.adapters import apply_adapters
from tokalign.embedders.loading.devices import Placement, input_device, placement
from tokalign.embedders.loading.memory import check_memory, local_folder
from tokalign.embedders.loading.probes import check_attention
from tokalign.embedders.loading.quantisation import (
    Precision,
    check_library,
    check_quantised,
    precision,
    quantisation_config,
    quiet,
)
from tokalign.embedders.loading.tokenizers import load_tokenizer
from tokalign.embedders.recipes.recipe import Recipe
from tokalign.errors import TokalignError

#: Parts of a checkpoint that pooling does not use: they may be missing.
_SPARE = ("pooler.",)


def load_embedder(
    embedder: str | Recipe, *, device: str = "cpu", dtype: str = "float32"
) -> Embedder:
    """Load an embedder.

    Args:
        embedder: A registry name, a hub id, a folder, or a recipe.
        device: ``cpu``, ``cuda``, ``cuda:1``, ``mps``; or ``auto``, spread over all GPUs.
        dtype: ``float32``, ``bfloat16`` or ``float16``, in which the model computes; or ``int8``
            or ``int4``, in which the weights of its linear layers are kept. Pooling and decoding
            are in float32 whatever it is.

    Raises:
        TokalignError: Unknown name, no weights, truncated or altered weights, an architecture or
            device that is not there, a library that is missing, too little memory, attention that
            is not what the recipe says.
    """
    recipe = embedder if isinstance(embedder, Recipe) else find_recipe(embedder)
    place = placement(device)
    how = precision(dtype, place.device)
    check_library(how)
    if how.library:
        place = placement(device, quantised=True)
    # Before anything is fetched: a model that cannot fit would be a download for nothing.
    fetched = local_folder(recipe) is not None
    check_memory(recipe, device=device, dtype=dtype)
    folder = checkpoint_folder(recipe.checkpoint, recipe.revision, recipe.hub)
    if not fetched:
        check_memory(recipe, device=device, dtype=dtype)
    check_sha256(folder, recipe.sha256)
    model = _load_model(folder, recipe, how, place)
    adapters = [checkpoint_folder(name) for name in recipe.adapters]
    model = apply_adapters(model, adapters, quantised=how.library is not None)
    tokenizer = load_tokenizer([*adapters[-1:], folder], trust=trusted(recipe.checkpoint))
    model = model.eval()
    if place.device_map is None:
        model = model.to(place.device)
    model.requires_grad_(False)
    check_attention(model, recipe)
    return Embedder(
        recipe=recipe,
        model=model,
        tokenizer=tokenizer,
        device=input_device(model) if place.device_map is not None else place.device,
        dtype=dtype,
        fingerprint=_fingerprint(recipe, [folder, *adapters]),
    )


def _load_model(folder: Path, recipe: Recipe, how: Precision, place: Placement) -> Any:
    trust = trusted(recipe.checkpoint)
    quantisation = quantisation_config(how)
    config = model_config(folder, trust=trust)
    Weights(folder)  # a truncated file is told here, by name
    if recipe.attention == "bidirectional":
        # transformers >= 5.6 builds its masks from the config; setting it on the modules alone is
        # bidirectional without padding and causal with it.
        config.is_causal = False
        # Decoders that read both ways (GritLM, LLM2Vec) let every token see the whole text; an
        # encoder's window, such as ModernBERT's, is its own.
        if is_decoder(config) and getattr(config, "sliding_window", None) is not None:
            config.sliding_window = None
    more: dict[str, Any] = {}
    if place.device_map is not None:
        more["device_map"] = place.device_map
    if quantisation is not None:
        more["quantization_config"] = quantisation
    try:
        with _silent():
            model, report = AutoModel.from_pretrained(
                folder,
                config=config,
                dtype=how.compute,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=trust,
                output_loading_info=True,
                **more,
            )
    except (OSError, ValueError, RuntimeError, KeyError, ImportError) as error:
        raise TokalignError(
            f"{folder} cannot be loaded: {str(error).strip().splitlines()[0]}"
        ) from error
    missing = sorted(k for k in report["missing_keys"] if not k.startswith(_SPARE))
    misfit = sorted(str(k[0]) for k in report["mismatched_keys"])
    if missing or misfit:
        raise TokalignError(
            f"{folder}: the weights do not fit config.json: {len(missing)} tensors missing, "
            f"{len(misfit)} of another shape, first {(missing + misfit)[0]}"
        )
    check_quantised(model, how)
    return model


@contextmanager
def _silent() -> Iterator[None]:
    """Our own bars tell of long work; a second one for each file would only be noise.

    So would the report of unused tensors: what matters in it is an error here. And where it is
    installed, torchao is imported in the course of it, with remarks of its own.
    """
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    verbosity = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        with quiet():
            yield
    finally:
        transformers_logging.set_verbosity(verbosity)


def _fingerprint(recipe: Recipe, folders: list[Path]) -> str:
    parts = [recipe.deciding(), *(folder_fingerprint(folder) for folder in folders)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
