"""Encoding through the results store: what was embedded once is not embedded again.

The key holds all that the vectors depend on: texts, prompt, recipe, weights, pooling, precision,
kind of device, this package's own code and the libraries that compute.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from tqdm.auto import tqdm

from tokalign.embedders.encoding.embedder import Embedder
from tokalign.embedders.encoding.embeddings import Embeddings
from tokalign.errors import TokalignError
from tokalign.store import (
    JSON,
    Store,
    compute_sharded,
    content_key,
    environment_versions,
    source_fingerprint,
    texts_key,
)

#: Texts in a shard. A killed run loses at most one shard.
SHARD = 256


def computing_libraries() -> JSON:
    """Name -> version of the libraries whose change may change a vector."""
    names = ("torch", "transformers", "tokenizers", "numpy", "peft", "accelerate", "torchao",
             "bitsandbytes")  # fmt: skip
    return dict(environment_versions(*names))


def embedding_key(
    embedder: Embedder,
    texts: Sequence[str],
    instruction: str | None = None,
    prompt_name: str | None = None,
) -> str:
    """The content key of the vectors that `embedder` makes of `texts`."""
    return content_key(
        kind="vectors",
        embedder=embedder.fingerprint,
        dtype=embedder.dtype,
        device=embedder.device.type,
        instruction=instruction,
        prompt_name=prompt_name,
        texts=texts_key(texts),
        code=source_fingerprint("tokalign.embedders"),
        libraries=computing_libraries(),
    )


def encode_stored(
    embedder: Embedder,
    texts: Sequence[str],
    store: Store | None,
    *,
    instruction: str | None = None,
    prompt_name: str | None = None,
    progress: bool = False,
) -> Embeddings:
    """As `Embedder.encode`, shard by shard through the store.

    Args:
        embedder: Who embeds.
        texts: N texts, one or more.
        store: Where results are kept; None computes everything.
        instruction: See `Embedder.encode`.
        prompt_name: See `Embedder.encode`.
        progress: Show a progress bar on standard error.

    Returns:
        Vectors ``(N, d)``: the same bytes whether computed, resumed or taken from the store.

    Raises:
        TokalignError: There are no texts; see `Embedder.encode`.
    """
    if not len(texts):
        raise TokalignError("there is no text to embed")

    def compute(shard: Sequence[str]) -> dict[str, np.ndarray]:
        made = embedder.encode(shard, instruction=instruction, prompt_name=prompt_name)
        return {"vectors": made.vectors, "norms": made.norms, "truncated": made.truncated}

    with tqdm(total=len(texts), disable=not progress, unit="text", desc=embedder.name) as bar:
        found = compute_sharded(
            texts,
            key_of=lambda shard: embedding_key(embedder, shard, instruction, prompt_name),
            compute=compute,
            store=store,
            size=SHARD,
            progress=bar.update,
        )
    space = embedder.space(found["vectors"].shape[1])
    return Embeddings(found["vectors"], space, found["norms"], found["truncated"])
