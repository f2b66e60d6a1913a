"""Texts -> vectors as the finished embedder will make them, but with gradients.

Tokens, prompt and pooling are those of the recipe, by the same functions that `Embedder` uses, so
what is trained is what is read later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from tokalign.embedders.encoding.batching import batches, pad
from tokalign.embedders.encoding.embedder import Embedder
from tokalign.embedders.encoding.pooling import pool
from tokalign.embedders.encoding.tokenising import TokenisedTexts, tokenise
from tokalign.embedders.recipes.recipe import Recipe
from tokalign.train.contrastive.attention import attending
from tokalign.train.contrastive.mntp import body_of

#: How much longer than its shortest the longest text of a piece may be.
_SLACK = 1 / 6


@dataclass(frozen=True)
class Reader:
    """A model in training, and how it reads.

    Attributes:
        model: A causal language model with its head; adapters may lie over it.
        tokenizer: Its fast tokenizer.
        recipe: How texts are read and pooled.
        piece_tokens: Most tokens encoded at a time.
    """

    model: Any
    tokenizer: Any
    recipe: Recipe
    piece_tokens: int = 2048

    def read(
        self,
        texts: Sequence[str],
        instruction: str | None = None,
        prompt_name: str | None = None,
    ) -> TokenisedTexts:
        """Tokens of texts, see `tokenise`."""
        return tokenise(self.tokenizer, self.recipe, texts, instruction, prompt_name)

    def pieces(self, read: TokenisedTexts) -> list[np.ndarray]:
        """The numbers of the texts, cut into pieces of like length."""
        return batches(read.lengths, self.piece_tokens, _SLACK)

    def vectors(self, read: TokenisedTexts, rows: np.ndarray) -> torch.Tensor:
        """Vectors of some texts, ``(n, d)`` float32, not normalised, with gradients."""
        device = self.model.get_input_embeddings().weight.device
        ids, mask = pad([read.ids[row] for row in rows], pad_id=0)
        place = np.arange(ids.shape[1])
        pooled = mask & (place >= read.pool[rows, :1]) & (place < read.pool[rows, 1:])
        given: dict[str, Any] = {"input_ids": torch.from_numpy(ids).to(device), "use_cache": False}
        if not mask.all():
            given["attention_mask"] = torch.from_numpy(mask.astype(np.int64)).to(device)
        with attending(self.model, self.recipe.attention):
            states = body_of(self.model)(**given).last_hidden_state
        on = [torch.from_numpy(part).to(device) for part in (mask, pooled)]
        return pool(states, on[0], on[1], self.recipe.pooling)

    @torch.inference_mode()
    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of texts ``(N, d)``, as the embedder would give them, not normalised."""
        body = body_of(self.model)
        recipe = self.recipe.model_copy(update={"normalise": False})
        device = self.model.get_input_embeddings().weight.device
        embedder = Embedder(recipe, body, self.tokenizer, device, "float32", fingerprint="")
        with attending(self.model, self.recipe.attention):
            return embedder.encode(texts).vectors
