"""Let a decoder read both ways for a while, and causally again afterwards.

GritLM embeds with attention in both directions and predicts the next token causally, with the same
weights in the same step. transformers builds its masks from the configuration at every call, so
that is what is set here, and put back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tokalign.embedders.recipes.recipe import Attention
from tokalign.errors import TokalignError

#: Architectures that stay causal whatever they are told.
_ALWAYS_CAUSAL = ("gpt_neo",)


@contextmanager
def attending(model: Any, attention: Attention) -> Iterator[None]:
    """Set the direction of attention inside a ``with`` block.

    Args:
        model: A decoder of transformers; with a head or without, with adapters or without.
        attention: ``causal`` or ``bidirectional``.

    Raises:
        TokalignError: The architecture cannot read both ways.
    """
    causal = attention == "causal"
    if not causal and model.config.model_type in _ALWAYS_CAUSAL:
        raise TokalignError(f"{model.config.model_type} has causal attention only")
    # The parts of a model share one configuration, but that is nowhere promised.
    configs = {id(m.config): m.config for m in model.modules() if hasattr(m, "config")}
    holders = list(configs.values())
    before = [getattr(holder, "is_causal", None) for holder in holders]
    for holder in holders:
        holder.is_causal = causal
    try:
        yield
    finally:
        for holder, was in zip(holders, before, strict=True):
            if was is None:
                delattr(holder, "is_causal")
            else:
                holder.is_causal = was
