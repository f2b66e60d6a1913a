"""The overlap metrics as values: ``Hit(k=10)``, ``LAR()``, ``GAR()``.

A metric can be compared, hashed and printed. Definitions: Nie, Zhang and Wu, "A Text is Worth
Several Tokens" (arXiv 2406.17378), as their published code computes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from tokalign.measures.intervals import Interval, mean_interval, share_interval, subsampled_interval
from tokalign.measures.ranks import Ranks


class Metric(Protocol):
    """What every metric offers."""

    @property
    def key(self) -> str:
        """Its name in tables and in JSON."""

    def value(self, ranks: Ranks) -> float:
        """The metric over all texts."""

    def interval(self, ranks: Ranks, seed: int = 0) -> Interval:
        """Value with its 95 % interval over texts."""


@dataclass(frozen=True)
class Hit:
    """Share of texts of which at least one item stands among the first k entries.

    >>> str(Hit(10)), Hit(10) == Hit(10)
    ('Hit@10', True)
    """

    k: int = 10
    key = "hit_at_k"

    def __str__(self) -> str:
        return f"Hit@{self.k}"

    def per_text(self, ranks: Ranks) -> np.ndarray:
        """``(N,)`` bool."""
        hits = np.zeros(ranks.texts, dtype=bool)
        hits[ranks.text[ranks.rank < self.k]] = True
        return hits

    def value(self, ranks: Ranks) -> float:
        """Mean over texts."""
        return float(self.per_text(ranks).mean())

    def interval(self, ranks: Ranks, seed: int = 0) -> Interval:
        """Wilson's score interval of a share."""
        return share_interval(self.per_text(ranks))


@dataclass(frozen=True)
class LAR:
    """Local alignment rate: share of a text's items found before its cut-off, mean over texts.

    ``cap`` cuts every list off there as well, as the authors' default ``--k 10`` does.
    """

    cap: int | None = None
    key = "lar"

    def __str__(self) -> str:
        return "LAR" if self.cap is None else f"LAR (cut off at {self.cap})"

    def per_text(self, ranks: Ranks) -> np.ndarray:
        """``(N,)`` float64."""
        found = np.bincount(ranks.text, ranks.within(self.cap), minlength=ranks.texts)
        return found / np.bincount(ranks.text, minlength=ranks.texts)

    def value(self, ranks: Ranks) -> float:
        """Mean over texts."""
        return float(self.per_text(ranks).mean())

    def interval(self, ranks: Ranks, seed: int = 0) -> Interval:
        """Percentile bootstrap over texts."""
        return mean_interval(self.per_text(ranks), seed)


@dataclass(frozen=True)
class GAR:
    """Global alignment rate: different items found in any text, over all different items.

    It depends on the number of texts: compare it at equal N only.
    """

    cap: int | None = None
    key = "gar"

    def __str__(self) -> str:
        return "GAR" if self.cap is None else f"GAR (cut off at {self.cap})"

    def value(self, ranks: Ranks) -> float:
        """Size of one union over that of the other."""
        return len(np.unique(ranks.item[ranks.within(self.cap)])) / len(np.unique(ranks.item))

    def interval(self, ranks: Ranks, seed: int = 0) -> Interval:
        """Half-samples of the texts, since a bootstrap would shrink both unions."""
        return subsampled_interval(lambda half: self.value(ranks.select(half)), self.value(ranks),
                                   ranks.texts, seed)  # fmt: skip
