"""Reference vectors of PromptEOL, plain and with an adapter, on OPT and LLaMA.

There is no package: the reference is transformers 4.44.2 and peft with the steps that the method's
papers give, in envs/ref-llm2vec. Texts are padded on the left, the last layer's state (after the
final norm) is taken at the last token, nothing is cut and nothing is normalised; the adapter stays
unmerged. The published adapters are pickled; these are safetensors.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from common import (
    FIXTURES,
    Recorder,
    fresh,
    gpt2_tokenizer,
    llama_tokenizer,
    randomise,
    tidy_adapter,
)
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    LlamaConfig,
    LlamaForCausalLM,
    OPTConfig,
    OPTForCausalLM,
)

ROOT = FIXTURES / "prompteol"
TEMPLATE = 'This sentence : "{text}" means in one word:"'
MODELS = {
    "opt": ("facebook/opt-1.3b", "royokong/prompteol-opt-1.3b"),
    "llama": ("huggyllama/llama-7b", "royokong/prompteol-llama-7b"),
}


def opt(folder: Path) -> torch.nn.Module:
    """OPT as the 1.3B is: norm before, tied head, biases everywhere."""
    rows = gpt2_tokenizer(folder, "opt")
    return OPTForCausalLM(OPTConfig(
        vocab_size=rows, hidden_size=32, word_embed_proj_dim=32, num_hidden_layers=3, ffn_dim=64,
        num_attention_heads=4, max_position_embeddings=1024, do_layer_norm_before=True,
        bos_token_id=2, eos_token_id=2, pad_token_id=1))  # fmt: skip


def llama(folder: Path) -> torch.nn.Module:
    """LLaMA as the 7B is: no grouped heads, head of its own."""
    rows = llama_tokenizer(folder)
    return LlamaForCausalLM(LlamaConfig(
        vocab_size=rows, hidden_size=32, num_hidden_layers=3, num_attention_heads=4,
        intermediate_size=64, max_position_embeddings=1024, rms_norm_eps=1e-6,
        tie_word_embeddings=False))  # fmt: skip


def build(
    kind: str, make: Callable[[Path], torch.nn.Module], targets: list[str], seed: int
) -> None:
    """A base and its adapter, saved over the causal model (``model.`` in its names)."""
    base, cse = (fresh(Path(name)) for name in MODELS[kind])
    torch.manual_seed(0)
    model = make(base).eval()
    # With more, LLaMA amplifies what rotary positions lose to rounding under left padding.
    randomise(model, seed, scale=0.12 if kind == "llama" else 0.2)
    model.save_pretrained(base, safe_serialization=True, max_shard_size="150KB")
    tuned = get_peft_model(
        model,
        LoraConfig(
            r=4, lora_alpha=8, lora_dropout=0.05, target_modules=targets, task_type="CAUSAL_LM"
        ),
    )
    randomise(tuned, seed + 1, scale=0.1, only="lora_")
    tuned.save_pretrained(cse, safe_serialization=True)
    tidy_adapter(cse, MODELS[kind][0])


def encoder(model: Any, tokenizer: Any, template: str) -> Callable[[list[str], int], torch.Tensor]:
    """Texts -> states at the last token."""

    def encode(texts: list[str], size: int) -> torch.Tensor:
        out = []
        for start in range(0, len(texts), size):
            read = [template.replace("{text}", text) for text in texts[start : start + size]]
            batch = tokenizer(read, padding=True, return_tensors="pt", return_token_type_ids=False)
            assert bool(batch["attention_mask"][:, -1].all())
            with torch.no_grad():
                states = model(**batch, output_hidden_states=True, use_cache=False).hidden_states
            out.append(states[-1][:, -1].float())
        return torch.cat(out)

    return encode


def main() -> None:
    """Checkpoints, then vectors."""
    ROOT.mkdir(parents=True, exist_ok=True)
    os.chdir(ROOT)
    attention = ["q_proj", "k_proj", "v_proj"]
    build("opt", opt, [*attention, "out_proj", "fc1", "fc2"], 31)
    build("llama", llama, [*attention, "o_proj", "gate_proj", "up_proj", "down_proj"], 41)
    recorder: Recorder | None = None
    for kind, (base, cse) in MODELS.items():
        tokenizer = AutoTokenizer.from_pretrained(base, padding_side="left")
        if tokenizer.pad_token is None:
            tokenizer.pad_token_id = 0
        for name, adapters, template in (
            ("backbone", [], "{text}"), ("eol", [], TEMPLATE), ("eol-cse", [cse], TEMPLATE),
        ):  # fmt: skip
            model: Any = AutoModelForCausalLM.from_pretrained(base, torch_dtype=torch.float32)
            for folder in adapters:
                model = PeftModel.from_pretrained(model, folder)
            model.eval()
            embedding = model.get_input_embeddings()
            if recorder is None:
                recorder = Recorder("prompteol", embedding, ["peft"])
            else:
                recorder.watch(embedding)
            recorder.add(f"{kind}-{name}", encoder(model, tokenizer, template), checkpoint=base,
                         adapters=adapters, template=template, instruction=None, pooling="last",
                         pooled="the last token", attention="causal", normalise=False,
                         max_length=None, padding_side="left")  # fmt: skip
    assert recorder is not None
    recorder.write(part="prompteol", package=None)


if __name__ == "__main__":
    main()
