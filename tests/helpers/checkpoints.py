"""Tiny checkpoints of every architecture, with random weights that all matter.

Every bias and norm is randomised: at their initial values (0 and 1) a forgotten bias or a norm
applied twice would not show.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from tiny_tokenizers import save_tokenizer
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForMaskedLM

#: Texts of very different length, with other scripts.
TEXTS = [
    "The committee agreed on the new climate treaty in November after long talks.",
    "Parrots",
    "a",
    "Two games were released in March 2003 across Europe and South America, he said.",
    "Größe, naïveté, 東京 и море \N{PARTY POPPER}",
    'He said: "music".',
    "The language of the sea. " * 3,
    "bananas and apples",
]

_ROPE = {"num_key_value_heads": 2, "intermediate_size": 48, "max_position_embeddings": 128}
_BERT = {"intermediate_size": 48, "max_position_embeddings": 128}


@dataclass(frozen=True)
class Family:
    """How to make a tiny checkpoint of one architecture."""

    model_type: str
    tokenizer: str
    more: dict[str, Any] = field(default_factory=dict)
    masked: bool = False
    size: tuple[str, str, str] = ("hidden_size", "num_hidden_layers", "num_attention_heads")


DECODERS = {
    # Local attention with a window shorter than the texts, since that is what GPT-Neo has.
    "gpt_neo": Family("gpt_neo", "plain", {
        "attention_types": [[["global", "local"], 1]], "window_size": 6, "intermediate_size": 48,
        "max_position_embeddings": 128,
    }, size=("hidden_size", "num_layers", "num_heads")),
    "opt": Family("opt", "bos-pad", {
        "ffn_dim": 48, "word_embed_proj_dim": 32, "max_position_embeddings": 128,
        "pad_token_id": 1,
    }),
    "opt-350m": Family("opt", "bos-pad", {
        "ffn_dim": 48, "word_embed_proj_dim": 16, "do_layer_norm_before": False,
        "max_position_embeddings": 128, "pad_token_id": 1,
    }),
    "llama": Family("llama", "bos", {**_ROPE, "tie_word_embeddings": False}),
    "llama-tied": Family("llama", "bos", {
        **_ROPE, "tie_word_embeddings": True, "attention_bias": True, "mlp_bias": True,
    }),
    "mistral": Family("mistral", "bos", {**_ROPE, "sliding_window": 8}),
    "qwen2": Family("qwen2", "plain-pad", {**_ROPE, "tie_word_embeddings": True}),
    "gpt2": Family("gpt2", "plain", {"n_positions": 128},
                   size=("n_embd", "n_layer", "n_head")),
    "gptj": Family("gptj", "plain", {"n_positions": 128, "rotary_dim": 4},
                   size=("n_embd", "n_layer", "n_head")),
    "gpt_neox": Family("gpt_neox", "plain", {
        "intermediate_size": 48, "max_position_embeddings": 128,
    }),
    "gemma2": Family("gemma2", "bos-pad", {
        **_ROPE, "head_dim": 8, "final_logit_softcapping": 3.0, "sliding_window": 8,
        "query_pre_attn_scalar": 8, "pad_token_id": 1,
    }),
    "cohere": Family("cohere", "bos-pad", {**_ROPE, "logit_scale": 0.25, "pad_token_id": 1}),
    "granite": Family("granite", "bos-pad", {
        **_ROPE, "logits_scaling": 4.0, "residual_multiplier": 0.5, "pad_token_id": 1,
    }),
}  # fmt: skip
ENCODERS = {
    "bert": Family("bert", "wordpiece", _BERT, masked=True),
    "roberta": Family("roberta", "roberta", {**_BERT, "pad_token_id": 1}, masked=True),
    "mpnet": Family("mpnet", "roberta", {**_BERT, "pad_token_id": 1}, masked=True),
    "distilbert": Family("distilbert", "wordpiece", {
        "hidden_dim": 48, "max_position_embeddings": 128,
    }, masked=True, size=("dim", "n_layers", "n_heads")),
    "albert": Family("albert", "wordpiece", {**_BERT, "embedding_size": 16}, masked=True),
    "modernbert": Family("modernbert", "wordpiece", {
        **_BERT, "pad_token_id": 0, "cls_token_id": 2, "sep_token_id": 3, "bos_token_id": 2,
        "eos_token_id": 3, "classifier_bias": True, "decoder_bias": True, "norm_bias": True,
        "local_attention": 8, "global_attn_every_n_layers": 2,
    }, masked=True),
}  # fmt: skip
FAMILIES = {**DECODERS, **ENCODERS}


def randomise(model: torch.nn.Module, seed: int, scale: float = 0.2) -> None:
    """Move every parameter, biases and norms too, by random numbers."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(scale * torch.randn(parameter.shape, generator=generator))


def build(name: str, folder: Path, *, seed: int = 0, rows: int = 0, **more: Any) -> Path:
    """Save a tiny checkpoint with its tokenizer.

    Args:
        name: A key of `FAMILIES`.
        folder: Where to.
        seed: Of the weights.
        rows: Rows of the head beyond the tokenizer's vocabulary.
        more: Changes of the configuration; `save` holds arguments of ``save_pretrained``.
    """
    family = FAMILIES[name]
    save = more.pop("save", {})
    dtype = more.pop("dtype", torch.float32)
    vocabulary = save_tokenizer(family.tokenizer, folder) + rows
    special = {"bos_token_id": 1, "eos_token_id": 2}
    sizes = dict(zip(family.size, (32, 2, 4), strict=True))
    settings = {"vocab_size": vocabulary, **special, **sizes, **family.more, **more}
    auto = AutoModelForMaskedLM if family.masked else AutoModelForCausalLM
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = auto.from_config(AutoConfig.for_model(family.model_type, **settings))
    randomise(model, seed)
    model.to(dtype).eval().save_pretrained(folder, **save)
    return folder


def full_model(folder: Path) -> Any:
    """The whole model of a folder, head included, as transformers builds it."""
    masked = any(FAMILIES[name].masked for name in FAMILIES if folder.name.split("@")[0] == name)
    auto = AutoModelForMaskedLM if masked else AutoModelForCausalLM
    return auto.from_pretrained(folder, dtype=torch.float32).eval()
