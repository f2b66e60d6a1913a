"""A plain reimplementation agrees with every reference vector to 1e-5; each wrong twin does not.

Run with transformers 5.23.0 and peft 0.21.2, in an environment that holds none of the reference
packages. Prints one line for each setting and twin; ends with 1 where one is not as it must be.
It reads one text at a time: padding is what the batch sizes of the references test.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")

import numpy as np
import torch
from peft import PeftModel
from safetensors.numpy import load_file
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedTokenizerFast,
)
from transformers.utils import logging

torch.set_num_threads(1)
logging.set_verbosity_error()
logging.disable_progress_bar()
HEADS = (
    "sgpt/EleutherAI/gpt-neo-1.3B",
    "gritlm/GritLM/GritLM-7B",
    "llm2vec/mistralai/Mistral-7B-Instruct-v0.2",
    "prompteol/facebook/opt-1.3b",
    "prompteol/huggyllama/llama-7b",
)
FIXTURES = Path(__file__).resolve().parents[2] / "data" / "models" / "references"


@cache
def load(base: Path, adapters: tuple[Path, ...], causal: bool, window: bool) -> tuple[Any, Any]:
    """The body (head and all thrown away) with its adapters merged, and the tokenizer."""
    config = AutoConfig.from_pretrained(base)
    if not causal:
        config.is_causal = False
    if not window:
        config.sliding_window = None
    settings = {"config": config, "dtype": torch.float32}
    model: Any
    model, loaded = AutoModel.from_pretrained(base, output_loading_info=True, **settings)
    assert not loaded["missing_keys"], loaded
    assert not loaded["mismatched_keys"], loaded
    for folder in adapters:
        names = load_file(folder / "adapter_model.safetensors")
        if any(".model.model." in name for name in names):  # saved over the causal model
            wrapper = AutoModelForCausalLM.from_pretrained(base, **settings)
            model = PeftModel.from_pretrained(wrapper, folder).merge_and_unload().model
            model = getattr(model, "decoder", model) if config.model_type == "opt" else model
        else:
            model = PeftModel.from_pretrained(model, folder).merge_and_unload()
    # Not AutoTokenizer: for LLaMA transformers 5 drops tokenizer.json's normaliser, and a text that
    # begins with a blank then loses the one that sentencepiece puts in front.
    kind = PreTrainedTokenizerFast if config.model_type == "llama" else AutoTokenizer
    return model.eval(), kind.from_pretrained(base)


@torch.no_grad()
def embed(part: Path, s: dict[str, Any], text: str) -> tuple[list[int], torch.Tensor]:
    """The thirty lines: ids read and vector of one text, by a setting of reference.json."""
    model, tokenizer = load(part / s.get("base", s.get("checkpoint")),
                            tuple(part / name for name in s.get("adapters", ())),
                            s["attention"] == "causal",
                            s.get("window", s["attention"] == "causal"))  # fmt: skip
    text = text.strip() if s.get("stripped") else text
    tail = 0
    if "text_max_length" in s:  # LLM2Vec: whole words go until the text alone fits
        most, words = s["text_max_length"], text.split()
        # The package counts no further than max_length: a long text loses too few words at first.
        while (count := min(len(tokenizer(text, add_special_tokens=False).input_ids),
                            s["max_length"])) > most:  # fmt: skip
            words = words[: int(len(words) * (most / count))]
            text = " ".join(words)
        before, after = s["template"].replace("{instruction}", s["instruction"]).split("{text}")
        before = before.replace("[INST]  ", "[INST] ").lstrip()  # no instruction: a single blank
        # The package strips the whole: the text's own blanks at its end, and in front of it only
        # where nothing but the separator stood before.
        read = before + (text.rstrip() if "[INST]" in before else text) + after
        pooled_text = (text.rstrip() if "[INST]" in before else text) + after
        tail = len(tokenizer(pooled_text, add_special_tokens=False).input_ids)
    else:
        read = s.get("prompt", "") + s.get("template", "{text}").replace("{text}", text)
    ids = tokenizer(read).input_ids[: s["max_length"]]
    if s.get("brackets"):
        left, right = (tokenizer.encode(m, add_special_tokens=False) for m in s["brackets"])
        ids = left + ids + right
    states = model(input_ids=torch.tensor([ids]), use_cache=False).last_hidden_state[0]
    weights = torch.ones(len(ids))
    if s["pooling"] == "last":
        weights[:-1] = 0
    elif s["pooling"] == "weighted_mean":
        weights = torch.arange(1.0, len(ids) + 1)
    weights[: s.get("tokens_left_out", 0)] = 0
    if tail and s["skip_instruction"]:
        weights[:-tail] = 0
    vector = (weights / weights.sum()) @ states
    return ids, torch.nn.functional.normalize(vector, dim=0) if s["normalise"] else vector


def twins(part: str, s: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Wrong readings of a setting, each of which must show."""
    wrong = {"other pooling": {"pooling": "last" if s["pooling"] == "mean" else "mean"}}
    if s["attention"] == "bidirectional":
        wrong["causal"] = {"attention": "causal", "window": False}
    elif part != "sgpt":  # GPT-Neo cannot be made bidirectional
        wrong["bidirectional"] = {"attention": "bidirectional"}
    if s.get("tokens_left_out"):
        wrong["prompt pooled"] = {"tokens_left_out": 0}
        wrong["<s> alone left out"] = {"tokens_left_out": 1}
    if s.get("skip_instruction"):
        wrong["prompt pooled"] = {"skip_instruction": False}
        if "[INST]" in s["template"]:
            wrong["no [INST]"] = {"template": "{instruction} {text}"}
    elif "skip_instruction" in s:
        wrong["prompt left out"] = {"skip_instruction": True}
    if part == "gritlm":
        bidirectional = s["attention"] == "bidirectional"
        wrong["window kept" if bidirectional else "window left out"] = {"window": bidirectional}
    if s.get("prompt"):
        wrong["no prompt"] = {"prompt": "", "tokens_left_out": 1}
        wrong["normalised or not"] = {"normalise": not s["normalise"]}
    if s.get("adapters"):
        wrong["last adapter left out"] = {"adapters": s["adapters"][:-1]}
    if part == "llm2vec":
        wrong["last adapter twice"] = {"adapters": [*s["adapters"], s["adapters"][-1]]}
    if part == "prompteol" and s["template"] != "{text}":
        wrong["no last quote"] = {"template": s["template"][:-1]}
    if part == "sgpt":
        wrong["backbone's weights"] = {"checkpoint": s["backbone"]}
    if s.get("brackets"):
        wrong["no brackets"] = {"brackets": None}
    return wrong


@torch.no_grad()
def check_head(folder: Path) -> bool:
    """The head loads, and decodes the states as they are given out (past the final norm)."""
    model, loaded = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, output_loading_info=True
    )
    model.eval()
    ids = torch.tensor([[5, 60, 300, 301]])
    out = model(input_ids=ids, output_hidden_states=True, use_cache=False)
    far = (model.get_output_embeddings()(out.hidden_states[-1]) - out.logits).abs().max()
    good = bool(far < 1e-5) and not loaded["missing_keys"]
    print(f"{'ok ' if good else 'BAD'} head of {folder.relative_to(FIXTURES)}: {far:.1e}")
    return good


def distances(
    part: Path, s: dict[str, Any], texts: list[str], wanted: list[np.ndarray]
) -> tuple[list[list[int]], np.ndarray]:
    """The ids read, and for each text the greatest distance at any of the batch sizes."""
    read = [embed(part, s, text) for text in texts]
    got = np.stack([vector for _, vector in read])
    far = np.max([np.abs(got - there).max(axis=1) for there in wanted], axis=0)
    return [ids for ids, _ in read], far


def main() -> int:
    """Compare all; the exit code."""
    good = True
    for name in HEADS:
        good &= check_head(FIXTURES / name)
    for folder in sorted(path.parent for path in FIXTURES.glob("*/reference.json")):
        reference = json.loads((folder / "reference.json").read_text())
        vectors = load_file(folder / "vectors.safetensors")
        for name, digest in reference["sha256"].items():
            good &= hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
        for name, s in reference["settings"].items():
            wanted = [vectors[f"{name}/batch{size}"] for size in reference["batch_sizes"]]
            ids, far = distances(folder, s, reference["texts"], wanted)
            same = ids == s["ids"]
            fine = same and far.max() < 1e-5
            good &= bool(fine)
            print(f"{'ok ' if fine else 'BAD'} {folder.name} {name}: {far.max():.1e} "
                  f"(text {far.argmax()}), ids {'equal' if same else 'DIFFER'}")  # fmt: skip
            for twin, changed in twins(folder.name, s).items():
                _, far = distances(folder, s | changed, reference["texts"], wanted)
                shown = int((far > 1e-3).sum())
                good &= shown > 0
                print(f"    {'ok ' if shown else 'BAD'} {twin}: {np.median(far):.1e} at the "
                      f"median, above 1e-3 in {shown} of {len(far)} texts")  # fmt: skip
    print("all as they must be" if good else "NOT all as they must be")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
