"""What a linear head reads in vectors and directions, and vectors that have been changed.

Only where logits are a product with the head's matrix does a part of a vector have a part of each
logit, and only there does a step along a direction change each logit at a constant rate.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from tokalign.embedders import Embeddings, Space
from tokalign.errors import TokalignError
from tokalign.spectrum.direction import finite_matrix, unit_direction
from tokalign.tokens import Head

#: Rows of the matrix that are brought to float64 at a time: 64 MiB at d = 4,096.
_ROWS = 2048


def refuse_nonlinear(head: Head) -> None:
    """Raise unless a logit is a plain product with the head's matrix.

    Raises:
        TokalignError: The head has a bias, a transform or a soft cap.
    """
    if head.linear:
        return
    has = (("bias", head.bias), ("transform", head.transform), ("soft cap", head.soft_cap))
    named = " and a ".join(name for name, part in has if part is not None)
    raise TokalignError(
        f"{head.name} of {head.owner} is not linear: it has a {named}, so no part of a logit "
        "belongs to a direction; allowed: a head without bias, transform and soft cap"
    )


def refuse_space(head: Head, space: Space, *, swapped: bool = False) -> None:
    """Raise unless the head multiplies these very vectors by its matrix.

    Args:
        head: A head.
        space: Where the vectors come from.
        swapped: See `Head.refuse`.

    Raises:
        TokalignError: The head is not linear, refuses the vectors, or a projection is still to
            come, so that u_1 would be a direction of another space.
    """
    refuse_nonlinear(head)
    head.refuse(space, swapped=swapped)
    if space.place != "final":
        raise TokalignError(
            f"vectors of place {space.place!r} are still to be projected before {head.name} of "
            f"{head.owner} reads them; allowed: final"
        )


def products(head: Head, vector: np.ndarray) -> np.ndarray:
    """The logits of one vector of the head's own space, in float64.

    Args:
        head: A linear head.
        vector: ``(d,)``.

    Returns:
        ``(V,)`` float64, one for each row of the head.

    Raises:
        TokalignError: The head is not linear.

    >>> head = Head("x", torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.arange(2), 2)
    >>> products(head, np.array([3.0, 4.0])).tolist()
    [3.0, 8.0]
    """
    refuse_nonlinear(head)
    given = torch.from_numpy(np.array(vector, dtype=np.float64)).to(head.matrix.device)
    made = np.empty(len(head))
    with torch.inference_mode():
        for start in range(0, len(head), _ROWS):
            rows = slice(start, start + _ROWS)
            made[rows] = (head.matrix[rows].double() @ given).cpu().numpy()
    return made * head.scale


def constant_shift(head: Head, u1: np.ndarray) -> np.ndarray:
    """``E_g u_1``: what a step of 1 along u_1 adds to each logit of every text.

    It does not depend on the text. So ``h + lambda u_1`` has the logits ``l + lambda E_g u_1``:
    for every text the same constant is added to a token, as if the head had got a bias.

    Args:
        head: A linear head.
        u1: ``(d,)`` of length 1.

    Returns:
        ``(V,)`` float64, logits for a step of 1.

    Raises:
        TokalignError: The head is not linear, or the direction not of its width or length 1.

    >>> head = Head("x", torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.arange(2), 2)
    >>> constant_shift(head, np.array([0.0, 1.0])).tolist()
    [0.0, 2.0]
    """
    return products(head, unit_direction(u1, head.matrix.shape[1]))


def replaced(embeddings: Embeddings, vectors: np.ndarray) -> Embeddings:
    """The same texts with other vectors of the same space.

    Where the vectors had been brought to length 1, `norms` still hold the lengths from before, so
    that `Embeddings.unnormalised` scales a changed vector as it would have scaled the old one.

    Args:
        embeddings: N texts.
        vectors: ``(N, d)``, finite.

    Raises:
        TokalignError: Another shape, or numbers that are not finite.

    >>> old = Embeddings(np.ones((1, 2), "f"), Space("x", 2), np.ones(1, "f"), np.zeros(1, bool))
    >>> replaced(old, np.array([[3.0, 4.0]])).norms.tolist()
    [5.0]
    """
    matrix = finite_matrix(vectors, least=0)
    if matrix.shape != embeddings.vectors.shape:
        raise TokalignError(
            f"vectors of shape {matrix.shape} in the place of {embeddings.vectors.shape}; the same "
            "shape is needed"
        )
    norms = embeddings.norms
    if not embeddings.space.normalised:
        norms = np.linalg.norm(matrix, axis=1).astype(np.float32)
    return replace(embeddings, vectors=matrix.astype(np.float32), norms=norms)
