"""Everything that an entry is checked for before it is written, the head included.

The head is the one part that no vector shows: read wrongly, it decodes to plausible tokens. So its
logits are compared with the model's own, at every position of a small batch.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoModelForMaskedLM

from tokalign.embedders import Embedder, Embeddings, Recipe, load_embedder
from tokalign.embedders.checking.checks import (
    CHECK_TEXTS,
    Check,
    check_attention_kind,
    check_vectors,
    distance,
    rounding,
)
from tokalign.embedders.checking.sentence_transformers_check import (
    compare_with_sentence_transformers,
)
from tokalign.embedders.encoding.batching import pad
from tokalign.embedders.encoding.tokenising import tokenise
from tokalign.embedders.files.checkpoints import checkpoint_folder
from tokalign.embedders.inspecting.inspection import is_decoder, model_config
from tokalign.embedders.loading.silence import silent
from tokalign.errors import TokalignError
from tokalign.tokens.decoding import decode
from tokalign.tokens.head import Head
from tokalign.tokens.reading import load_head

_LOGITS = "own logits"
#: Precisions in which transformers can build a whole model for comparison.
_FLOATS = {name: getattr(torch, name) for name in ("float32", "bfloat16", "float16")}


def check_recipe(
    recipe: Recipe, folder: Path | None = None, *, device: str = "cpu", dtype: str = "float32"
) -> list[Check]:
    """Load a recipe and check everything that it says.

    Args:
        recipe: What is checked.
        folder: The folder that it was read off, for what else lies there.
        device: Where the checks run.
        dtype: In which precision; in half precision the bounds are looser.

    Returns:
        The checks in order. Where the model cannot be loaded at all, one that failed; where it
        cannot be told what a later one needs, that one has failed.

    Raises:
        TokalignError: It cannot be loaded here for no fault of its own: no such device or
            precision, too little memory.
    """
    try:
        embedder = load_embedder(recipe, device=device, dtype=dtype)
    except TokalignError as error:
        return [_not_loaded(error, recipe)]
    checks = [
        Check("weights", True, "all fit", "every tensor there, in its shape"),
        check_attention_kind(embedder),
        check_own_logits(embedder),
    ]
    try:
        checks += check_vectors(embedder)
    except TokalignError as error:
        return [*checks, Check("vectors", False, str(error), "finite vectors of every text")]
    if folder is not None:
        checks += compare_with_sentence_transformers(embedder, folder)
    return checks


def _not_loaded(error: TokalignError, recipe: Recipe) -> Check:
    """The check that a model fails which cannot be loaded.

    Raises:
        TokalignError: What hinders it is no fault of the entry.
    """
    told = str(error)
    # Loading itself holds a recipe to its word about attention.
    if re.search(r"says (causal|bidirectional) attention", told):
        other = "causal" if recipe.attention == "bidirectional" else "bidirectional"
        return Check("attention", False, told, f"attention: {other}")
    if re.search(r"not? fit (config|its base)|tensors? missing|safetensors|be loaded", told):
        return Check("weights", False, told, "every tensor there, in its shape")
    # No fault of the entry: no such device, too little memory, a library that is not installed.
    raise error


def check_own_logits(embedder: Embedder) -> Check:
    """Whether the head gives the logits of the model itself, at every position of every text."""
    recipe = embedder.recipe
    bound = rounding(embedder.dtype)
    try:
        head = load_head(embedder)
        if recipe.readout == "tied_input":
            why = "there is no head of its own, the input embeddings stand in for one"
            return Check.nothing(_LOGITS, why, f"at most {bound:g}")
        expected, found = _both_logits(embedder, head)
    except TokalignError as error:
        return Check(_LOGITS, False, str(error), "a head that can be read")
    return Check.at_most(_LOGITS, distance(found, expected), bound)


@torch.inference_mode()
def _both_logits(embedder: Embedder, head: Head) -> tuple[np.ndarray, np.ndarray]:
    """Logits of the model itself and of the head, ``(positions, V)`` each."""
    read = tokenise(embedder.tokenizer, embedder.recipe, CHECK_TEXTS)
    ids, mask = pad(read.ids, _padding(embedder))
    own = _own_model(embedder, head)
    given = {
        "input_ids": torch.from_numpy(ids).to(embedder.device),
        "attention_mask": torch.from_numpy(mask.astype(np.int64)).to(embedder.device),
    }
    real = torch.from_numpy(mask).to(embedder.device)
    logits = own(**given).logits
    expected = logits[real.to(logits.device)].cpu()[:, head.ids.cpu()].float().numpy()
    states = embedder.states(ids, mask)[real].float().cpu().numpy()
    ones = np.ones(len(states), dtype=np.float32)
    space = embedder.space(states.shape[1])
    # Single states, before any normalisation.
    plain = Embeddings(states, type(space)(space.head_owner, space.width), ones, ones < 0)
    # All tokens of every position, by the very function that decodes; then back in their order.
    ranked = decode(plain, head, len(head))
    order = np.argsort(ranked.ids, axis=1)
    return expected, np.take_along_axis(ranked.logits, order, axis=1)


def _padding(embedder: Embedder) -> int:
    # Any id of the model will do, since it is masked out; RoBERTa's kind needs its own.
    return max(int(getattr(embedder.model.config, "pad_token_id", None) or 0), 0)


def _own_model(embedder: Embedder, head: Head) -> Any:
    """The whole model of the head's owner, head included, as transformers builds it.

    Where the embedder's body is another than the owner's (an adapter is merged into it, it reads
    both ways, the head is of another checkpoint, or it is kept in fewer bits), the embedder's body
    takes its place; so it does in half precision, where a model may be too large to be there twice.

    Raises:
        TokalignError: transformers cannot build it.
    """
    recipe = embedder.recipe
    its_own = recipe.head in (None, recipe.checkpoint)
    folder = (
        checkpoint_folder(recipe.checkpoint, recipe.revision, recipe.hub)
        if its_own
        else checkpoint_folder(str(recipe.head))
    )
    auto = AutoModelForCausalLM if recipe.readout == "lm_head" else AutoModelForMaskedLM
    try:
        with silent():
            own: Any = auto.from_pretrained(
                folder,
                dtype=_FLOATS.get(embedder.dtype, head.matrix.dtype),
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
            )
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        first = str(error).strip().splitlines()[0]
        raise TokalignError(f"transformers cannot build {folder} with its head: {first}") from error
    kind = "causal" if is_decoder(model_config(folder)) else "bidirectional"
    own.eval()
    alike = its_own and not recipe.adapters and recipe.attention == kind
    if alike and embedder.dtype == "float32":
        return own.to(embedder.device)
    # The owner's body is let go before the rest is moved to the device.
    setattr(own, own.base_model_prefix, torch.nn.Identity())
    own.to(embedder.device)
    setattr(own, own.base_model_prefix, embedder.model)
    return own
