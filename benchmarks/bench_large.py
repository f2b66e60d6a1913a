"""A model of 1B parameters: peak memory of loading, encoding and decoding, against its weights.

The weights are random and lie in a temporary folder, sharded, for as long as this runs. Beside it
stands the estimate for a model of 7B parameters, against the sum of what the meta device builds.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from math import prod
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
from common import report
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

from tokalign.embedders import Recipe, load_embedder
from tokalign.embedders.inspecting.inspection import model_config
from tokalign.embedders.loading.memory import estimate_memory
from tokalign.embedders.loading.shapes import shapes_of
from tokalign.tokens import decode, load_head

VOCABULARY = 32_000
ONE_BILLION = {"hidden_size": 2048, "intermediate_size": 5632, "num_attention_heads": 16}
SEVEN_BILLION = {"hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
                 "num_attention_heads": 32, "num_key_value_heads": 8}  # fmt: skip
#: Few and short: a processor without bfloat16 takes a second and more for a token.
TEXTS = ["w100 w200 w300", "w7 w8"]
GIB = 2**30


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--layers", type=int, default=18, help="18 make 1.06B parameters")
    given.add_argument("--stored", default="bfloat16", help="precision on disk")
    given.add_argument("--dtype", default="bfloat16", help="precision in memory")
    given.add_argument("--tied", action="store_true", help="head tied to the input embeddings")
    options = given.parse_args()
    # A process for each step: peak memory never falls again.
    spawn = get_context("spawn")
    with tempfile.TemporaryDirectory() as place, spawn.Pool(1, maxtasksperchild=1) as pool:
        pool.apply(write, (Path(place), options.layers, options.stored, options.tied))
        report("large", [pool.apply(measure, (Path(place), options.dtype))])
    with tempfile.TemporaryDirectory() as place, spawn.Pool(1) as pool:
        report("seven billion", pool.apply(seven, (Path(place),)))


def write(place: Path, layers: int, stored: str, tied: bool) -> None:
    """A random LLaMA with its tokenizer, in shards of 500 MB."""
    torch.manual_seed(0)
    config = AutoConfig.for_model(
        "llama", vocab_size=VOCABULARY, num_hidden_layers=layers, tie_word_embeddings=tied,
        **ONE_BILLION,
    )  # fmt: skip
    torch.set_default_dtype(getattr(torch, stored))
    AutoModelForCausalLM.from_config(config).save_pretrained(place, max_shard_size="500MB")
    words = ["<unk>", *(f"w{number}" for number in range(1, VOCABULARY))]
    tokenizer = Tokenizer(
        models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>").save_pretrained(place)


def status_bytes(what: str) -> int:
    """Of Linux's own book-keeping: ``VmHWM``, the peak so far with the pages of mapped files, or
    ``RssAnon``, what is there now without them.
    """
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.partition(f"{what}:")[2].split()[0]) * 1024


class Watch(threading.Thread):
    """The peak without pages of mapped files, which the system takes back where memory is short."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak, self.over = 0, threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.02):
            self.peak = max(self.peak, status_bytes("RssAnon"))


def measure(place: Path, dtype: str) -> dict[str, Any]:
    recipe = recipe_of(place)
    estimate = estimate_memory(recipe, dtype=dtype)
    weights = estimate.weights + estimate.head
    before, before_own = status_bytes("VmHWM"), status_bytes("RssAnon")
    watch = Watch()
    watch.start()
    seconds, peaks = [], []
    start = time.perf_counter()
    embedder = load_embedder(recipe, dtype=dtype)
    head = load_head(embedder)
    seconds.append(time.perf_counter() - start)
    peaks.append(status_bytes("VmHWM") - before)
    start = time.perf_counter()
    vectors = embedder.encode(TEXTS)
    seconds.append(time.perf_counter() - start)
    start = time.perf_counter()
    decode(vectors, head, 10)
    seconds.append(time.perf_counter() - start)
    peaks.append(status_bytes("VmHWM") - before)
    watch.over.set()
    parameters = sum(p.numel() for p in embedder.model.parameters())
    own = head.matrix.data_ptr() == embedder.model.get_input_embeddings().weight.data_ptr()
    return {
        "parameters (1e9)": (parameters + (0 if own else head.matrix.numel())) / 1e9,
        "dtype": dtype,
        "head": str(head.matrix.dtype).removeprefix("torch."),
        "the model's own": own,
        "weights (GiB)": weights / GIB,
        "estimate (GiB)": estimate.total / GIB,
        "peak of loading (GiB)": peaks[0] / GIB,
        "peak (GiB)": peaks[1] / GIB,
        "peak / weights": peaks[1] / weights,
        "peak without mapped files (GiB)": (watch.peak - before_own) / GIB,
        "seconds to load": seconds[0],
        "to encode": seconds[1],
        "to decode": seconds[2],
    }


def recipe_of(place: Path) -> Recipe:
    return Recipe(
        name="large", checkpoint=str(place), readout="lm_head", pooling="last", attention="causal",
        max_length=512,
    )  # fmt: skip


def seven(place: Path) -> list[dict[str, Any]]:
    """The estimate for Mistral-7B's shape, from its configuration alone."""
    AutoConfig.for_model("mistral", vocab_size=VOCABULARY, **SEVEN_BILLION).save_pretrained(place)
    parameters = sum(map(prod, shapes_of(model_config(place)).values()))
    rows = []
    for dtype in ("float32", "bfloat16", "int8", "int4"):
        estimate = estimate_memory(recipe_of(place), dtype=dtype)
        there = parameters * getattr(torch, dtype).itemsize if "float" in dtype else None
        weights = estimate.weights + estimate.head
        rows.append(
            {
                "parameters (1e9)": parameters / 1e9,
                "dtype": dtype,
                "weights, estimated (GiB)": weights / GIB,
                "on the meta device (GiB)": there / GIB if there else "",
                "difference": abs(weights / there - 1) if there else "",
                "to compute (GiB)": estimate.working / GIB,
            }
        )
    return rows


if __name__ == "__main__":
    main()
