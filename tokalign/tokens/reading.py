"""Read a head from a checkpoint's safetensors: which tensors belong to it, by architecture.

Every layout is one row of a table below; a new architecture is a new row. Nothing here asks for a
model's name.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional
from transformers.activations import ACT2FN

from tokalign.embedders import Embedder
from tokalign.embedders.checkpoints import checkpoint_folder
from tokalign.embedders.inspection import model_config
from tokalign.embedders.recipe import Readout
from tokalign.embedders.weights import Weights
from tokalign.errors import TokalignError, unknown
from tokalign.tokens.head import Head, Transform

#: Ends of the names of input embeddings, most specific first.
_INPUT = (
    "embeddings.word_embeddings.weight",  # BERT, RoBERTa, DistilBERT, MPNet, ALBERT
    "embeddings.tok_embeddings.weight",  # ModernBERT
    "embed_tokens.weight",  # LLaMA, Mistral, Qwen, Gemma, OPT
    "wte.weight",  # GPT-2, GPT-Neo, GPT-J
    "embed_in.weight",  # GPT-NeoX
    "word_embeddings.weight",  # BLOOM, Falcon
)
#: Ends of the names of untied output heads.
_OUTPUT = ("lm_head.weight", "embed_out.weight")
_OUTPUT_BIAS = ("lm_head.bias", "embed_out.bias")


@dataclass(frozen=True)
class MlmLayout:
    """The tensors of a masked-LM head: dense, activation, norm, then the matrix and its bias."""

    dense: str
    norm: str
    decoder: str
    bias: tuple[str, ...]
    activation: str
    eps: str


_MLM = (
    MlmLayout("predictions.transform.dense", "predictions.transform.LayerNorm",
              "predictions.decoder.weight", ("predictions.bias", "predictions.decoder.bias"),
              "hidden_act", "layer_norm_eps"),
    MlmLayout("lm_head.dense", "lm_head.layer_norm", "lm_head.decoder.weight",
              ("lm_head.bias", "lm_head.decoder.bias"), "gelu", "layer_norm_eps"),
    MlmLayout("vocab_transform", "vocab_layer_norm", "vocab_projector.weight",
              ("vocab_projector.bias",), "activation", "=1e-12"),
    MlmLayout("predictions.dense", "predictions.LayerNorm", "predictions.decoder.weight",
              ("predictions.bias", "predictions.decoder.bias"), "hidden_act", "layer_norm_eps"),
    MlmLayout("head.dense", "head.norm", "decoder.weight", ("decoder.bias",),
              "classifier_activation", "norm_eps"),
)  # fmt: skip


def load_head(embedder: Embedder, readout: Readout | None = None) -> Head:
    """Read the head that decodes an embedder's vectors.

    Args:
        embedder: A loaded embedder; its recipe says who owns the head.
        readout: Another readout than the recipe's.

    Returns:
        The head in float32 on the embedder's device. Rows that the tokenizer cannot name are
        left out.

    Raises:
        TokalignError: The checkpoint has no such head.
    """
    recipe = embedder.recipe
    owner_is_itself = recipe.head_owner == recipe.checkpoint
    folder = checkpoint_folder(
        recipe.head_owner,
        recipe.revision if owner_is_itself else None,
        recipe.hub if owner_is_itself else None,
    )
    named = torch.tensor(sorted(set(embedder.tokenizer.get_vocab().values())))
    head = read_head(folder, readout or recipe.readout, owner=recipe.head_owner)
    head = head.restricted(torch.isin(head.ids, named).numpy())
    return _to(head, embedder.device)


def read_head(folder: Path, readout: Readout, *, owner: str | None = None) -> Head:
    """Read a head from a checkpoint folder, all its rows.

    Args:
        folder: Where ``config.json`` and the safetensors lie.
        readout: ``lm_head``, ``mlm`` or ``tied_input``.
        owner: What the vectors call the owner of their head; the folder where it is None.

    Raises:
        TokalignError: The checkpoint has no such head, or `readout` is none of the three.
    """
    config, weights = model_config(folder), Weights(folder)
    readers = {"lm_head": _lm_head, "mlm": _mlm_head, "tied_input": _tied_input}
    if readout not in readers:
        raise unknown("readout", readout, readers)
    return readers[readout](config, weights, owner or str(folder))


def _input_matrix(weights: Weights) -> torch.Tensor:
    name = weights.find(*_INPUT)
    if name is None:
        raise TokalignError(f"{weights.folder} holds no input embeddings that are known here")
    return weights.read(name).float()


def _head(owner: str, matrix: torch.Tensor, name: str, **more: Any) -> Head:
    return Head(
        owner=owner,
        matrix=matrix.contiguous(),
        ids=torch.arange(len(matrix)),
        width=more.pop("width", matrix.shape[1]),
        name=name,
        **more,
    )


def _tied_input(config: Any, weights: Weights, owner: str) -> Head:
    head = _head(owner, _input_matrix(weights), "tied_input head")
    hidden = int(config.hidden_size)
    if head.width != hidden:
        raise TokalignError(
            f"{weights.folder}: input embeddings of width {head.width} cannot read vectors of "
            f"width {hidden}"
        )
    return head


def _lm_head(config: Any, weights: Weights, owner: str) -> Head:
    tied = bool(getattr(config, "tie_word_embeddings", False))
    name = None if tied else weights.find(*_OUTPUT)
    if name is None and not tied:
        raise TokalignError(
            f"{weights.folder} holds no output head ({' or '.join(_OUTPUT)}) and its config.json "
            "says that it is not tied to the input embeddings"
        )
    matrix = _input_matrix(weights) if name is None else weights.read(name).float()
    bias = weights.find(*_OUTPUT_BIAS)
    projection = weights.find("project_out.weight")
    divisor = float(getattr(config, "logits_scaling", None) or 1.0)  # Granite
    return _head(
        owner,
        matrix,
        "lm_head",
        bias=None if bias is None else weights.read(bias).float(),
        projections=(
            None if projection is None else {"before projection": weights.read(projection).float()}
        ),
        scale=float(getattr(config, "logit_scale", None) or 1.0) / divisor,  # Cohere
        soft_cap=getattr(config, "final_logit_softcapping", None),  # Gemma 2
    )


def _mlm_head(config: Any, weights: Weights, owner: str) -> Head:
    layout = next((row for row in _MLM if weights.find(row.dense + ".weight")), None)
    if layout is None:
        raise TokalignError(
            f"{weights.folder} holds no masked-LM head that is known here; readout tied_input "
            "reads its input embeddings instead"
        )
    decoder = None if config.tie_word_embeddings else weights.find(layout.decoder)
    # Tied, the first bias overwrites the decoder's own; untied, the decoder's is the one in use.
    bias = weights.find(*(layout.bias if decoder is None else layout.bias[::-1]))
    transform = _mlm_transform(config, weights, layout)
    return _head(
        owner,
        _input_matrix(weights) if decoder is None else weights.read(decoder).float(),
        "mlm head",
        width=int(config.hidden_size),
        bias=None if bias is None else weights.read(bias).float(),
        transform=transform,
    )


def _mlm_transform(config: Any, weights: Weights, layout: MlmLayout) -> Transform:
    def read(name: str) -> torch.Tensor | None:
        found = weights.find(name)
        return None if found is None else weights.read(found).float()

    dense, dense_bias = read(layout.dense + ".weight"), read(layout.dense + ".bias")
    norm, norm_bias = read(layout.norm + ".weight"), read(layout.norm + ".bias")
    if dense is None or norm is None:
        raise TokalignError(f"{weights.folder}: the masked-LM head lacks {layout.norm}")
    activation = ACT2FN[getattr(config, layout.activation, layout.activation)]
    said = layout.eps
    eps = float(said[1:]) if said.startswith("=") else float(getattr(config, said))

    def transform(vectors: torch.Tensor) -> torch.Tensor:
        def on(tensor: torch.Tensor | None) -> torch.Tensor | None:
            return None if tensor is None else tensor.to(vectors.device)

        hidden = functional.linear(vectors, dense.to(vectors.device), on(dense_bias))
        return functional.layer_norm(
            activation(hidden), hidden.shape[-1:], on(norm), on(norm_bias), eps
        )

    return transform


def _to(head: Head, device: torch.device) -> Head:
    return replace(
        head,
        matrix=head.matrix.to(device),
        ids=head.ids.to(device),
        bias=None if head.bias is None else head.bias.to(device),
        projections={k: v.to(device) for k, v in (head.projections or {}).items()} or None,
    )
