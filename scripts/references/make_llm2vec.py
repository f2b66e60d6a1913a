"""Reference vectors of LLM2Vec by llm2vec 0.2.3 on transformers 4.44.2. Run in envs/ref-llm2vec.

Makes the base (Mistral-Instruct with its head, in shards) and two LoRA folders. It works from the
fixture's folder, so that the adapter's ``mistralai/Mistral-7B-Instruct-v0.2`` is at once the name
that LLM2Vec knows (it puts ``[INST]`` round for known names only) and a folder.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from common import (
    FIXTURES,
    TEXTS,
    WEB,
    Recorder,
    edit_config,
    fresh,
    llama_tokenizer,
    randomise,
    tidy_adapter,
)
from llm2vec import LLM2Vec
from peft import LoraConfig, get_peft_model
from transformers import MistralConfig, MistralForCausalLM, MistralModel

ROOT = FIXTURES / "llm2vec"
BASE = "mistralai/Mistral-7B-Instruct-v0.2"
MNTP = "McGill-NLP/LLM2Vec-Mistral-7B-Instruct-v2-mntp"
SUPERVISED = f"{MNTP}-supervised"
TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")


def adapter(name: str, seed: int, rank: int) -> Path:
    """A LoRA folder over the encoder body (so no ``model.`` in its names), A and B random."""
    folder = fresh(Path(name))
    body = MistralModel.from_pretrained(BASE, torch_dtype=torch.float32)
    targets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    model = get_peft_model(body, LoraConfig(
        r=rank, lora_alpha=2 * rank, lora_dropout=0.05, target_modules=targets))  # fmt: skip
    randomise(model, seed, scale=0.1, only="lora_")
    model.save_pretrained(folder, safe_serialization=True)
    tidy_adapter(folder, BASE)
    return folder


def build() -> None:
    """Base and adapters."""
    base = fresh(Path(BASE))
    rows = llama_tokenizer(base)
    torch.manual_seed(0)
    model = MistralForCausalLM(MistralConfig(
        vocab_size=rows, hidden_size=32, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=2, intermediate_size=64, max_position_embeddings=1024,
        rope_theta=1000000.0, sliding_window=None, tie_word_embeddings=False)).eval()  # fmt: skip
    randomise(model, 21)
    model.save_pretrained(base, safe_serialization=True, max_shard_size="100KB")
    mntp = adapter(MNTP, 22, rank=4)
    adapter(SUPERVISED, 23, rank=2)
    # The first adapter's folder has configuration and tokenizer as well, the second has neither.
    for file in (*TOKENIZER, "config.json"):
        shutil.copy(base / file, mntp / file)
    edit_config(mntp, _name_or_path=BASE, architectures=["MistralEncoderModel"],
                auto_map={"AutoModel": "modeling_mistral_encoder.MistralEncoderModel"})  # fmt: skip


def main() -> None:
    """Checkpoints, then vectors."""
    ROOT.mkdir(parents=True, exist_ok=True)
    os.chdir(ROOT)
    build()
    recorder: Recorder | None = None

    def add(name: str, instruction: str, second: str | None = SUPERVISED, wrapped: bool = True,
            merge: bool = False, **settings: Any) -> None:  # fmt: skip
        nonlocal recorder
        model = LLM2Vec.from_pretrained(MNTP, second, merge_peft=merge, device_map="cpu",
                                        torch_dtype=torch.float32, **settings)  # fmt: skip
        assert model.model.config._name_or_path == BASE
        if not wrapped:
            model.model.config._name_or_path = "somewhere/else"
        embedding = model.model.get_input_embeddings()
        if recorder is None:
            recorder = Recorder("llm2vec", embedding, ["llm2vec", "peft"])
        else:
            recorder.watch(embedding)
        # encode() reads the longest first; the same call as there, so that ties fall alike.
        read = [model._convert_to_str(instruction, text) for text in TEXTS]
        order = [int(i) for i in np.argsort([-len(text) for text in read])]
        template = "[INST] {instruction} {text} [/INST]" if wrapped else "{instruction} {text}"
        skip = model.skip_instruction
        recorder.add(name, lambda texts, size: model.encode(
            [[instruction, text] for text in texts], batch_size=size, show_progress_bar=False,
            device="cpu"), order=order, base=BASE, adapters=[MNTP, *([second] if second else [])],
            second_merged=merge, instruction=instruction, template=template, pooling="mean",
            attention="bidirectional", normalise=False, padding_side="left",
            max_length=model.max_length, text_max_length=model.doc_max_length,
            skip_instruction=skip,
            pooled="text and what follows it" if skip else "every token read")  # fmt: skip

    add("web", WEB + ":")
    add("none", "")
    add("emotion", "Find the emotion.")
    add("web-merged", WEB + ":", merge=True)
    add("web-all-tokens", WEB + ":", skip_instruction=False)
    add("web-unwrapped", WEB + ":", wrapped=False)
    add("none-unwrapped", "", wrapped=False)
    add("web-first-adapter", WEB + ":", second=None)
    add("web-cut48", WEB + ":", doc_max_length=48)
    assert recorder is not None
    recorder.write(part="llm2vec", package="llm2vec")


if __name__ == "__main__":
    main()
