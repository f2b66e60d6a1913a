"""What the benchmarks share: pairwise timing, and a line about the machine."""

from __future__ import annotations

import json
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch


def times_in_turn(
    runs: Mapping[str, Callable[[], Any]], rounds: int, warmup: int = 1
) -> dict[str, list[float]]:
    """Seconds of each function, called in turn (A B A B ...), so that drift hits all alike."""
    for _ in range(warmup):
        for run in runs.values():
            run()
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def ratio(seconds: Mapping[str, list[float]], slow: str, fast: str) -> dict[str, float]:
    """Median and range, over rounds, of the time of `slow` over that of `fast`."""
    pairs = [s / f for s, f in zip(seconds[slow], seconds[fast], strict=True)]
    return {"median": statistics.median(pairs), "min": min(pairs), "max": max(pairs)}


def machine() -> dict[str, Any]:
    """Processor, threads and library versions."""
    cpu = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    return {
        "cpu": cpu,
        "capability": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "bfloat16 in hardware": has_bfloat16(),
    }


def has_bfloat16() -> bool:
    """Whether the processor computes in bfloat16 rather than emulating it."""
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def gflops_of_products(dtype: torch.dtype = torch.float32, size: int = 2048) -> float:
    """Best of several square matrix products, in 1e9 operations a second."""
    left, right = (torch.randn(size, size).to(dtype) for _ in range(2))
    best = min(times_in_turn({"product": lambda: left @ right}, rounds=7)["product"])
    return 2 * size**3 / best / 1e9


def report(name: str, rows: list[dict[str, Any]]) -> None:
    """Print a table and one line of JSON."""
    columns = list(rows[0])
    print("| " + " | ".join(columns) + " |\n" + "|---" * len(columns) + "|")
    for row in rows:
        cells = [f"{v:.3g}" if isinstance(v, float) else str(v) for v in row.values()]
        print("| " + " | ".join(cells) + " |")
    print(json.dumps({"benchmark": name, "machine": machine(), "rows": rows}))
