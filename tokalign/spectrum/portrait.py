"""One line about a backbone and an embedder: all that is asked of their first component."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tokalign.spectrum.comparison import Comparison
from tokalign.spectrum.components import components
from tokalign.spectrum.stability import split_half_stability
from tokalign.spectrum.variation import variation


def portrait(comparison: Comparison, seed: int = 0) -> pd.DataFrame:
    """The first component of a backbone, and what its embedder makes of it, on all N texts.

    Args:
        comparison: The two.
        seed: Of the splits that stability is measured by.

    Returns:
        One row:

        - ``pair``, ``n``;
        - ``m1``: mean(h . u_1), not negative; ``cos_u1_mean``; ``stability``: median |cos| of u_1
          between halves of the texts;
        - ``v1``: the mean change along u_1; ``v1_over_m1``: -1 where the embedder has taken the
          whole of it off, more than 0 where the component grows; ``left``: the embedder's own mean
          along u_1, as a share of m_1;
        - ``share_of_shift`` of the mean change, and ``share_of_energy`` of the change of single
          texts, on u_1; ``chance_of_energy``: what one component of d has on average;
        - ``v1_over_m1_unit``: the same after every vector has been brought to length 1.

        What concerns the change is NaN without a backbone.

    >>> from tokalign.spectrum.portrait import unit_length
    >>> unit_length(np.array([[3.0, 4.0]])).tolist()
    [[0.6, 0.8]]
    """
    h, changed = (e.vectors.astype(np.float64) for e in (comparison.h, comparison.changed))
    parts = components(h)
    m1 = float(parts.mean @ parts.directions[0])
    row: dict[str, float | str | int] = {
        "pair": comparison.name, "n": len(h), "m1": m1, "cos_u1_mean": parts.cos_mean,
        "stability": split_half_stability(h, seed=seed).summary["median"],
        "v1": np.nan, "v1_over_m1": np.nan, "left": np.nan, "share_of_shift": np.nan,
        "share_of_energy": np.nan, "chance_of_energy": 1 / h.shape[1], "v1_over_m1_unit": np.nan,
    }  # fmt: skip
    if comparison.variation is not None:
        found = comparison.variation
        unit = variation(unit_length(h), unit_length(changed))
        row |= {
            "v1": float(found.v[0]),
            "v1_over_m1": float(found.v[0]) / m1,
            "left": 1 + float(found.v[0]) / m1,
            "share_of_shift": found.share_of_shift_on_pc1,
            "share_of_energy": float(found.share_of_energy[0]),
            "v1_over_m1_unit": float(unit.v[0]) / unit.m1,
        }
    return pd.DataFrame([row])


def unit_length(vectors: np.ndarray) -> np.ndarray:
    """Vectors brought to length 1; one of length 0 stays as it is."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    made: np.ndarray = vectors / np.where(lengths > 0, lengths, 1.0)
    return made
