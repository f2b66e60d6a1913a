"""The four small language models: one shape, four architectures.

Width, depth, heads and vocabulary are the same for all, so that heads can be swapped between
them. What else sets an architecture apart (positions, norms, activation, tied or own head, shared
keys, the special token in front) is as in the published model that it stands for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from transformers import (
    GPTNeoConfig,
    GPTNeoForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    OPTConfig,
    OPTForCausalLM,
    PreTrainedConfig,
)

from tokalign.errors import TokalignError, unknown
from tokalign.train.tokenizer import END, END_ID, ENTRIES, PAD_ID, START, START_ID


@dataclass(frozen=True)
class Shape:
    """The size of a model.

    Attributes:
        width: Dimensions of a hidden state.
        layers: Blocks.
        heads: Attention heads.
        entries: Size of the vocabulary.
        positions: Tokens of a training sequence, and all that learned positions can read.

    Raises:
        TokalignError: No model can have this shape.
    """

    width: int = 256
    layers: int = 4
    heads: int = 4
    entries: int = ENTRIES
    positions: int = 256

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value < 1:
                raise TokalignError(f"{name} must be at least 1, not {value}")
        if self.width % self.heads:
            raise TokalignError(f"width {self.width} cannot be parted among {self.heads} heads")
        if self.layers % 2:
            raise TokalignError(f"layers must be an even number, not {self.layers}: GPT-Neo's "
                                "look at the whole text and at a window in turn")  # fmt: skip


@dataclass(frozen=True)
class Architecture:
    """How one of the four is built.

    Attributes:
        config: Gives the configuration of a shape.
        model: The model with its head.
        prefix: The special token in front of every text, where the original has one.
        separator: Id of the token that stands before each document in training.
        like: The published model whose choices were followed.
        scaled: Whether its attention divides scores by the root of a head's width.
    """

    config: Callable[[Shape], PreTrainedConfig]
    model: type
    prefix: str | None
    separator: int
    like: str
    scaled: bool = True


def _special(start: int) -> dict[str, Any]:
    return {"bos_token_id": start, "eos_token_id": END_ID, "pad_token_id": PAD_ID,
            "use_cache": False}  # fmt: skip


def _gpt_neo(shape: Shape) -> PreTrainedConfig:
    return GPTNeoConfig(
        vocab_size=shape.entries, hidden_size=shape.width, num_layers=shape.layers,
        num_heads=shape.heads, attention_types=[[["global", "local"], shape.layers // 2]],
        window_size=256, intermediate_size=4 * shape.width,
        max_position_embeddings=shape.positions, tie_word_embeddings=True, **_special(END_ID),
    )  # fmt: skip


def _opt(shape: Shape) -> PreTrainedConfig:
    return OPTConfig(
        vocab_size=shape.entries, hidden_size=shape.width, num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads, ffn_dim=4 * shape.width,
        word_embed_proj_dim=shape.width, max_position_embeddings=shape.positions,
        # No dropout: a pass over more text than the model can learn by heart needs none.
        dropout=0.0, attention_dropout=0.0, tie_word_embeddings=True, **_special(END_ID),
    )  # fmt: skip


def _llama(shape: Shape) -> PreTrainedConfig:
    return LlamaConfig(
        vocab_size=shape.entries, hidden_size=shape.width, num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads, intermediate_size=_multiple(shape.width * 8 / 3),
        max_position_embeddings=2 * shape.positions, tie_word_embeddings=False,
        **_special(START_ID),
    )  # fmt: skip


def _mistral(shape: Shape) -> PreTrainedConfig:
    return MistralConfig(
        vocab_size=shape.entries, hidden_size=shape.width, num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads, num_key_value_heads=max(1, shape.heads // 4),
        head_dim=shape.width // shape.heads, intermediate_size=_multiple(shape.width * 3.5),
        max_position_embeddings=2 * shape.positions, sliding_window=None,
        tie_word_embeddings=False, **_special(START_ID),
    )  # fmt: skip


def _multiple(width: float) -> int:
    """The next multiple of 16, for which matrix products are fast."""
    return -int(-width // 16) * 16


ARCHITECTURES = {
    "gpt-neo": Architecture(
        _gpt_neo, GPTNeoForCausalLM, None, END_ID, "EleutherAI/gpt-neo-1.3B", scaled=False
    ),
    "opt": Architecture(_opt, OPTForCausalLM, END, END_ID, "facebook/opt-6.7b"),
    "llama": Architecture(_llama, LlamaForCausalLM, START, START_ID, "meta-llama/Llama-2-7b-hf"),
    "mistral": Architecture(
        _mistral, MistralForCausalLM, START, START_ID, "mistralai/Mistral-7B-v0.1"
    ),
}


def architecture(name: str) -> Architecture:
    """The architecture of a name.

    Raises:
        TokalignError: There is none of that name.
    """
    if name not in ARCHITECTURES:
        raise unknown("architecture", name, ARCHITECTURES)
    return ARCHITECTURES[name]


def build_model(name: str, shape: Shape, seed: int) -> Any:
    """A model with weights drawn at random.

    Args:
        name: One of `ARCHITECTURES`.
        shape: Its size.
        seed: Of its weights; the global random state is left as it was.

    Returns:
        The model with its head, float32, on the CPU.

    >>> model = build_model("llama", Shape(width=32, layers=2, entries=300), seed=0)
    >>> model.lm_head.weight.shape
    torch.Size([300, 32])
    """
    chosen = architecture(name)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return chosen.model(chosen.config(shape))
