"""Two processes put the same keys at the same moments; prints what each was given back."""

from __future__ import annotations

import json
import multiprocessing
import sys
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import numpy as np

from tokalign.store import Store, content_key

ROUNDS = 60


def race(root: str, name: str, barrier: Barrier, queue: Any) -> None:
    store = Store(Path(root))
    given = []
    for number in range(ROUNDS):
        barrier.wait()
        value = np.full(2000, float(ord(name)))
        entry = store.put(content_key(round=number), {"x": value}, {"by": name})
        assert (entry.arrays["x"] == ord(entry.meta["by"])).all()
        given.append(entry.meta["by"])
    queue.put((name, given))


if __name__ == "__main__":
    # Not fork: the children should share nothing but the folder.
    context = multiprocessing.get_context("spawn")
    barrier, queue = context.Barrier(2), context.Queue()
    processes = [
        context.Process(target=race, args=(sys.argv[1], name, barrier, queue), daemon=True)
        for name in "ab"
    ]
    for process in processes:
        process.start()
    print(json.dumps(dict(queue.get() for _ in processes)))
    for process in processes:
        process.join()
    sys.exit(max(abs(process.exitcode or 0) for process in processes))
