"""The tokens of one text that reach the top k while lambda moves over a range.

The logits are linear in lambda, so a text's tokens are straight lines ``intercept + lambda slope``.
The slopes are the same for every text (`constant_shift`); the intercepts are the text's logits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tokalign.embedders import Embeddings
from tokalign.errors import TokalignError
from tokalign.spectrum.adjustment import adjusted
from tokalign.spectrum.lines import entering
from tokalign.spectrum.reading import constant_shift, products, refuse_space
from tokalign.tokens import AlignedTokens, Head, decode


@dataclass(frozen=True)
class RangeTop:
    """The tokens of one text that enter the top k anywhere between two lambdas.

    Attributes:
        ids: ``(M,)`` int64, rising.
        intercepts: ``(M,)`` float64, logits at lambda 0.
        slopes: ``(M,)`` float64, logits for a step of 1 along u_1.
        low: The lowest lambda.
        high: The highest lambda.
        k: How many tokens stand at the top.
    """

    ids: np.ndarray
    intercepts: np.ndarray
    slopes: np.ndarray
    low: float
    high: float
    k: int

    def top(self, lam: float) -> AlignedTokens:
        """The top k at one lambda, ``(1, k)``; equal logits in the order of the ids.

        Raises:
            TokalignError: Lambda is outside the range, where other tokens may stand at the top.
        """
        if not self.low <= lam <= self.high:
            raise TokalignError(f"lambda {lam:g}; allowed: {self.low:g} to {self.high:g}")
        logits = self.intercepts + lam * self.slopes
        order = np.argsort(-logits, kind="stable")[: self.k]
        return AlignedTokens(
            self.ids[order][None].astype(np.int32), logits[order][None].astype(np.float32)
        )


def top_over_range(
    head: Head,
    h: Embeddings,
    u1: np.ndarray,
    lambdas: Sequence[float] | np.ndarray,
    k: int = 10,
    *,
    swapped: bool = False,
) -> RangeTop:
    """All tokens of one text that enter the top k for any lambda, on the grid or between.

    Args:
        head: A linear head.
        h: The vector of one text.
        u1: ``(d,)`` of length 1.
        lambdas: A grid over the range, or its two ends: only the ends matter.
        k: How many tokens stand at the top.
        swapped: See `Head.refuse`.

    Returns:
        The tokens as lines. For every real lambda in the range its top k is among them, those
        included that are level with the k-th; see `lines.entering` for the proof and for the few
        that may be there without need. This holds for the lines in float64. `decode` computes in
        float32, so where two tokens are level but for its rounding it may choose the other one.

    Raises:
        TokalignError: Not one text, fewer than two different lambdas or one that is not finite, k
            less than 1, or what `constant_shift` and `refuse_space` raise for.

    >>> import torch
    >>> from tokalign.embedders import Space
    >>> head = Head("x", torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 0.9]]), torch.arange(3), 2)
    >>> h = Embeddings(np.array([[0, 0.1]], "f"), Space("x", 2), np.ones(1, "f"), np.zeros(1, bool))
    >>> found = top_over_range(head, h, np.array([1.0, 0.0]), [-1, 1], k=1)
    >>> found.ids.tolist(), found.slopes.tolist()  # the third is first only about lambda = 0
    ([0, 1, 2], [1.0, -1.0, 0.0])
    """
    if len(h) != 1:
        raise TokalignError(f"{len(h)} texts; the lines of one text are drawn at a time")
    refuse_space(head, h.space, swapped=swapped)
    slopes = constant_shift(head, u1)
    intercepts = products(head, h.vectors[0])
    rows = entering(intercepts, slopes, lambdas, k)
    return RangeTop(
        ids=head.ids.cpu().numpy()[rows],
        intercepts=intercepts[rows],
        slopes=slopes[rows],
        low=float(np.min(lambdas)),
        high=float(np.max(lambdas)),
        k=min(k, len(head)),
    )


def missed(
    found: RangeTop, head: Head, h: Embeddings, u1: np.ndarray, lam: float, *, swapped: bool = False
) -> list[int]:
    """Check a range against direct decoding: the ids at the top at lambda that it lacks.

    Args:
        found: What `top_over_range` gave for the same head, vector and u_1.
        head: A linear head.
        h: The vector of one text.
        u1: ``(d,)`` of length 1.
        lam: Any lambda in the range.
        swapped: See `Head.refuse`.

    Returns:
        Token ids; none where all is well. Ids that are level with the k-th line but for the
        rounding of float32 do not count, since `decode` could have left them out as well.
    """
    lines = found.top(lam).logits[0]
    direct = decode(adjusted(h, u1, lam), head, found.k, swapped=swapped)
    # Rounding grows with the terms of the products, which the norms bound, not with their sum.
    length = float(np.linalg.norm(h.vectors.astype(np.float64))) + abs(lam)
    rows = np.flatnonzero(np.isin(head.ids.cpu().numpy(), direct.ids[0]))
    longest = float(head.matrix[rows].float().norm(dim=1).max()) * abs(head.scale)
    level = float(lines[-1]) + 64 * np.finfo(np.float32).eps * length * longest
    known = set(found.ids.tolist())
    pairs = zip(direct.ids[0].tolist(), direct.logits[0].tolist(), strict=True)
    return [token for token, logit in pairs if token not in known and logit > level]
