"""What becomes of the aligned tokens while lambda u_1 is added: measures against lambda."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from tokalign.measures import VectorOverlap
from tokalign.measures.intervals import mean_interval
from tokalign.spectrum.adjustment import adjustments
from tokalign.spectrum.comparison import Comparison

#: Columns of `VectorOverlap.per_text` that a curve shows.
MEASURES = ("raw_hit", "non_content", "content_hit", "content_lar", "hit", "lar")


def default_lambdas(comparison: Comparison, points: int = 25) -> np.ndarray:
    """A range about 0 that holds -m_1, v_1 and as much again on both sides.

    Args:
        comparison: Whose vectors are adjusted.
        points: About how many; 0, -m_1 and v_1 are always among them.

    Returns:
        ``(L,)`` rising.
    """
    reach = 1.5 * max(abs(comparison.m1), abs(comparison.v1))
    grid = np.linspace(-reach, 0.5 * reach, points)
    return np.unique(np.concatenate([grid, [0.0, -comparison.m1, comparison.v1]]))


def adjustment_curve(
    comparison: Comparison,
    overlap: VectorOverlap,
    lambdas: Sequence[float] | np.ndarray,
    *,
    on: Literal["scored", "fitted"] = "scored",
    seed: int = 0,
) -> pd.DataFrame:
    """Measure ``h + lambda u_1`` for many lambdas.

    Args:
        comparison: u_1 comes from its fitted half.
        overlap: Of the texts of that half, in their order.
        lambdas: L of them.
        on: The half that is measured; ``fitted`` for choosing a lambda.
        seed: Of the bootstrap.

    Returns:
        A tidy frame: ``pair``, ``lambda``, ``measure`` (of `MEASURES`), ``value``, ``low``,
        ``high`` (95 %, over texts); after these the embedder's own level, as ``embedder`` (one
        number for all rows of a measure).

    Raises:
        TokalignError: What `adjusted` and `VectorOverlap.per_text` raise for.

    Source: arXiv 2406.17378 for the adjustment; scoring on the other half is ours.
    """
    half = comparison.scored if on == "scored" else comparison.fitted
    h = comparison.h.select(half)
    own = overlap.per_text(comparison.changed.select(half), comparison.own_head)
    rows = []
    for lam, moved in adjustments(h, comparison.u1, lambdas):
        found = overlap.per_text(moved, comparison.head)
        for measure in MEASURES:
            values = found[measure].dropna().to_numpy()
            if not len(values):
                continue
            interval = mean_interval(values, seed)
            rows.append(
                {"pair": comparison.name, "lambda": lam, "measure": measure,
                 "value": interval.value, "low": interval.low, "high": interval.high,
                 "embedder": float(own[measure].mean())}
            )  # fmt: skip
    return pd.DataFrame(rows)
