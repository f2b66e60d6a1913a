"""Token states -> one vector a text, by the mask alone.

Positions are never counted from the end of the array: with padding, index -1 is not the last
token. What is masked out cannot reach the result, not even as NaN.
"""

from __future__ import annotations

from typing import get_args

import torch

from tokalign.embedders.recipes.recipe import Pooling
from tokalign.errors import unknown


def pool(
    states: torch.Tensor, mask: torch.Tensor, pooled: torch.Tensor, how: Pooling
) -> torch.Tensor:
    """Pool token states in float32.

    Args:
        states: ``(B, L, d)``, any floating precision.
        mask: ``(B, L)`` bool, true where a token is real.
        pooled: ``(B, L)`` bool, true where a token counts; inside `mask`.
        how: ``mean``; ``weighted_mean``, weights 1, 2, 3 ... by position among the real tokens
            (SGPT, arXiv 2202.08904); ``last``; ``cls``, the first.

    Returns:
        ``(B, d)`` float32.

    Raises:
        TokalignError: `how` is none of these.
        ValueError: A text has no token that counts.

    >>> states = torch.tensor([[[1.0], [3.0], [99.0]]])
    >>> mask = torch.tensor([[True, True, False]])
    >>> [round(pool(states, mask, mask, how).item(), 3) for how in get_args(Pooling)]
    [2.0, 2.333, 3.0, 1.0]
    """
    if how not in get_args(Pooling):
        raise unknown("pooling", how, get_args(Pooling))
    if not bool(pooled.any(dim=1).all()):
        raise ValueError("a text has no token to pool")
    position = torch.arange(states.shape[1], device=states.device)
    if how in ("last", "cls"):
        # Positions that do not count sort before (last) or behind (cls) all that do.
        beyond = -1 if how == "last" else states.shape[1]
        place = torch.where(pooled, position, beyond)
        index = place.amax(dim=1) if how == "last" else place.amin(dim=1)
        return states[torch.arange(len(states), device=states.device), index].float()
    weights = pooled.float() if how == "mean" else mask.cumsum(dim=1) * pooled.float()
    weights = weights / weights.sum(dim=1, keepdim=True)
    counted = states.float()
    if not bool(pooled.all()):
        counted = counted.masked_fill(~pooled[..., None], 0.0)
    return torch.einsum("bl,bld->bd", weights, counted)
