"""The contrastive loss: each anchor has to find its positive among all other texts of the batch.

InfoNCE (van den Oord et al., arXiv 1807.03748) on cosines, with in-batch negatives and, where the
examples have them, hard negatives, as in supervised SimCSE (arXiv 2104.08821).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn import functional


@dataclass(frozen=True)
class Contrast:
    """What a batch gave.

    Attributes:
        loss: A scalar, in nats.
        accuracy: Share of the anchors whose positive is the nearest candidate.
    """

    loss: torch.Tensor
    accuracy: float


def info_nce(
    anchors: torch.Tensor,
    candidates: torch.Tensor,
    *,
    temperature: float,
    weights: torch.Tensor | None = None,
    barred: torch.Tensor | None = None,
) -> Contrast:
    """Cross-entropy of each anchor's own positive among all candidates.

    Args:
        anchors: ``(B, d)``.
        candidates: ``(C, d)``, C at least B; candidate i is the positive of anchor i, those from B
            on are hard negatives.
        temperature: By which cosines are divided.
        weights: ``(B,)``, how much each anchor counts; all the same where it is None.
        barred: ``(B, C)`` bool, true where a candidate is no negative of an anchor, since it is
            the same text as its positive; see `same_texts`.

    Returns:
        Loss and accuracy.

    Raises:
        ValueError: Fewer candidates than anchors, or a temperature that is not above 0.

    >>> unit = torch.eye(3)
    >>> found = info_nce(unit, unit, temperature=0.01)
    >>> round(found.loss.item(), 6), found.accuracy
    (0.0, 1.0)
    """
    if len(candidates) < len(anchors):
        raise ValueError(f"{len(anchors)} anchors, but only {len(candidates)} candidates")
    if temperature <= 0:
        raise ValueError(f"temperature must be above 0, not {temperature}")
    cosines = functional.normalize(anchors, dim=-1) @ functional.normalize(candidates, dim=-1).T
    logits = cosines / temperature
    if barred is not None:
        logits = logits.masked_fill(barred, float("-inf"))
    aim = torch.arange(len(anchors), device=anchors.device)
    each = functional.cross_entropy(logits, aim, reduction="none")
    loss = each.mean() if weights is None else (each * weights).sum() / weights.sum()
    hits = logits.detach().argmax(dim=1) == aim
    return Contrast(loss, float(hits.float().mean()))


def same_texts(positives: Sequence[str], candidates: Sequence[str]) -> torch.Tensor:
    """Where a candidate is the same text as another anchor's positive.

    Args:
        positives: B texts.
        candidates: C texts, of which the first B are the positives themselves.

    Returns:
        ``(B, C)`` bool, false at every anchor's own positive.

    >>> same_texts(["a", "b", "a"], ["a", "b", "a", "b"]).int().tolist()
    [[0, 0, 1, 0], [0, 0, 0, 1], [1, 0, 0, 0]]
    """
    numbers: dict[str, int] = {}
    ids = torch.tensor([numbers.setdefault(text, len(numbers)) for text in candidates])
    same = ids[: len(positives), None] == ids[None, :]
    place = torch.arange(len(positives))
    same[place, place] = False
    return same
