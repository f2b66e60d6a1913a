"""Builds that kill themselves: FOLDER EMBEDDER DOCS.

Each runs in a process of its own, forked before any model computes, and dies by SIGKILL at a step
of its own. Prints step -> the signal that ended it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from tokalign.embedders import Embedder, load_embedder
from tokalign.retrieval.index import build_index, building, publishing, read_documents, writing
from tokalign.retrieval.sparse import SparseEncoder, SparseSettings
from tokalign.store import Store
from tokalign.tokens import load_head

SETTINGS = SparseSettings(k=30, centre=True, cosine_head=True, bits=8)
OLD = SETTINGS.changed(k=3)

#: Step -> what is called there, and the call in which the process ends.
STEPS: dict[str, tuple[Any, str, int]] = {
    "second shard": (Embedder, "encode", 2),
    "second rows": (SparseEncoder, "documents", 2),
    "description": (writing, "write_description", 1),
    "publishing": (building, "put_in_place", 1),
    # Between the two renamings, and before the old index is removed.
    "replacing": (os, "replace", 2),
    "removing": (publishing.contextlib, "suppress", 1),
}


def die_in(place: Any, name: str, number: int) -> None:
    """Let the process end in a call of a function."""
    real: Callable[..., Any] = getattr(place, name)
    calls = 0

    def call(*arguments: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **more)

    setattr(place, name, call)


def build(step: str, folder: Path, embedder: str, docs: Path) -> None:
    documents, loaded = read_documents(docs), load_embedder(embedder)
    head, store = load_head(loaded), Store(folder / "store")
    replace = step in ("replacing", "removing")
    if replace:
        build_index(documents, loaded, head, OLD, folder / "index", store)
    die_in(*STEPS[step])
    build_index(documents, loaded, head, SETTINGS, folder / "index", store, replace=replace)


def main(folder: str, embedder: str, docs: str) -> None:
    torch.set_num_threads(1)
    ended = {}
    for step in STEPS:
        process = os.fork()
        if not process:
            try:
                build(step, Path(folder, step), embedder, Path(docs))
            finally:
                os._exit(1)
        ended[step] = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    print(json.dumps(ended))


if __name__ == "__main__":
    main(*sys.argv[1:])
