"""How much better an embedder's tokens are than its backbone's, and than chance, text by text."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tokalign.measures import VectorOverlap
from tokalign.measures.intervals import Interval
from tokalign.measures.paired import bootstrap_bounds
from tokalign.spectrum.comparison import Comparison

#: Column of `VectorOverlap.per_text` -> the column of its chance level.
CHANCE = {"content_hit": "content_hit_chance", "raw_hit": "raw_hit_chance"}
MEASURES = ("raw_hit", "content_hit", "content_lar", "hit", "lar", "non_content")


def alignment_gain(comparison: Comparison, overlap: VectorOverlap, seed: int = 0) -> pd.DataFrame:
    """Compare what an embedder and its backbone decode to.

    Args:
        comparison: The two, on N texts.
        overlap: Of the same texts.
        seed: Of the bootstrap over texts.

    Returns:
        One row a measure and quantity, with ``value``, ``low``, ``high`` (95 %): the quantities
        are ``embedder``, ``backbone`` and ``gain``, their paired difference; and where a chance
        level is known ``embedder chance``, ``backbone chance``, ``above chance`` (the embedder's
        value over its own chance level) and ``gain above chance`` (by how much that exceeds the
        backbone's).

    >>> sorted(CHANCE)
    ['content_hit', 'raw_hit']
    """
    after = overlap.per_text(comparison.changed, comparison.own_head)
    before = overlap.per_text(comparison.h, comparison.head)
    rows = []
    for measure in MEASURES:
        quantities = {
            "embedder": after[measure],
            "backbone": before[measure],
            "gain": after[measure] - before[measure],
        }
        if measure in CHANCE:
            chances = {"embedder": after[CHANCE[measure]], "backbone": before[CHANCE[measure]]}
            above = {name: quantities[name] - chances[name] for name in chances}
            quantities |= {f"{name} chance": chance for name, chance in chances.items()}
            quantities["above chance"] = above["embedder"]
            quantities["gain above chance"] = above["embedder"] - above["backbone"]
        for quantity, values in quantities.items():
            found = _mean(values.dropna().to_numpy(), seed)
            rows.append(
                {"pair": comparison.name, "measure": measure, "quantity": quantity,
                 "value": found.value, "low": found.low, "high": found.high}
            )  # fmt: skip
    return pd.DataFrame(rows)


def _mean(values: np.ndarray, seed: int) -> Interval:
    if not len(values):
        return Interval(np.nan, np.nan, np.nan)
    low, high = bootstrap_bounds(values[:, None], seed)
    mean = float(values.mean())
    return Interval(mean, min(float(low[0]), mean), max(float(high[0]), mean))
