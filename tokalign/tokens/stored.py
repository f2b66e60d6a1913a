"""Aligned tokens and ranked content forms of many texts, through the results store."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from tqdm.auto import tqdm

from tokalign.embedders import Embedder, encode_stored
from tokalign.embedders.encoding.stored import SHARD, embedding_key
from tokalign.store import (
    Store,
    compute_sharded,
    content_key,
    environment_versions,
    source_fingerprint,
)
from tokalign.tokens.aligned import AlignedTokens
from tokalign.tokens.decoding import decode
from tokalign.tokens.formlists import content_head, decode_forms
from tokalign.tokens.forms import VocabularyForms
from tokalign.tokens.head import Head


def aligned_tokens(
    embedder: Embedder,
    head: Head,
    texts: Sequence[str],
    k: int,
    store: Store | None = None,
    *,
    progress: bool = False,
) -> AlignedTokens:
    """Embed texts and decode them, shard by shard through the store.

    Args:
        embedder: Who embeds.
        head: Who decodes; vectors are brought back to their own length where it is not linear.
        texts: N texts, one or more.
        k: Tokens a text.
        store: Where results are kept; None computes everything.
        progress: Show a progress bar on standard error.

    Returns:
        Ids and logits ``(N, min(k, V))``.

    Raises:
        TokalignError: See `encode_stored` and `decode`.
    """

    def compute(shard: Sequence[str]) -> dict[str, np.ndarray]:
        made = encode_stored(embedder, shard, store)
        found = decode(made if head.linear else made.unnormalised(), head, k)
        return {"ids": found.ids, "logits": found.logits}

    def key_of(shard: Sequence[str]) -> str:
        return content_key(
            kind="aligned", k=k, vectors=embedding_key(embedder, shard), head=head.fingerprint,
            code=source_fingerprint("tokalign.tokens"),
        )  # fmt: skip

    with tqdm(total=len(texts), disable=not progress, unit="text", desc=embedder.name) as bar:
        found = compute_sharded(
            texts, key_of=key_of, compute=compute, store=store, size=SHARD, progress=bar.update
        )
    return AlignedTokens(found["ids"], found["logits"])


def ranked_forms(
    embedder: Embedder,
    head: Head,
    forms: VocabularyForms,
    texts: Sequence[str],
    k: int,
    store: Store | None = None,
) -> np.ndarray:
    """The top k content forms of each text: equal forms merged at their best rank.

    Tokens without a form are taken out before anything is ranked, so the k are always full.

    Args:
        embedder: Who embeds.
        head: Who decodes.
        forms: The forms of the tokenizer's tokens.
        texts: N texts, one or more.
        k: Forms a text.
        store: Where results are kept.

    Returns:
        Form numbers ``(N, min(k, number of forms))`` int32, best first.
    """
    content = content_head(head, forms)

    def compute(shard: Sequence[str]) -> dict[str, np.ndarray]:
        made = encode_stored(embedder, shard, store)
        made = made if head.linear else made.unnormalised()
        return {"forms": decode_forms(made, content, forms, k)}

    def key_of(shard: Sequence[str]) -> str:
        return content_key(
            kind="forms", k=k, vectors=embedding_key(embedder, shard), head=content.fingerprint,
            code=source_fingerprint("tokalign.tokens"),
            libraries=dict(environment_versions("snowballstemmer", "scikit-learn")),
        )  # fmt: skip

    return compute_sharded(texts, key_of=key_of, compute=compute, store=store, size=SHARD)["forms"]
