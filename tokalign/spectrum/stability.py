"""Is u_1 a fact about the model, or about the texts that happened to be taken?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.special import gammaln

from tokalign.errors import TokalignError
from tokalign.spectrum.direction import finite_matrix, first_direction
from tokalign.spectrum.halves import split_halves


@dataclass(frozen=True)
class Stability:
    """How well u_1 of one half of the texts agrees with u_1 of the other.

    Attributes:
        values: ``(R,)`` float64, |cos| between the two, one for each random split.
        n: Texts.
        width: d.
    """

    values: np.ndarray
    n: int
    width: int

    @cached_property
    def summary(self) -> dict[str, float]:
        """``median``, ``low``, ``high`` (the least and the most of all splits), ``chance``.

        The splits share their texts, so the spread tells how much the choice of the half matters
        and is no confidence interval.
        """
        return {
            "median": float(np.median(self.values)),
            "low": float(self.values.min()),
            "high": float(self.values.max()),
            "chance": self.chance,
        }

    @property
    def chance(self) -> float:
        """The mean |cos| of two random directions of this width.

        >>> round(Stability(np.ones(1), 2, width=2).chance, 4)  # 2 / pi
        0.6366
        """
        half = self.width / 2
        return float(np.exp(gammaln(half) - gammaln(half + 0.5)) / np.sqrt(np.pi))

    def frame(self) -> pd.DataFrame:
        """One row a split: ``split`` from 1, ``cos``."""
        return pd.DataFrame({"split": np.arange(1, len(self.values) + 1), "cos": self.values})


def split_half_stability(vectors: np.ndarray, repeats: int = 20, seed: int = 0) -> Stability:
    """Compare u_1 of random halves.

    Args:
        vectors: ``(N, d)``, N at least 2; no half may be all 0.
        repeats: R, how many splits.
        seed: Of the splits.

    Raises:
        TokalignError: Too few vectors, not finite, a half that is all 0, or R less than 1.

    >>> found = split_half_stability(np.array([[2.0, 0.1], [3.0, 0.0], [2.5, 0.2], [2.0, 0.0]]))
    >>> len(found.values), found.summary["low"] > 0.99
    (20, True)
    """
    matrix = finite_matrix(vectors, least=2)
    if repeats < 1:
        raise TokalignError(f"{repeats} splits; at least 1 is needed")
    # A seed of its own for each: seed and seed + 1 would share all splits but one.
    seeds = np.random.SeedSequence(seed).generate_state(repeats, np.uint64)
    found = []
    for drawn in seeds:
        first, second = (
            first_direction(matrix[half]) for half in split_halves(len(matrix), int(drawn))
        )
        # Rounding may put a cosine a hair above 1.
        found.append(min(abs(float(first @ second)), 1.0))
    return Stability(np.array(found), *matrix.shape)
