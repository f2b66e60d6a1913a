"""Read a head from a checkpoint's safetensors: which tensors belong to it, by architecture.

Every layout is one row of a table below; a new architecture is a new row. Nothing here asks for a
model's name. The matrix is kept in the precision that the embedder computes in, and is the model's
own tensor where the head is tied to its input embeddings: a large head does not exist twice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional
from transformers.activations import ACT2FN

from tokalign.embedders import Embedder
from tokalign.embedders.files.checkpoints import checkpoint_folder
from tokalign.embedders.files.remote_code import trusted
from tokalign.embedders.files.weights import Weights
from tokalign.embedders.inspecting.inspection import model_config
from tokalign.embedders.loading.devices import input_embeddings, output_device
from tokalign.embedders.recipes.recipe import Readout
from tokalign.errors import TokalignError, unknown
from tokalign.tokens.head import Head, Transform
from tokalign.tokens.source import Source

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
        The head, its matrix in the precision that the embedder computes in, all else of it in
        float32; near the embedder's last layer. Rows that the tokenizer cannot name are left out.

    Raises:
        TokalignError: The checkpoint has no such head, or it takes vectors of another width.
    """
    recipe = embedder.recipe
    checkpoint = recipe.head or recipe.checkpoint
    owner_is_itself = checkpoint == recipe.checkpoint
    folder = checkpoint_folder(
        checkpoint,
        recipe.revision if owner_is_itself else None,
        recipe.hub if owner_is_itself else None,
    )
    named = torch.tensor(sorted(set(embedder.tokenizer.get_vocab().values())))
    source = Source(
        model_config(folder, trust=trusted(checkpoint)), Weights(folder), recipe.head_owner,
        getattr(input_embeddings(embedder.model), "weight", None),
    )  # fmt: skip
    head = _read(source, readout or recipe.readout)
    _check_width(head, embedder)
    head = head.restricted(torch.isin(head.ids, named).numpy())
    # What is the model's own stays where the model has it.
    own = source.is_shared(head.matrix)
    return _to(head, head.matrix.device if own else output_device(embedder.model))


def _check_width(head: Head, embedder: Embedder) -> None:
    """The vectors have no width yet, but the model has."""
    config = embedder.model.config
    width = int(getattr(config, "word_embed_proj_dim", None) or config.hidden_size)
    if head.width != width:
        raise TokalignError(
            f"{head.name} of {head.owner}, whose matrix is {tuple(head.matrix.shape)}, takes "
            f"vectors of width {head.width}, but {embedder.name} gives width {width}"
        )


def read_head(folder: Path, readout: Readout, *, owner: str | None = None) -> Head:
    """Read a head from a checkpoint folder, all its rows.

    Args:
        folder: Where ``config.json`` and the safetensors lie.
        readout: ``lm_head``, ``mlm`` or ``tied_input``.
        owner: What the vectors call the owner of their head; the folder where it is None.

    Returns:
        The head in float32 on the CPU.

    Raises:
        TokalignError: The checkpoint has no such head, or `readout` is none of the three.
    """
    return _read(Source(model_config(folder), Weights(folder), owner or str(folder)), readout)


def _read(source: Source, readout: Readout) -> Head:
    readers = {"lm_head": _lm_head, "mlm": _mlm_head, "tied_input": _tied_input}
    if readout not in readers:
        raise unknown("readout", readout, readers)
    return readers[readout](source)


def _head(owner: str, matrix: torch.Tensor, name: str, **more: Any) -> Head:
    bias = more.get("bias")
    if bias is not None and bias.shape != matrix.shape[:1]:
        raise TokalignError(
            f"{name} of {owner} has a bias {tuple(bias.shape)} that does not fit its matrix "
            f"{tuple(matrix.shape)}"
        )
    return Head(
        owner=owner,
        matrix=matrix.contiguous(),
        ids=torch.arange(len(matrix)),
        width=more.pop("width", matrix.shape[1]),
        name=name,
        **more,
    )


def _tied_input(source: Source) -> Head:
    head = _head(source.owner, source.input_matrix(), "tied_input head")
    hidden = int(source.config.hidden_size)
    if head.width != hidden:
        raise TokalignError(
            f"{source.weights.folder}: input embeddings of width {head.width} cannot read vectors "
            f"of width {hidden}"
        )
    return head


def _lm_head(source: Source) -> Head:
    config, weights = source.config, source.weights
    tied = bool(getattr(config, "tie_word_embeddings", False))
    name = None if tied else weights.find(*_OUTPUT)
    if name is None and not tied:
        raise TokalignError(
            f"{weights.folder} holds no output head ({' or '.join(_OUTPUT)}) and its config.json "
            "says that it is not tied to the input embeddings"
        )
    projection = source.small(weights.find("project_out.weight"))
    divisor = float(getattr(config, "logits_scaling", None) or 1.0)  # Granite
    return _head(
        source.owner,
        source.input_matrix() if name is None else source.matrix(name),
        "lm_head",
        bias=source.small(weights.find(*_OUTPUT_BIAS)),
        projections=None if projection is None else {"before projection": projection},
        scale=float(getattr(config, "logit_scale", None) or 1.0) / divisor,  # Cohere
        soft_cap=getattr(config, "final_logit_softcapping", None),  # Gemma 2
    )


def _mlm_head(source: Source) -> Head:
    config, weights = source.config, source.weights
    layout = next((row for row in _MLM if weights.find(row.dense + ".weight")), None)
    if layout is None:
        raise TokalignError(
            f"{weights.folder} holds no masked-LM head that is known here; readout tied_input "
            "reads its input embeddings instead"
        )
    decoder = None if config.tie_word_embeddings else weights.find(layout.decoder)
    # Tied, the first bias overwrites the decoder's own; untied, the decoder's is the one in use.
    bias = weights.find(*(layout.bias if decoder is None else layout.bias[::-1]))
    transform = _mlm_transform(source, layout)
    return _head(
        source.owner,
        source.input_matrix() if decoder is None else source.matrix(decoder),
        "mlm head",
        width=int(config.hidden_size),
        bias=source.small(bias),
        transform=transform,
    )


def _mlm_transform(source: Source, layout: MlmLayout) -> Transform:
    config, weights = source.config, source.weights

    def read(*names: str) -> torch.Tensor | None:
        return source.small(weights.find(*names))

    dense, dense_bias = read(layout.dense + ".weight"), read(layout.dense + ".bias")
    # Checkpoints of BERT's first years call the norm's weight and bias gamma and beta.
    norm = read(layout.norm + ".weight", layout.norm + ".gamma")
    norm_bias = read(layout.norm + ".bias", layout.norm + ".beta")
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
