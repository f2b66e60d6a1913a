"""The four measures of chapter 4, all in one form: a number for each wording and resample of texts.

Two are about tokens (how far a text's own label stands above its facet's other labels, and how
often it is the highest), two about vectors (v-measure and triplet accuracy).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tokalign.facets.clustering import mean_v_measure, triplet_accuracy
from tokalign.facets.intervals import weighted_means
from tokalign.facets.rise import contrasts, own_is_highest

#: How many ways of dealing the labels out to the texts are averaged.
DEALS = 20


@dataclass(frozen=True)
class Seen:
    """What one instruction makes of the texts that a facet labels.

    Attributes:
        scores: ``(N, L)`` label scores, centred, in units of the facet.
        clusters: ``(S, N)`` clusterings into L clusters.
        similarity: ``(N, N)`` cosines.
    """

    scores: np.ndarray
    clusters: np.ndarray
    similarity: np.ndarray


#: Seen, own labels ``(N,)`` and counts ``(R + 1, N)`` -> ``(R + 1,)``.
Measure = Callable[[Seen, np.ndarray, np.ndarray], np.ndarray]


def _contrast(seen: Seen, own: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return weighted_means(contrasts(seen.scores, own)[:, None], counts)[:, 0]


def _highest(seen: Seen, own: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return weighted_means(own_is_highest(seen.scores, own)[:, None], counts)[:, 0]


CONTRAST, HIGHEST = "label contrast", "own label highest"
V_MEASURE, TRIPLETS = "v-measure", "triplet accuracy"
MEASURES: dict[str, Measure] = {
    CONTRAST: _contrast,
    HIGHEST: _highest,
    V_MEASURE: lambda seen, own, counts: mean_v_measure(seen.clusters, own, counts),
    TRIPLETS: lambda seen, own, counts: triplet_accuracy(seen.similarity, own, counts),
}


def table(
    measure: Measure, seen: Sequence[Seen], own: np.ndarray, counts: np.ndarray
) -> np.ndarray:
    """A measure under each of W wordings, in each resample: ``(R + 1, W)``.

    Args:
        measure: One of `MEASURES`.
        seen: Of W instructions.
        own: ``(N,)``, which label is the text's.
        counts: ``(R + 1, N)``, `resample_counts`.
    """
    return np.stack([measure(one, own, counts) for one in seen], axis=1)


def chance_level(
    measure: Measure, seen: Sequence[Seen], own: np.ndarray, *, deals: int = DEALS, seed: int = 0
) -> float:
    """What a measure is when the same labels are dealt out to the texts at random.

    Args:
        measure: One of `MEASURES`.
        seen: Of W instructions.
        own: ``(N,)``.
        deals: How many random orders of the labels are averaged.
        seed: Of the orders.
    """
    generator = np.random.default_rng(seed)
    once = np.ones((1, len(own)))
    dealt = [generator.permutation(own) for _ in range(deals)]
    return float(np.mean([table(measure, seen, some, once) for some in dealt]))
