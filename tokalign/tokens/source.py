"""What a head is read from: the owner's safetensors, and the loaded model where they are the same.

The head of a large model takes hundreds of megabytes. Where it is tied to the input embeddings it
is in memory already, with the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from tokalign.embedders.files.weights import Weights
from tokalign.errors import TokalignError

#: Ends of the names of input embeddings, most specific first.
_INPUT = (
    "embeddings.word_embeddings.weight",  # BERT, RoBERTa, DistilBERT, MPNet, ALBERT
    "embeddings.tok_embeddings.weight",  # ModernBERT
    "embed_tokens.weight",  # LLaMA, Mistral, Qwen, Gemma, OPT
    "wte.weight",  # GPT-2, GPT-Neo, GPT-J
    "embed_in.weight",  # GPT-NeoX
    "word_embeddings.weight",  # BLOOM, Falcon
)
#: Rows that are compared at a time.
_ROWS = 8192


@dataclass(frozen=True)
class Source:
    """What a head is read from.

    Attributes:
        config: The transformers configuration of its owner.
        weights: The owner's safetensors.
        owner: What the vectors call the owner.
        shared: The input embeddings of a loaded model, used in the place of the owner's where they
            are the same to the bit; their precision is the head's. Float32 where it is None.
    """

    config: Any
    weights: Weights
    owner: str
    shared: torch.Tensor | None = None

    def matrix(self, name: str) -> torch.Tensor:
        """A large tensor in the precision of the head."""
        dtype = torch.float32 if self.shared is None else self.shared.dtype
        return self.weights.read(name).to(dtype)

    def input_matrix(self) -> torch.Tensor:
        """The owner's input embeddings."""
        name = self.weights.find(*_INPUT)
        if name is None:
            raise TokalignError(
                f"{self.weights.folder} holds no input embeddings that are known here"
            )
        if self.shared is not None and _is_stored_as(self.shared, self.weights, name):
            return self.shared.detach()
        return self.matrix(name)

    def small(self, name: str | None) -> torch.Tensor | None:
        """A small tensor in float32, None where there is none."""
        return None if name is None else self.weights.read(name).float()

    def is_shared(self, matrix: torch.Tensor) -> bool:
        """Whether a matrix is the loaded model's own tensor, or a view of it."""
        if self.shared is None:
            return False
        return matrix.untyped_storage().data_ptr() == self.shared.untyped_storage().data_ptr()


def _is_stored_as(tensor: torch.Tensor, weights: Weights, name: str) -> bool:
    """Whether a tensor in memory is the stored one: an adapter may have changed it.

    Compared a tile at a time, so that no second copy is made.
    """
    if tensor.is_meta or tuple(tensor.shape) != weights.shape(name):
        return False
    for start in range(0, len(tensor), _ROWS):
        rows = tensor[start : start + _ROWS]
        stored = weights.rows(name, start, start + len(rows))
        if not torch.equal(stored.to(rows.device, rows.dtype), rows):
            return False
    return True
