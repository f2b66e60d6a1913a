"""Encoding against sentence-transformers: same weights, texts, threads and run."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch
from common import has_bfloat16, ratio, report, times_in_turn
from sentence_transformers import SentenceTransformer

from tokalign.datasets import load_texts
from tokalign.embedders import load_embedder
from tokalign.embedders.files.checkpoints import checkpoint_folder
from tokalign.tokens import decode, load_head

NAME = "all-minilm-l6-v2"
ROUNDS = 7


def texts() -> dict[str, list[str]]:
    """Short texts are our sentences; long ones are three to nine of them put together."""
    sentences = list(load_texts("sentences").texts)
    generator = random.Random(0)
    long = [" ".join(generator.sample(sentences, generator.randint(3, 9))) for _ in range(150)]
    return {"short": sentences, "long": long}


def main() -> None:
    plain = load_embedder(NAME)
    folder = str(checkpoint_folder(plain.recipe.checkpoint))
    reference = SentenceTransformer(folder, device="cpu")
    half = load_embedder(NAME, dtype="bfloat16")
    rows: list[dict[str, Any]] = []
    for length, some in texts().items():
        runs = {
            "sentence-transformers": lambda some=some: reference.encode(some),
            "float32": lambda some=some: plain.encode(some),
        }
        if has_bfloat16():
            runs["bfloat16"] = lambda some=some: half.encode(some)
        seconds = times_in_turn(runs, ROUNDS)
        difference = float(np.abs(plain.encode(some).vectors - reference.encode(some)).max())
        tokens = int(sum(len(i) for i in plain.tokenizer(some, verbose=False)["input_ids"]))
        for dtype in ("float32", "bfloat16"):
            timed = ratio(seconds, "sentence-transformers", dtype) if dtype in seconds else {}
            rows.append(
                {
                    "texts": length,
                    "dtype": dtype,
                    "n": len(some),
                    "mean tokens": tokens / len(some),
                    "times as fast": timed.get("median", "not timed"),
                    "from": timed.get("min", ""),
                    "to": timed.get("max", ""),
                    "largest difference": difference if dtype == "float32" else "",
                    "same top 10": "" if dtype == "float32" else agreement(plain, half, some),
                }
            )
    report("encoding", rows)


def agreement(plain: Any, half: Any, some: list[str]) -> float:
    """Share of the top 10 tokens that stay the same in bfloat16."""
    head = load_head(plain)
    few = some if has_bfloat16() else some[::10]
    top = [decode(e.encode(few), head, 10).ids for e in (plain, half)]
    return float(np.mean([len(set(a) & set(b)) / 10 for a, b in zip(*top, strict=True)]))


if __name__ == "__main__":
    with torch.inference_mode():
        main()
