"""A loaded embedder: texts in, `Embeddings` out.

Batches are made by `batching`; each runs without padding where its texts are equally long. The
result does not depend on batch size, order or padding side beyond rounding.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from tqdm.auto import tqdm

from tokalign.embedders.encoding.batching import batches, pad
from tokalign.embedders.encoding.embeddings import Embeddings, Space
from tokalign.embedders.encoding.parallel import side_by_side
from tokalign.embedders.encoding.pooling import pool
from tokalign.embedders.encoding.tokenising import TokenisedTexts, tokenise
from tokalign.embedders.recipes.recipe import Recipe
from tokalign.errors import TokalignError

#: Tokens in a batch, padding counted. On the CPU enough to keep one core busy and little enough
#: for its cache; an accelerator wants more.
BATCH_TOKENS = {"cpu": 1024}
BATCH_TOKENS_ELSEWHERE = 16_384


@dataclass(frozen=True)
class Embedder:
    """Model, tokenizer and recipe together.

    Attributes:
        recipe: How texts are read.
        model: The body, without a head.
        tokenizer: Its fast tokenizer.
        device: Where the model is.
        dtype: In which precision it computes.
        fingerprint: sha256 over recipe, weights, configuration and tokenizer.
    """

    recipe: Recipe
    model: Any
    tokenizer: Any
    device: torch.device
    dtype: str
    fingerprint: str

    @property
    def name(self) -> str:
        """The recipe's name."""
        return self.recipe.name

    @cached_property
    def _accepts(self) -> set[str]:
        return set(inspect.signature(self.model.forward).parameters)

    def encode(
        self,
        texts: Sequence[str],
        *,
        instruction: str | None = None,
        prompt_name: str | None = None,
        layer: int | None = None,
        batch_tokens: int | None = None,
        batch_size: int | None = None,
        padding_side: str = "right",
        progress: bool = False,
    ) -> Embeddings:
        """Embed texts.

        Args:
            texts: N texts.
            instruction: In the place of the recipe's ``{instruction}``; empty for none.
            prompt_name: Read the texts by this one of the recipe's named prompts.
            layer: Pool the states after this layer (0: the input embeddings) instead of the
                last ones; they are before the final norm.
            batch_tokens: Most tokens in a batch, padding counted; by the device where it is None.
            batch_size: Batches of exactly this many texts, in the order given, instead.
            padding_side: ``right`` or ``left``; the vectors are the same.
            progress: Show a progress bar on standard error.

        Returns:
            Vectors ``(N, d)`` in the order of `texts`.

        Raises:
            TokalignError: See `tokenise`; or the layer is not there.
        """
        if batch_tokens is None:
            batch_tokens = BATCH_TOKENS.get(self.device.type, BATCH_TOKENS_ELSEWHERE)
        read = tokenise(self.tokenizer, self.recipe, texts, instruction, prompt_name)
        order = (
            batches(read.lengths, batch_tokens)
            if batch_size is None
            else [
                np.arange(i, min(i + batch_size, len(texts)))
                for i in range(0, len(texts), batch_size)
            ]
        )
        vectors: np.ndarray | None = None
        with tqdm(total=len(texts), disable=not progress, unit="text", desc=self.name) as bar:
            done = side_by_side(
                lambda batch: self._encode_batch(read, batch, layer, padding_side),
                order,
                self._workers if layer is None else 1,
            )
            for batch, pooled in zip(order, done, strict=True):
                if vectors is None:
                    vectors = np.empty((len(texts), pooled.shape[1]), dtype=np.float32)
                vectors[batch] = pooled
                bar.update(len(batch))
        if vectors is None:
            vectors = np.empty((0, self._width), dtype=np.float32)
        return self._package(vectors, read.truncated, layer)

    @cached_property
    def _workers(self) -> int:
        """How many batches may be computed at the same time."""
        # These rotary embeddings rewrite their own tables in the course of a forward pass.
        # ModernBERT's kind has one type for each kind of layer, in a dictionary.
        kinds = " ".join(str(getattr(module, "rope_type", "")) for module in self.model.modules())
        if self.device.type != "cpu" or "dynamic" in kinds or "longrope" in kinds:
            return 1
        return torch.get_num_threads()

    @property
    def _width(self) -> int:
        config = self.model.config
        return int(getattr(config, "word_embed_proj_dim", None) or config.hidden_size)

    def space(self, width: int, layer: int | None = None) -> Space:
        """Where vectors of this width, pooled after `layer`, come from."""
        return Space(
            head_owner=self.recipe.head_owner,
            width=width,
            place="final" if layer is None else f"layer {layer}",
            pooling=self.recipe.pooling,
            normalised=self.recipe.normalise,
        )

    def _package(self, vectors: np.ndarray, truncated: np.ndarray, layer: int | None) -> Embeddings:
        if not np.isfinite(vectors).all():
            raise TokalignError(
                f"{self.name} gives vectors that are not finite in {self.dtype}; try another dtype"
            )
        norms = np.linalg.norm(vectors, axis=1)
        if self.recipe.normalise:
            vectors = vectors / np.maximum(norms, 1e-12)[:, None]
        space = self.space(vectors.shape[1], layer)
        return Embeddings(vectors, space, norms, truncated.astype(bool))

    def _encode_batch(
        self, read: TokenisedTexts, batch: np.ndarray, layer: int | None, side: str
    ) -> np.ndarray:
        ids, mask = pad([read.ids[i] for i in batch], self._pad_id, side)
        # A text's first real token sits behind the padding when that is on the left.
        position = np.cumsum(mask, axis=1) - 1
        pooled = mask & (position >= read.pool[batch, :1]) & (position < read.pool[batch, 1:])
        states = self.states(ids, mask, layer)
        on = [torch.from_numpy(x).to(self.device) for x in (mask, pooled)]
        return pool(states, on[0], on[1], self.recipe.pooling).cpu().numpy()

    @property
    def _pad_id(self) -> int:
        # Padding is masked out everywhere, so any id of the model will do; RoBERTa's kind alone
        # needs its own. The tokenizer's may be beyond the model's embeddings, if there is one.
        return max(int(getattr(self.model.config, "pad_token_id", None) or 0), 0)

    @torch.inference_mode()
    def states(self, ids: np.ndarray, mask: np.ndarray, layer: int | None = None) -> torch.Tensor:
        """Token states of one padded batch.

        Args:
            ids: ``(B, L)`` int64.
            mask: ``(B, L)`` bool, true where a token is real.
            layer: After which layer; None for the last, with the final norm.

        Returns:
            ``(B, L, d)`` in the model's precision; undefined where `mask` is false.
        """
        given: dict[str, Any] = {"input_ids": torch.from_numpy(ids).to(self.device)}
        if not mask.all():
            given["attention_mask"] = torch.from_numpy(mask.astype(np.int64)).to(self.device)
            if not mask[:, 0].all() and self._takes_position_ids:
                places = np.maximum(np.cumsum(mask, axis=1) - 1, 0)
                given["position_ids"] = torch.from_numpy(places).to(self.device)
        if "use_cache" in self._accepts:
            given["use_cache"] = False
        if layer is None:
            return self._forward(given).last_hidden_state  # type: ignore[no-any-return]
        layers = self._forward({**given, "output_hidden_states": True}).hidden_states
        if not 0 <= layer < len(layers) - 1:
            raise TokalignError(
                f"{self.name} has no layer {layer}; allowed: 0 to {len(layers) - 2}, or None for "
                "the last with its final norm"
            )
        return layers[layer]  # type: ignore[no-any-return]

    @cached_property
    def _takes_position_ids(self) -> bool:
        # RoBERTa's and MPNet's kind counts its positions from the padding id itself.
        places = getattr(getattr(self.model, "embeddings", None), "position_embeddings", None)
        counts_itself = getattr(places, "padding_idx", None) is not None
        return "position_ids" in self._accepts and not counts_itself

    def _forward(self, given: dict[str, Any]) -> Any:
        try:
            return self.model(**given)
        except torch.OutOfMemoryError as error:
            raise TokalignError(
                f"{self.name}: out of memory on {self.device}; try fewer batch_tokens or bfloat16"
            ) from error
