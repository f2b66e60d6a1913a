"""Is it the data or the method? The 2 x 2 of training data (NLI, retrieval) and method.

One embedder trained fully on NLI and one trained by its biases alone on MS MARCO differ in two
things at once. With all four cells the effect of each is told from that of the other. Applied to
`CONTRAST` (similarity minus relatedness), the effect `data` is the interaction of what is judged
with the data, and the effect `method` that with the method.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import t

from tokalign.errors import TokalignError
from tokalign.measures.intervals import LEVEL
from tokalign.pairs.estimates import Estimate, mean_of

Cell = tuple[str, str]
DATA = ("nli", "retrieval")
METHOD = ("full", "bitfit")
CELLS: tuple[Cell, ...] = tuple((data, method) for data in DATA for method in METHOD)
#: Effect -> the weight of each cell, in the order of `CELLS`.
EFFECTS: dict[str, tuple[float, float, float, float]] = {
    "data": (0.5, 0.5, -0.5, -0.5),
    "method": (0.5, -0.5, 0.5, -0.5),
    "data x method": (1.0, -1.0, -1.0, 1.0),
    "data, full": (1.0, 0.0, -1.0, 0.0),
    "data, bitfit": (0.0, 1.0, 0.0, -1.0),
    "method, nli": (1.0, -1.0, 0.0, 0.0),
    "method, retrieval": (0.0, 0.0, 1.0, -1.0),
}


def two_by_two(cells: Mapping[Cell, Sequence[Estimate]]) -> pd.DataFrame:
    """The effects of data and method on one outcome.

    Args:
        cells: ``(data, method)``, see `CELLS`, -> the outcome of each seed, all drawn from the
            same pairs with the same seed of the draws.

    Returns:
        One row an effect: ``effect``, ``value``, and two intervals (95 %) of two sources.
        ``low`` and ``high`` are over pairs: these weights, other sentences; paired bootstrap.
        ``seed_low`` and ``seed_high`` are over seeds: these sentences, other weights; Student's t
        with one spread pooled over the cells that have several seeds, which is taken to be that of
        the cells that have one too. NaN where no cell has several. ``seeds`` counts them in the
        order of `CELLS`; ``seed_spread`` is the pooled standard deviation. ``data`` is NLI less
        retrieval, ``method`` is full less BitFit, each the mean over the other; ``data x method``
        is by how much the effect of the data is larger in full training.

    Raises:
        TokalignError: A cell is missing, empty, or none of the four.

    >>> numbers = dict(zip(CELLS, (4.0, 3.0, 1.0, 2.0)))
    >>> found = two_by_two({cell: [Estimate(x, np.full(3, x))] for cell, x in numbers.items()})
    >>> dict(zip(found["effect"], found["value"])) | {}
    ... # doctest: +NORMALIZE_WHITESPACE
    {'data': 2.0, 'method': 0.0, 'data x method': 2.0, 'data, full': 3.0, 'data, bitfit': 1.0,
     'method, nli': 1.0, 'method, retrieval': -1.0}
    """
    if set(cells) != set(CELLS) or not all(len(seeds) for seeds in cells.values()):
        raise TokalignError(
            f"cells {sorted(cells)} with {[len(cells[c]) for c in sorted(cells)]} seeds; each of "
            f"{list(CELLS)} is needed with at least one"
        )
    means = [mean_of(cells[cell]) for cell in CELLS]
    values = [[one.value for one in cells[cell]] for cell in CELLS]
    counts = np.array([len(seeds) for seeds in values])
    freedom = int((counts - 1).sum())
    squares = sum(float(((np.array(seeds) - np.mean(seeds)) ** 2).sum()) for seeds in values)
    spread = float(np.sqrt(squares / freedom)) if freedom else np.nan
    rows = []
    for effect, weights in EFFECTS.items():
        found = weighted(means, weights)
        error = spread * float(np.sqrt((np.square(weights) / counts).sum()))
        reach = float(t.ppf((1 + LEVEL) / 2, freedom)) * error if freedom else np.nan
        rows.append({"effect": effect, **vars(found.interval()),
                     "seed_low": found.value - reach, "seed_high": found.value + reach,
                     "seeds": "/".join(map(str, counts)), "seed_spread": spread})  # fmt: skip
    return pd.DataFrame(rows)


def weighted(estimates: Sequence[Estimate], weights: Sequence[float]) -> Estimate:
    """A weighted sum of estimates, draw by draw.

    >>> weighted([Estimate(3.0, np.zeros(1)), Estimate(1.0, np.ones(1))], (1.0, -1.0)).value
    2.0
    """
    parts = [one * weight for one, weight in zip(estimates, weights, strict=True)]
    return mean_of(parts) * len(parts)
