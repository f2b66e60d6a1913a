"""The overlap of a model's vectors with their texts after each of its layers."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from tokalign.embedders import Embedder, layer_embeddings
from tokalign.embedders.encoding.layers import LayerNorm
from tokalign.measures.intervals import mean_interval
from tokalign.measures.vectors import VectorOverlap
from tokalign.tokens import load_head

NORMS: tuple[LayerNorm, ...] = ("before_pooling", "after_pooling")


def layer_overlap(
    embedder: Embedder,
    texts: Sequence[str],
    *,
    measure: str = "raw_hit",
    k: int = 10,
    seed: int = 0,
) -> pd.DataFrame:
    """Decode the pooled states of every layer, as the logit lens does.

    The model's own final norm, which the head expects, is put on the states of each token before
    they are pooled, or on the pooled vector: the two are not the same.

    Args:
        embedder: Whose layers.
        texts: N texts.
        measure: A column of `VectorOverlap.per_text`.
        k: See `VectorOverlap`.
        seed: Of the bootstrap over texts.

    Returns:
        One row for each layer (0: the input embeddings) and way of norming: ``model``, ``layer``,
        ``norm``, ``value``, ``low``, ``high``.

    Raises:
        TokalignError: What `layer_embeddings` and `VectorOverlap` raise for.

    Source: the logit lens (nostalgebraist, 2020), for pooled states.
    """
    overlap = VectorOverlap(texts, embedder.tokenizer, k=k, seed=seed)
    head = load_head(embedder)
    rows = []
    for norm in NORMS:
        for layer, made in enumerate(layer_embeddings(embedder, texts, norm)):
            values = overlap.per_text(made, head)[measure].dropna().to_numpy()
            if len(values):
                found = mean_interval(values, seed)
                rows.append({"model": embedder.name, "layer": layer, "norm": norm, **vars(found)})
    return pd.DataFrame(rows)
