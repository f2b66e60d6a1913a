"""The numbers by which claims about the first component are judged, with their intervals.

u_1 comes from one half of the texts, everything else from the other half.
"""

from __future__ import annotations

import numpy as np

from tokalign.measures import VectorOverlap
from tokalign.measures.intervals import LEVEL, RESAMPLES
from tokalign.measures.paired import paired_difference
from tokalign.spectrum.adjustment import adjusted
from tokalign.spectrum.comparison import Comparison
from tokalign.spectrum.reading import constant_shift
from tokalign.tokens import VocabularyForms

Quantity = dict[str, float | None]


def first_component_quantities(
    comparison: Comparison, overlap: VectorOverlap, *, k: int = 10, seed: int = 0
) -> dict[str, Quantity]:
    """What the claims of chapter 2 ask of a pair.

    Args:
        comparison: A backbone and an embedder.
        overlap: Of the texts of the scored half, in their order.
        k: How many tokens u_1 is asked for.
        seed: Of the bootstrap.

    Returns:
        Quantity -> ``value``, ``low``, ``high`` (95 %, bootstrap over texts), and levels:

        - ``v1``, and ``v1_over_m1`` with the level ``zero``;
        - ``share_of_shift``: of the squared mean change, on u_1;
        - ``written_without_content``: the share without content among the k tokens that u_1 writes,
          with the level ``vocabulary``, the same share of all tokens; it depends on no text, so
          its bounds are the value;
        - ``adjusted_gain``: how many more texts have a content word among their first tokens with
          lambda = -m_1 than with 0, with the level ``zero``.

        Without a backbone those that concern the change have no value.
    """
    h = comparison.h.select(comparison.scored)
    changed = comparison.changed.select(comparison.scored)
    before = overlap.per_text(h, comparison.head)["raw_hit"]
    moved = overlap.per_text(adjusted(h, comparison.u1, -comparison.m1), comparison.head)["raw_hit"]
    there = before.notna()
    gain = paired_difference(moved[there].to_numpy(), before[there].to_numpy(), seed)
    found: dict[str, Quantity] = {
        "written_without_content": _written(comparison, k),
        "adjusted_gain": {**vars(gain), "zero": 0.0},
    }
    if comparison.backbone is None:
        nothing: Quantity = dict.fromkeys(("value", "low", "high"))
        change = dict.fromkeys(("v1", "share_of_shift"), nothing)
        return found | change | {"v1_over_m1": {**nothing, "zero": 0.0}}
    shift = changed.vectors.astype(np.float64) - h.vectors
    drawn = _resampled_means(shift, seed)
    along, mean = drawn @ comparison.u1, shift.mean(axis=0)
    v1 = float(mean @ comparison.u1)
    first = _bounds(v1, along)
    return found | {
        "v1": first,
        "v1_over_m1": {
            **{name: float(value or 0) / comparison.m1 for name, value in first.items()},
            "zero": 0.0,
        },
        "share_of_shift": _bounds(v1**2 / float(mean @ mean), along**2 / (drawn**2).sum(axis=1)),
    }


def _written(comparison: Comparison, k: int) -> Quantity:
    ids = comparison.head.ids.cpu().numpy()
    empty = VocabularyForms.from_tokenizer(comparison.embedder.tokenizer).of[ids] < 0
    best = np.argsort(-constant_shift(comparison.head, comparison.u1), kind="stable")[:k]
    share = float(empty[best].mean())
    return {"value": share, "low": share, "high": share, "vocabulary": float(empty.mean())}


def _resampled_means(vectors: np.ndarray, seed: int) -> np.ndarray:
    """Means of resampled rows, ``(R, d)``."""
    n = len(vectors)
    generator = np.random.default_rng(seed)
    counts = generator.multinomial(n, np.full(n, 1 / n), size=RESAMPLES)
    made: np.ndarray = counts @ vectors / n
    return made


def _bounds(value: float, drawn: np.ndarray) -> Quantity:
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return {"value": value, "low": min(float(low), value), "high": max(float(high), value)}
