"""A long run over shards: ROOT LOG RESULT [MODE], to be killed, or to kill itself.

MODE is ``wait`` (never finish: the last shard waits for the end of the process), or a step at which
the process kills itself in the middle of its 8th put.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from tokalign.store import Store, compute_sharded, content_key, texts_key
from tokalign.store import store as store_module

TEXTS = [f"text number {number}" for number in range(40 * 5 - 2)]
KILLED_PUT = 8


def key_of(shard: Sequence[str]) -> str:
    return content_key(test="kill", texts=texts_key(shard))


def die(*arguments: Any, **more: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(root: str, log: str, result: str, mode: str = "") -> None:
    computed = 0

    def compute(shard: Sequence[str]) -> dict[str, Any]:
        nonlocal computed
        computed += 1
        with open(log, "a") as file:
            file.write(key_of(shard) + "\n")
        time.sleep(0.003)
        while mode == "wait" and shard[-1] == TEXTS[-1]:
            signal.pause()
        if computed == KILLED_PUT and mode in ("fsync", "link"):
            setattr(os, mode, die)
        if computed == KILLED_PUT and mode == "unlink":
            Path.unlink = die  # type: ignore[method-assign]
        if computed == KILLED_PUT and mode == "encode":
            setattr(store_module, "encode", die)  # noqa: B010
        seeds = [int(text.split()[-1]) for text in shard]
        rows = [np.random.default_rng(seed).standard_normal(30) for seed in seeds]
        return {"rows": np.array(rows, dtype=np.float32), "seeds": np.array(seeds)}

    store = Store(Path(root))
    save_file(compute_sharded(TEXTS, key_of=key_of, compute=compute, store=store, size=5), result)


if __name__ == "__main__":
    main(*sys.argv[1:])
