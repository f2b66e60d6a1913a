"""Does a change of meaning weigh more than the loss of a word? A yardstick within one embedder.

Nearly every word of a minimal pair stays, so any embedder puts it near; by how much it could set it
apart differs from embedder to embedder. Here the distance that the change makes is held against
the distances that leaving out one of the other content words makes. Half of them are below it where
the change weighs as much as any content word.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from tokalign.pairs.estimates import Estimate, Statistic, estimates, weighted_mean
from tokalign.pairs.marked import CHANGED_KINDS, kind_masks

#: Kinds in which the second text denies the first.
CONTRADICTIONS = ("negation", "antonym")
#: What these are called together.
CONTRADICTION = "contradiction"
#: Where a change weighs as much as a content word that is left out.
AS_ANY_WORD = 0.5
_AVERAGED = ("distance", "lost", "further")


def change_weights(effects: pd.DataFrame) -> pd.DataFrame:
    """Each change beside the losses of the other content words of its pair.

    Args:
        effects: `word_effects`.

    Returns:
        One row a pair of `CHANGED_KINDS` that has other content words: ``pair``, ``kind``,
        ``group``; ``distance``, 1 less the cosine of the pair; ``lost``, the mean distance that
        leaving out one of the other content words of either text puts between the text and itself;
        ``words``, how many these are; and ``further``, the share of them that moves the text less
        than the change does, ties counted half.

    >>> effects = pd.DataFrame({"pair": 0, "kind": "negation", "group": 0, "cosine": 0.7,
    ...                         "moved": [0.9, 0.1, 0.4], "changed": [True, False, False],
    ...                         "content": True})
    >>> change_weights(effects)[["distance", "lost", "further"]].round(2).values.tolist()
    [[0.3, 0.25, 0.5]]
    """
    others = effects[
        ~effects["changed"].astype(bool)
        & effects["content"].astype(bool)
        & effects["kind"].isin(CHANGED_KINDS)
    ]
    rows = []
    for pair, here in others.groupby("pair", sort=True):
        distance = 1 - float(here["cosine"].iloc[0])
        less = (np.sign(distance - here["moved"].to_numpy(dtype=float)) + 1) / 2
        rows.append(
            {"pair": pair, "kind": here["kind"].iloc[0], "group": here["group"].iloc[0],
             "distance": distance, "lost": float(here["moved"].mean()), "words": len(here),
             "further": float(less.mean())}
        )  # fmt: skip
    names = ["pair", "kind", "group", "distance", "lost", "words", "further"]
    return pd.DataFrame(rows, columns=names)


def weight_estimates(effects: pd.DataFrame, seed: int = 0) -> dict[tuple[str, str], Estimate]:
    """How much the changes of each kind weigh.

    Args:
        effects: `word_effects`.
        seed: Of the draws.

    Returns:
        ``(kind, quantity)`` -> estimate, drawn by groups of pairs: ``further``, the mean of
        `change_weights`, and ``times a word``, the mean ``distance`` over the mean ``lost``. Last
        `CONTRADICTION` for `CONTRADICTIONS` together, where both are there, and all kinds together
        as `kind_masks` names them.
    """
    weights = change_weights(effects)
    masks = kind_masks(weights["kind"])
    if all(kind in masks for kind in CONTRADICTIONS):
        masks[CONTRADICTION] = np.any([masks[kind] for kind in CONTRADICTIONS], axis=0)
    found: dict[tuple[str, str], Estimate] = {}
    for kind, mask in masks.items():
        here = weights[mask]
        wanted: dict[str, Statistic] = {
            name: partial(weighted_mean, here[name].to_numpy()) for name in _AVERAGED
        }
        means = estimates(wanted, here["group"].to_numpy(), seed)
        found[kind, "further"] = means["further"]
        found[kind, "times a word"] = means["distance"] / means["lost"]
    return found


def weight_table(effects: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """`weight_estimates` as a frame.

    Returns:
        One row for each ``kind`` and ``quantity``: ``n`` pairs, ``value``, ``low``, ``high`` (95 %)
        and ``chance``, where the change weighs as much as any other content word.
    """
    counts = change_weights(effects)["kind"].value_counts()
    together = {CONTRADICTION: CONTRADICTIONS}
    rows = []
    for (kind, quantity), found in weight_estimates(effects, seed).items():
        kinds = (kind,) if kind in counts else together.get(kind, CHANGED_KINDS)
        rows.append({"kind": kind, "quantity": quantity,
                     "n": int(sum(counts.get(one, 0) for one in kinds)), **vars(found.interval()),
                     "chance": AS_ANY_WORD if quantity == "further" else 1.0})  # fmt: skip
    return pd.DataFrame(rows)
