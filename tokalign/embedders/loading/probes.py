"""Load-time probes: does the model do what its recipe says? Asked of the model, not of its name."""

from __future__ import annotations

from typing import Any

import torch

from tokalign.embedders.loading.devices import input_device
from tokalign.embedders.recipes.recipe import Recipe
from tokalign.errors import TokalignError


def sees_later_tokens(model: Any, length: int = 6, *, padded: bool = False) -> bool:
    """Whether a change of the last token moves the state of the first.

    Args:
        model: A transformers model that returns ``last_hidden_state``.
        length: Tokens in the probe.
        padded: Whether padding follows, which makes transformers build its mask another way.
    """
    size = int(model.config.vocab_size)
    ids = torch.arange(length, device=input_device(model))[None] % size
    other = ids.clone()
    other[0, -1] = (ids[0, -1] + size // 2) % size
    mask = {}
    if padded:
        ids, other = (torch.nn.functional.pad(x, (0, 2)) for x in (ids, other))
        mask = {
            "attention_mask": (torch.arange(length + 2, device=ids.device) < length).long()[None]
        }
    with torch.inference_mode():
        first = [model(input_ids=x, **mask).last_hidden_state[0, 0].float() for x in (ids, other)]
    return not torch.equal(first[0], first[1])


def check_attention(model: Any, recipe: Recipe) -> None:
    """Refuse a model whose attention is not what its recipe says.

    Raises:
        TokalignError: Causal where the recipe says bidirectional, or the other way round, with
            padding or without.
    """
    for padded in (False, True):
        found = "bidirectional" if sees_later_tokens(model, padded=padded) else "causal"
        if found != recipe.attention:
            raise TokalignError(
                f"{recipe.name}: the recipe says {recipe.attention} attention, but "
                f"{type(model).__name__} is {found}{' where there is padding' if padded else ''}"
            )
