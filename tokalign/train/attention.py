"""Faster attention for GPT-Neo in training, with the same result.

transformers gives GPT-Neo only the plain form, which writes out all scores. On whole sequences
without padding, no longer than the local window, local and global layers are plain causal
attention, which torch computes without the scores. Not for padded batches.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional
from transformers.models.gpt_neo.modeling_gpt_neo import GPTNeoSelfAttention


def use_fused_attention(model: torch.nn.Module) -> None:
    """Let the GPT-Neo layers of a model use torch's own attention, where that is the same.

    Models of another architecture, or with sequences longer than the local window, are left alone.
    """
    for module in model.modules():
        if isinstance(module, GPTNeoSelfAttention):
            config = module.config
            if config.max_position_embeddings <= config.window_size:
                module._attn = _causal  # type: ignore[method-assign]


def _causal(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, attention_mask: Any = None
) -> tuple[torch.Tensor, None]:
    # GPT-Neo does not scale its scores.
    out = functional.scaled_dot_product_attention(query, key, value, is_causal=True, scale=1.0)
    return out, None
