"""Does the word of a text's label rise when its facet is asked for? A difference in differences.

The first difference: the text's own label against the other labels of the same facet, so that what
lifts all of them alike (an instruction that speaks of feelings lifts all feelings) does not count.
The second: under an instruction that asks for the facet against one that does not.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tokalign.errors import TokalignError


def centred(scores: np.ndarray) -> np.ndarray:
    """Scores with each label's mean over the texts taken off.

    Under some instruction a label may stand high whatever the text says. Centred, that is gone,
    and a constant added to a label's score in all texts changes nothing. The mean contrast is the
    same with and without it where every label has as many texts; where all have the same label it
    is 0, since nothing then tells a label that fits from one that always stands high.

    Args:
        scores: ``(..., N, L)``.

    >>> centred(np.array([[5.0, 0.0], [7.0, 0.0]])).tolist()
    [[-1.0, 0.0], [1.0, 0.0]]
    """
    return np.asarray(scores - scores.mean(axis=-2, keepdims=True))


def contrasts(scores: np.ndarray, own: np.ndarray) -> np.ndarray:
    """How far a text's own label stands above the mean of its facet's other labels.

    Args:
        scores: ``(..., N, L)``, `label_scores`, centred or as they are.
        own: ``(N,)``, which label is the text's.

    Returns:
        ``(..., N)``.

    Raises:
        TokalignError: The facet has one label, or a text has none of its labels.

    >>> contrasts(np.array([[5.0, 1.0, 3.0]]), np.array([0])).tolist()
    [3.0]
    """
    labels = scores.shape[-1]
    if labels < 2 or not ((own >= 0) & (own < labels)).all():
        raise TokalignError(
            f"{labels} labels and own ones from {own.min()} to {own.max()}; two or more labels, "
            "and one of them for each text, are needed"
        )
    mine = scores[..., np.arange(len(own)), own]
    others = (scores.sum(axis=-1) - mine) / (labels - 1)
    return np.asarray(mine - others)


def spread_of_labels(scores: Sequence[np.ndarray]) -> float:
    """The unit in which contrasts are told: how far a text's label scores lie apart.

    The square root of the mean variance over the labels, over all texts and instructions: one
    number for a facet, so that differences between instructions stay differences of logits, and
    embedders with logits of other sizes can be compared.

    Args:
        scores: ``(N, L)`` for each instruction, centred.

    Raises:
        TokalignError: All scores are the same.

    >>> spread_of_labels([np.array([[1.0, 3.0], [0.0, 2.0]])])
    1.0
    """
    spread = float(np.sqrt(np.mean([table.var(axis=-1).mean() for table in scores])))
    if not spread:
        raise TokalignError("all labels of the facet have the same score in every text")
    return spread


def own_is_highest(scores: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Whether a text's own label is the highest of its facet's labels.

    By chance one in L is, L the number of labels.

    Args:
        scores: ``(..., N, L)``.
        own: ``(N,)``.

    Returns:
        ``(..., N)``: 1 or 0; ``1 / m`` where it shares the highest place with others, m in all.

    >>> own_is_highest(np.array([[2.0, 2.0, 1.0], [0.0, 1.0, 2.0]]), np.array([0, 2])).tolist()
    [0.5, 1.0]
    """
    best = scores == scores.max(axis=-1, keepdims=True)
    return np.asarray(best[..., np.arange(len(own)), own] / best.sum(axis=-1))


def rise(asked: np.ndarray, control: np.ndarray, own: np.ndarray, unit: float = 1.0) -> np.ndarray:
    """The difference in differences of every text under every wording.

    Args:
        asked: ``(W, N, L)`` scores under the wordings that ask for the facet.
        control: ``(W', N, L)`` under what does not: instructions for another facet, an empty one,
            an irrelevant one.
        own: ``(N,)``, which label is the text's.
        unit: See `spread_of_labels`.

    Returns:
        ``(N, W)``: `contrasts` of centred scores, the control's mean over its wordings taken off.

    >>> asked, empty = np.array([[[3.0, 0.0], [1.0, 2.0]]]), np.array([[[1.0, 0.0], [1.0, 0.0]]])
    >>> rise(asked, empty, np.array([0, 1])).tolist()
    [[2.0], [2.0]]
    """
    first, second = (contrasts(centred(side), own) for side in (asked, control))
    return np.asarray((first - second.mean(axis=0)).T / unit)
