"""Recipe -> loaded model and tokenizer, with everything that could go wrong silently checked.

A tensor that the checkpoint lacks would be filled with random numbers by transformers without an
error; here it is one. Only safetensors are read, and code that a checkpoint brings is not run
unless the user names that checkpoint (`remote_code`).
"""

from __future__ import annotations

import hashlib
import warnings
from math import prod
from pathlib import Path
from typing import Any

from transformers import AutoModel

from tokalign.embedders.encoding.embedder import Embedder
from tokalign.embedders.files.checkpoints import checkpoint_folder, is_available
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
)
from tokalign.embedders.loading.silence import silent
from tokalign.embedders.loading.tokenizers import load_tokenizer
from tokalign.embedders.recipes.hub_ids import without_commit
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
    folder, adapters = _folders(recipe)
    if not fetched:
        check_memory(recipe, device=device, dtype=dtype)
    check_sha256(folder, recipe.sha256)
    _check_size(folder, recipe)
    model = _load_model(folder, recipe, how, place)
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


def _folders(recipe: Recipe) -> tuple[Path, list[Path]]:
    """The folders of a recipe's checkpoint and adapters, fetched if need be.

    Raises:
        TokalignError: One is not to be had; what the recipe says of a gate or of pickles is added.
    """
    if recipe.pickled and not is_available(recipe.model_copy(update={"head": None})):
        parts = ", ".join(map(without_commit, (recipe.checkpoint, *recipe.adapters)))
        raise TokalignError(
            f"{recipe.name}: of {parts} some weights are published as pickles alone, which are not "
            "opened; convert them once (the book's page on the embedders tells how) and lay them "
            "under $TOKALIGN_CHECKPOINTS as owner/name"
        )
    try:
        folder = checkpoint_folder(recipe.checkpoint, recipe.revision, recipe.hub)
        return folder, [checkpoint_folder(name) for name in recipe.adapters]
    except TokalignError as error:
        if not recipe.gated:
            raise
        raise TokalignError(f"{error}. About these weights: {recipe.gated}") from error


def _check_size(folder: Path, recipe: Recipe) -> None:
    """Warn where the weights are of quite another size than the recipe says."""
    if recipe.parameters is None:
        return
    weights = Weights(folder)
    there = sum(prod(weights.shape(name)) for name in weights)
    if not 0.5 < there / recipe.parameters < 2:
        warnings.warn(
            f"{folder.name} has {there:,} parameters, but the entry of {recipe.name} speaks of "
            f"{recipe.parameters:,}: these are other weights",
            stacklevel=3,
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
        with silent():
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


def _fingerprint(recipe: Recipe, folders: list[Path]) -> str:
    parts = [recipe.deciding(), *(folder_fingerprint(folder) for folder in folders)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
