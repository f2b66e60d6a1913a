"""Decoding 100,000 vectors: speed as a share of the machine's matrix product, and peak memory."""

from __future__ import annotations

import resource
import time
from multiprocessing import get_context
from typing import Any

import numpy as np
import torch
from common import gflops_of_products, report

from tokalign.embedders import Embeddings, Space
from tokalign.tokens import Head, decode

TEXTS, K = 100_000, 10
SIZES = ((384, 30_000), (64, 150_000))


def peak_bytes() -> int:
    """The process's peak resident memory so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def case(width: int, vocabulary: int) -> dict[str, Any]:
    generator = np.random.default_rng(0)
    vectors = generator.standard_normal((TEXTS, width), dtype=np.float32)
    matrix = torch.from_numpy(generator.standard_normal((vocabulary, width), dtype=np.float32))
    head = Head("owner", matrix, torch.arange(vocabulary), width)
    given = Embeddings(
        vectors, Space("owner", width), np.ones(TEXTS, "f"), np.zeros(TEXTS, dtype=bool)
    )
    product = gflops_of_products()
    before = peak_bytes()
    start = time.perf_counter()
    found = decode(given, head, K)
    seconds = time.perf_counter() - start
    speed = 2 * TEXTS * width * vocabulary / seconds / 1e9
    result = found.ids.nbytes + found.logits.nbytes
    return {
        "d": width,
        "tokens": vocabulary,
        "texts": TEXTS,
        "seconds": seconds,
        "GFLOP/s": speed,
        "product GFLOP/s": product,
        "share of product": speed / max(product, gflops_of_products()),
        "MB beyond inputs": (peak_bytes() - before) / 1e6,
        "MB of result": result / 1e6,
    }


if __name__ == "__main__":
    # A process for each case: peak memory never falls again.
    with get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        report("decoding", pool.starmap(case, SIZES, chunksize=1))
