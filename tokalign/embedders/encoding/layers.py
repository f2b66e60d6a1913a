"""A text's vector after each layer, brought to the place that the head reads: the logit lens.

What a body does to its states after its last layer (the final norm, OPT's output projection) is
looked up by the names of its modules and checked against the states that it gives itself. Where it
cannot be found, that is an error: a head would decode states without it to plausible tokens.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from types import SimpleNamespace
from typing import Any, Literal, get_args

import numpy as np
import torch

from tokalign.embedders.encoding.embedder import BATCH_TOKENS, BATCH_TOKENS_ELSEWHERE, Embedder
from tokalign.embedders.encoding.embeddings import Embeddings
from tokalign.errors import TokalignError, unknown

LayerNorm = Literal["before_pooling", "after_pooling", "none"]

#: Final norms, by their names in the bodies of transformers.
_FINAL_NORMS = (
    "ln_f",  # GPT-2, GPT-Neo, GPT-J, BLOOM, Falcon
    "norm",  # LLaMA, Mistral, Qwen, Gemma, Cohere, Granite, OLMo
    "final_norm",  # ModernBERT
    "final_layer_norm",  # GPT-NeoX
    "final_layernorm",  # Phi
    "norm_f",  # MPT, Mamba
    "decoder.final_layer_norm",  # OPT
)
#: Norms that end each layer where there is no final one, so that every layer's states are normed.
_LAST_OF_A_LAYER = (
    "encoder.layer.-1.output.LayerNorm",  # BERT, RoBERTa, MPNet
    "transformer.layer.-1.output_layer_norm",  # DistilBERT
    "encoder.albert_layer_groups.-1.albert_layers.-1.full_layer_layer_norm",  # ALBERT
    "decoder.layers.-1.final_layer_norm",  # OPT-350m
)
#: What follows the norm.
_PROJECTIONS = ("decoder.project_out",)


def layer_embeddings(
    embedder: Embedder,
    texts: Sequence[str],
    norm: LayerNorm = "before_pooling",
    *,
    batch_tokens: int | None = None,
    progress: bool = False,
) -> list[Embeddings]:
    """Embed texts by the states after each layer, in one forward pass.

    A final norm divides each vector by its own size, so it does not commute with a mean:

    >>> states = torch.tensor([[4.0, 0.0], [0.0, 1.0]])
    >>> norm = torch.nn.RMSNorm(2)
    >>> [f"{number:.2f}" for number in norm(states).mean(0)]
    ['0.71', '0.71']
    >>> [f"{number:.2f}" for number in norm(states.mean(0))]
    ['1.37', '0.34']

    Normed first, every token counts alike, as in the embedder itself; pooled first, a token with a
    large state (often the first one) outweighs the others.

    Args:
        embedder: Who embeds; pooling, prompt and normalisation are its recipe's.
        texts: N texts.
        norm: ``before_pooling``: the final norm is applied to each token's state, then the states
            are pooled; for the last layer that is `Embedder.encode`. ``after_pooling``: it is
            applied to the pooled vector. ``none``: it is left out, and no head takes the vectors.
        batch_tokens: See `Embedder.encode`.
        progress: Show a progress bar on standard error.

    Returns:
        L + 1 embeddings ``(N, d)`` for L layers, the first of the input embeddings. With a norm
        their place is ``final``, since all that the body does at its end has been done to them;
        their index says after which layer. Without, it is ``layer j``.

    Raises:
        TokalignError: `norm` is none of these, the final norm cannot be found, or the body does
            more after its last layer than is known here; see `tokenise`.

    Source: nostalgebraist, "interpreting GPT: the logit lens" (2020), for single tokens.
    """
    if norm not in get_args(LayerNorm):
        raise unknown("norm", norm, get_args(LayerNorm))
    if not len(texts):
        raise TokalignError("there is no text to embed")
    layers = int(embedder.model.config.num_hidden_layers) + 1
    if batch_tokens is None:
        # The states of all layers exist at once.
        elsewhere = BATCH_TOKENS_ELSEWHERE // layers
        batch_tokens = BATCH_TOKENS.get(embedder.device.type, elsewhere)
    reader = _LayerReader(
        # Each layer's vector is brought to length 1 by itself, below.
        recipe=embedder.recipe.model_copy(update={"normalise": False}),
        model=embedder.model, tokenizer=embedder.tokenizer, device=embedder.device,
        dtype=embedder.dtype, fingerprint=embedder.fingerprint, norm=norm, layers=layers,
        ending=ending_of(embedder.model),
    )  # fmt: skip
    read = reader.encode(texts, batch_tokens=batch_tokens, progress=progress)
    found = []
    for layer, part in enumerate(np.split(read.vectors, layers, axis=1)):
        if norm == "after_pooling":
            part = reader.ending(torch.from_numpy(part)).cpu().numpy()
        norms = np.linalg.norm(part, axis=1)
        if embedder.recipe.normalise:
            part = part / np.maximum(norms, 1e-12)[:, None]
        space = embedder.space(part.shape[1], layer if norm == "none" else None)
        found.append(Embeddings(part, space, norms, read.truncated))
    return found


@dataclass(frozen=True)
class Ending:
    """What a body does to its states after its last layer.

    Attributes:
        modules: In turn; none where nothing is done.
        inner: The norm that ends the last layer, where there is no final one.
    """

    modules: tuple[Any, ...]
    inner: Any = None

    @torch.inference_mode()
    def __call__(self, states: torch.Tensor) -> torch.Tensor:
        """Do it, ``(..., d) -> (..., d')`` in float32."""
        for module in self.modules:
            weight = next(module.parameters(), states)
            states = module(states.to(weight.device, weight.dtype))
        return states.float()

    @contextmanager
    def watched(self) -> Iterator[dict[str, torch.Tensor]]:
        """Inside, keep what goes into it (``given``) and what comes of the inner norm (``ended``).

        transformers itself gives back only the last states that have been through all of it.
        """
        seen: dict[str, torch.Tensor] = {}
        hooks = [
            module.register_forward_pre_hook(lambda _, args: seen.update(given=args[0]))
            for module in self.modules[:1]
        ]
        if self.inner is not None:
            hooks.append(
                self.inner.register_forward_hook(lambda _, args, made: seen.update(ended=made))
            )
        try:
            yield seen
        finally:
            for hook in hooks:
                hook.remove()

    def explains(self, seen: dict[str, torch.Tensor], last: torch.Tensor) -> bool:
        """Whether what was seen in a forward pass leads to the last states, and nothing else."""
        given = seen.get("given", last)
        if not _near(self(given), last):
            return False
        ended = seen.get("ended", given if self.inner is None else given[:0])
        # OPT norms the states of all texts as one long list.
        return ended.numel() == given.numel() and _near(ended.reshape(given.shape), given)


def ending_of(model: Any) -> Ending:
    """Find a body's final norm and output projection.

    Args:
        model: A body of transformers, without a head.

    Raises:
        TokalignError: It has no final norm that is known here, nor layers that are known to end
            with one.

    >>> from transformers import LlamaConfig, LlamaModel
    >>> config = LlamaConfig(vocab_size=3, hidden_size=2, intermediate_size=4,
    ...                      num_hidden_layers=1, num_attention_heads=1)
    >>> ending_of(LlamaModel(config)).modules
    (LlamaRMSNorm((2,), eps=1e-06),)
    """
    norm = _first(model, _FINAL_NORMS)
    inner = _first(model, _LAST_OF_A_LAYER) if norm is None else None
    if norm is None and inner is None:
        raise TokalignError(
            f"{type(model).__name__} has no final norm that is known here, so its inner layers "
            f"cannot be decoded; known: {', '.join(_FINAL_NORMS)}, or layers that end with one"
        )
    projection = _first(model, _PROJECTIONS)
    return Ending(tuple(module for module in (norm, projection) if module is not None), inner)


def _first(model: Any, paths: Sequence[str]) -> Any:
    """The first module that is there; None where none is."""

    def step(part: Any, name: str) -> Any:
        if name == "-1":
            return part[-1] if isinstance(part, torch.nn.ModuleList) and len(part) else None
        return getattr(part, name, None)

    found = (reduce(step, path.split("."), model) for path in paths)
    return next((module for module in found if isinstance(module, torch.nn.Module)), None)


@dataclass(frozen=True)
class _LayerReader(Embedder):
    """An embedder whose states are those of all layers, side by side.

    Attributes:
        ending: What its body does last.
        norm: Whether that is done to every layer's states.
        layers: How many layers there are, the input embeddings included.
    """

    ending: Ending
    norm: LayerNorm
    layers: int

    @property
    def _workers(self) -> int:
        return 1  # a module is watched, and cannot be by several batches at once

    def _forward(self, given: dict[str, Any]) -> Any:
        with self.ending.watched() as seen:
            out = super()._forward({**given, "output_hidden_states": True})
        last = out.last_hidden_state
        raw = [*out.hidden_states[:-1], seen.get("given", last)]
        if len(raw) != self.layers or not self.ending.explains(seen, last):
            known = [m for m in (*self.ending.modules, self.ending.inner) if m is not None]
            raise TokalignError(
                f"{type(self.model).__name__} does more after its last layer than "
                f"{', '.join(type(module).__name__ for module in known)}, which is all that is "
                "known here, so its inner layers cannot be decoded"
            )
        if self.norm == "before_pooling":
            raw = [*(self.ending(states) for states in raw[:-1]), last]
        together = torch.cat([states.to(last.device, torch.float32) for states in raw], dim=-1)
        return SimpleNamespace(last_hidden_state=together)


def _near(found: torch.Tensor, expected: torch.Tensor) -> bool:
    """Whether two runs of the same modules gave the same, padding included."""
    return found.shape == expected.shape and torch.allclose(
        found.to(expected.device, torch.float32), expected.float(), rtol=1e-3, atol=1e-3,
        equal_nan=True,
    )  # fmt: skip
