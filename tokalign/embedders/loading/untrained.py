"""The same embedder with weights that have learned nothing: architecture, tokenizer, recipe.

How much of an effect does the architecture show by itself? Where the head is tied to the input
embeddings, what a token adds to the states at the bottom meets its own row again at the top, with
or without training.
"""

from __future__ import annotations

import copy
import hashlib
import shutil
import tempfile
import weakref
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModel, AutoModelForCausalLM, AutoModelForMaskedLM

from tokalign.embedders.encoding.embedder import Embedder
from tokalign.embedders.files.remote_code import trusted
from tokalign.embedders.loading.load import load_embedder
from tokalign.embedders.loading.probes import check_attention
from tokalign.embedders.loading.quantisation import precision
from tokalign.embedders.loading.silence import silent
from tokalign.embedders.recipes.recipe import Recipe
from tokalign.errors import TokalignError

_WITH_HEAD = {"lm_head": AutoModelForCausalLM, "mlm": AutoModelForMaskedLM, "tied_input": AutoModel}


def untrained(embedder: Embedder | Recipe | str, seed: int = 0) -> Embedder:
    """An embedder's architecture, tokenizer and recipe with freshly drawn weights.

    The weights are drawn as transformers draws them before a training begins. The configuration is
    the loaded model's, so attention is what the recipe says; adapters leave no trace.

    Two heads can read the vectors, and they are different controls. Its own head,
    ``load_head(untrained(embedder))``, is drawn with it; tied, it is its input embeddings. That
    tells what architecture and tying give alone. The trained head, ``load_head(embedder)``,
    belongs to another body: `decode` takes it with ``swapped=True``. That tells what the trained
    head gives to vectors in which nothing was learned, such as its preference for frequent tokens.

    A model that somebody trained from a seed such as 0 was that very draw before its training, and
    its head may still resemble it. So the seed is not torch's: it goes through a hash, and no draw
    here is one that a training is likely to have begun with.

    Args:
        embedder: A loaded embedder; or a recipe, name or folder, which is loaded on the CPU first.
        seed: Of the weights; torch's own random state is left as it is.

    Returns:
        The embedder, in the precision in which the trained one computes and on its device. Its head
        lies in a temporary folder that goes with it.

    Raises:
        TokalignError: See `load_embedder`; or transformers cannot build such a model.

    >>> from transformers import LlamaConfig, LlamaModel
    >>> config = LlamaConfig(vocab_size=9, hidden_size=4, intermediate_size=4,
    ...                      num_hidden_layers=1, num_attention_heads=1)
    >>> recipe = Recipe(name="tiny", checkpoint="tiny", readout="lm_head", pooling="last",
    ...                 attention="causal", max_length=9)
    >>> cpu = torch.device("cpu")
    >>> trained = Embedder(recipe, LlamaModel(config), None, cpu, "float32", "its fingerprint")
    >>> one, again, other = (untrained(trained, seed) for seed in (0, 0, 1))
    >>> one.name, one.fingerprint == again.fingerprint, one.fingerprint == other.fingerprint
    ('tiny (untrained)', True, False)
    """
    if not isinstance(embedder, Embedder):
        embedder = load_embedder(embedder)
    recipe = embedder.recipe
    compute = precision(embedder.dtype, embedder.device).compute
    whole = _drawn(embedder, compute, seed)
    body = whole.base_model
    folder = Path(tempfile.mkdtemp(prefix="tokalign-untrained-"))
    # The body outlives every copy of the embedder that is made by `replace`.
    weakref.finalize(body, shutil.rmtree, folder, ignore_errors=True)
    _save_head(whole, folder)
    body.to(embedder.device).requires_grad_(False)
    # All that leads to the trained weights goes; the bytes of these are never looked for.
    own = recipe.model_copy(
        update={
            "name": f"{recipe.name} (untrained)", "checkpoint": str(folder), "hub": None,
            "revision": None, "sha256": {}, "adapters": (), "head": None,
        }
    )  # fmt: skip
    check_attention(body, own)
    said = f"untrained\n{seed}\n{embedder.fingerprint}"
    return replace(
        embedder,
        recipe=own,
        model=body,
        dtype=str(compute).removeprefix("torch."),
        fingerprint=hashlib.sha256(said.encode()).hexdigest(),
    )


def _drawn(embedder: Embedder, compute: torch.dtype, seed: int) -> Any:
    """The whole model, head included, on the CPU."""
    recipe = embedder.recipe
    config = copy.deepcopy(embedder.model.config)
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    try:
        with silent(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(_hashed(seed))
            whole: Any = _WITH_HEAD[recipe.readout].from_config(  # type: ignore[no-untyped-call]
                config, dtype=compute, trust_remote_code=trusted(recipe.checkpoint)
            )
    except (ValueError, RuntimeError, KeyError, ImportError) as error:
        raise TokalignError(
            f"{recipe.name}: no untrained model can be built of {type(config).__name__} with "
            f"readout {recipe.readout}: {str(error).strip().splitlines()[0]}"
        ) from error
    return whole.eval()


def _hashed(seed: int) -> int:
    digest = hashlib.sha256(f"tokalign untrained {seed}".encode()).digest()
    return int.from_bytes(digest[:7], "big")


def _save_head(whole: Any, folder: Path) -> None:
    """Lay the configuration, the head and the input embeddings where a head is looked for."""
    table = whole.get_input_embeddings().weight
    body = {id(p) for p in whole.base_model.parameters()} - {id(table)}
    state = {
        name: parameter.detach()
        for name, parameter in whole.named_parameters(remove_duplicate=False)
        if id(parameter) not in body
    }
    with silent():
        whole.save_pretrained(folder, state_dict=state)
