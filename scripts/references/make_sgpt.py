"""Reference vectors of SGPT by sentence-transformers. Run in envs/ref-st.

The package strips a text's outer blanks; `bracketed`, which follows SGPT's README, does not.

Makes a GPT-Neo (the backbone, with its tied head), an ``-nli`` model (every weight moved, cut at
75 tokens, in shards) and a ``-msmarco-specb-bitfit`` one (biases alone moved, cut at 300), the two
as sentence-transformers folders. Published ones hold pickled weights; these hold safetensors.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import torch
from common import FIXTURES, TEXTS, Recorder, fresh, gpt2_tokenizer, randomise
from sentence_transformers import SentenceTransformer
from transformers import GPTNeoConfig, GPTNeoForCausalLM

ROOT = FIXTURES / "sgpt"
BASE = "EleutherAI/gpt-neo-1.3B"
NLI = "Muennighoff/SGPT-1.3B-weightedmean-nli"
MSMARCO = "Muennighoff/SGPT-1.3B-weightedmean-msmarco-specb-bitfit"


def st_folder(body: torch.nn.Module, name: str, cut: int, **save: str) -> Path:
    """Write a body as the two modules Transformer and Pooling (weighted mean)."""
    folder = fresh(ROOT / name)
    gpt2_tokenizer(folder, "sgpt")
    body.save_pretrained(folder, safe_serialization=True, **save)
    package = "sentence_transformers.models"
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": f"{package}.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": f"{package}.Pooling"},
    ]
    modes = ("cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens")
    pooling = {"word_embedding_dimension": body.config.hidden_size}
    pooling |= {f"pooling_mode_{mode}": False for mode in modes}
    pooling |= {"pooling_mode_weightedmean_tokens": True, "pooling_mode_lasttoken": False}
    (folder / "1_Pooling").mkdir()
    for file, content in (
        ("modules.json", modules),
        ("1_Pooling/config.json", pooling),
        ("sentence_bert_config.json", {"max_seq_length": cut, "do_lower_case": False}),
    ):
        (folder / file).write_text(json.dumps(content, indent=1))
    return folder


def build() -> None:
    """The three checkpoints."""
    base = fresh(ROOT / BASE)
    rows = gpt2_tokenizer(base, "gpt-neo")
    end = json.loads((base / "vocab.json").read_text())["<|endoftext|>"]
    torch.manual_seed(0)
    model = GPTNeoForCausalLM(GPTNeoConfig(
        vocab_size=rows, hidden_size=32, num_layers=3, num_heads=4, intermediate_size=64,
        attention_types=[[["global", "local"], 1], [["global"], 1]], window_size=6,
        max_position_embeddings=512, bos_token_id=end, eos_token_id=end)).eval()  # fmt: skip
    randomise(model, 1)
    model.save_pretrained(base, safe_serialization=True)
    nli, bitfit = copy.deepcopy(model.transformer), copy.deepcopy(model.transformer)
    randomise(nli, 2, scale=0.1)
    randomise(bitfit, 3, only="bias")
    st_folder(nli, NLI, 75, max_shard_size="80KB")
    st_folder(bitfit, MSMARCO, 300)


def bracketed(model: SentenceTransformer, left: str, right: str):
    """Brackets put round by id, after the text was cut: the way of SGPT's own README."""
    tokenizer, transformer = model.tokenizer, model[0]
    ends = [tokenizer.encode(mark, add_special_tokens=False) for mark in (left, right)]
    assert all(len(ids) == 1 for ids in ends)

    def encode(texts: list[str], size: int) -> torch.Tensor:
        out = []
        for start in range(0, len(texts), size):
            cut = tokenizer(texts[start : start + size], truncation=True,
                            max_length=transformer.max_seq_length)["input_ids"]  # fmt: skip
            rows = [[*ends[0], *ids, *ends[1]] for ids in cut]
            batch = tokenizer.pad({"input_ids": rows}, return_tensors="pt")
            batch["attention_mask"] = torch.tensor(
                [[1] * len(row) + [0] * (batch["input_ids"].shape[1] - len(row)) for row in rows]
            )
            with torch.no_grad():
                out.append(model(dict(batch))["sentence_embedding"])
        return torch.cat(out)

    return encode


def main() -> None:
    """Checkpoints, then vectors."""
    build()
    recorder: Recorder | None = None
    for short, name in (("nli", NLI), ("msmarco", MSMARCO)):
        model = SentenceTransformer(str(ROOT / name), device="cpu").eval()
        if recorder is None:
            recorder = Recorder("sgpt", model[0].auto_model.wte, ["sentence-transformers"])
        else:
            recorder.watch(model[0].auto_model.wte)
        common = {"checkpoint": name, "backbone": BASE, "attention": "causal", "normalise": False,
                  "pooling": "weighted_mean", "instruction": None}  # fmt: skip
        # encode() reads the longest first; the same call as there, so that ties fall alike.
        order = [int(i) for i in np.argsort([-model._text_length(text) for text in TEXTS])]
        for cut in (75, 512) if short == "nli" else (300,):
            model.max_seq_length = cut
            recorder.add(f"{short}-cut{cut}", lambda texts, size, model=model: model.encode(
                texts, batch_size=size, show_progress_bar=False),
                order=order, max_length=cut, stripped=True, pooled="every token read",
                **common)  # fmt: skip
        if short == "msmarco":
            for role, marks in (("query", "[]"), ("document", "{}")):
                recorder.add(f"msmarco-{role}", bracketed(model, *marks), max_length=300,
                             brackets=marks, stripped=False,
                             pooled="every token read, brackets too, which come after the cut",
                             **common)  # fmt: skip
    assert recorder is not None
    recorder.write(part="sgpt", package="sentence-transformers")


if __name__ == "__main__":
    main()
