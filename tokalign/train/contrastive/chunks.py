"""Take the gradient of a loss over a batch that is encoded in pieces.

Pieces hold texts of like length, so hardly any padding is computed. Where a batch is too large for
its intermediate states to be kept, each piece is encoded twice, first without gradients and then,
when the gradient of the loss by its vectors is known, once more with them (GradCache, Gao et al.,
arXiv 2101.06983): the same gradient, in the memory of one piece, for a third more time. No dropout
may be in force, since both passes must be the same; the trainer keeps models in evaluation mode.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from tokalign.train.contrastive.losses import Contrast

Encode = Callable[[np.ndarray], torch.Tensor]
LossOf = Callable[[torch.Tensor], Contrast]


def backward(
    encode: Encode,
    pieces: Sequence[np.ndarray],
    loss_of: LossOf,
    *,
    cached: bool,
    scale: float = 1.0,
) -> Contrast:
    """Add the gradient of a loss to the parameters that the vectors depend on.

    Args:
        encode: From the numbers of some texts to their vectors ``(n, d)``, with gradients.
        pieces: A partition of the numbers of all N texts.
        loss_of: From all vectors ``(N, d)``, in the order of their numbers, to the loss.
        cached: Encode each piece twice and keep nothing in between.
        scale: By which the gradient is multiplied.

    Returns:
        The loss, detached, and the accuracy.

    >>> weight = torch.ones(1, requires_grad=True)
    >>> texts = torch.tensor([[1.0], [2.0], [3.0]])
    >>> def total(vectors): return Contrast((vectors**2).sum(), 0.0)
    >>> for cached in (False, True):
    ...     weight.grad = None
    ...     found = backward(lambda rows: texts[rows] * weight, [np.array([2]), np.array([0, 1])],
    ...                      total, cached=cached)
    ...     found.loss.item(), weight.grad.item()
    (14.0, 28.0)
    (14.0, 28.0)
    """
    order = torch.from_numpy(np.argsort(np.concatenate(pieces), kind="stable"))
    if not cached:
        found = loss_of(torch.cat([encode(piece) for piece in pieces])[order])
        (found.loss * scale).backward()  # type: ignore[no-untyped-call]
        return Contrast(found.loss.detach(), found.accuracy)
    with torch.no_grad():
        vectors = torch.cat([encode(piece) for piece in pieces])[order]
    vectors.requires_grad_()
    found = loss_of(vectors)
    (found.loss * scale).backward()  # type: ignore[no-untyped-call]
    slopes = vectors.grad
    assert slopes is not None
    for piece in pieces:
        # The gradient of this product by the parameters is the chain rule's.
        (encode(piece) * slopes[torch.from_numpy(piece)]).sum().backward()  # type: ignore[no-untyped-call]
    return Contrast(found.loss.detach(), found.accuracy)
