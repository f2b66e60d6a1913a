"""Does the shift of the tokens tell how much better the texts of a label come together?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tokalign.errors import TokalignError
from tokalign.facets.intervals import resample_counts
from tokalign.measures.intervals import LEVEL, Interval


def cell_correlation(
    rises: Sequence[np.ndarray], gains: Sequence[np.ndarray], *, within: bool = True, seed: int = 0
) -> Interval:
    """Pearson's correlation of rise and gain over the cells of facets and wordings.

    Args:
        rises: For each facet ``(R + 1, W)``: the mean rise under each wording, on the texts
            themselves and on each resample of them.
        gains: For each facet ``(R + 1, W)``: what the wording gains in clustering, on the same.
        within: Take each facet's mean off both first, so that a facet which has more of both than
            another does not count.
        seed: Of the draws of wordings.

    Returns:
        The correlation with 95 % percentile bounds, texts and wordings resampled together (the
        pigeonhole bootstrap, Owen 2007); resamples without a correlation are left out. With so few
        cells the bounds are wide, and rather too narrow still.

    Raises:
        TokalignError: Fewer than three cells, or all rises or gains the same.
    """
    cells = sum(table.shape[1] for table in rises)
    if cells < 3 or [t.shape for t in rises] != [t.shape for t in gains]:
        raise TokalignError(f"{cells} cells of facets and wordings; three or more are needed")
    drawn = len(rises[0]) - 1
    seeds = np.random.SeedSequence(seed).generate_state(len(rises), np.uint32)
    counts = [
        resample_counts(table.shape[1], resamples=drawn, seed=int(s))
        for table, s in zip(rises, seeds, strict=True)
    ]
    weights = np.concatenate(counts, axis=1)
    x, y = (_centred(tables, counts, weights, within) for tables in (rises, gains))
    products = [(weights * a * b).sum(axis=1) for a, b in ((x, y), (x, x), (y, y))]
    scale = np.sqrt(products[1] * products[2])
    found = products[0] / np.where(scale > 1e-12, scale, np.nan)
    if not np.isfinite(found[0]):
        raise TokalignError("rises or gains that are all the same have no correlation")
    kept = found[np.isfinite(found)]
    low, high = np.quantile(kept, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    value = float(found[0])
    return Interval(value, min(float(low), value), max(float(high), value))


def _centred(
    tables: Sequence[np.ndarray], counts: Sequence[np.ndarray], weights: np.ndarray, within: bool
) -> np.ndarray:
    """All cells ``(R + 1, C)``, without the mean of their facet, or of all cells."""
    groups = list(zip(tables, counts, strict=True))
    if not within:
        groups = [(np.concatenate(list(tables), axis=1), weights)]
    parts = [
        table - (table * many).sum(axis=1, keepdims=True) / many.sum(axis=1, keepdims=True)
        for table, many in groups
    ]
    return np.concatenate(parts, axis=1)
