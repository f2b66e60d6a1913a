"""The filter by the head's own spectrum: no text is needed to fit it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from tokalign.errors import TokalignError
from tokalign.spectrum.filters import Filter
from tokalign.tokens import Head

_ROWS = 2048


def head_directions(head: Head) -> tuple[np.ndarray, np.ndarray]:
    """Singular values and right singular vectors of the head's matrix, the largest first.

    By the Gram matrix ``E^T E`` in float64, a tile of rows at a time, since the matrix itself may
    be too large to be taken apart.

    Args:
        head: A head without transform; bias and soft cap do not matter here.

    Returns:
        ``(d,)`` singular values and ``(d, d)`` orthonormal rows, float64. Values below 1e-8 of the
        largest are rounding.

    Raises:
        TokalignError: The head transforms a vector before its matrix, so that the directions are
            not those of the vectors.

    >>> head = Head("x", torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.arange(2), 2)
    >>> values, directions = head_directions(head)
    >>> values.round(3).tolist(), np.abs(directions).tolist()
    ([2.0, 1.0], [[0.0, 1.0], [1.0, 0.0]])
    """
    if head.transform is not None:
        raise TokalignError(
            f"{head.name} of {head.owner} transforms vectors before its matrix, whose directions "
            "are of another space then; allowed: a head without transform"
        )
    width = head.matrix.shape[1]
    gram = torch.zeros((width, width), dtype=torch.float64, device=head.matrix.device)
    with torch.inference_mode():
        for start in range(0, len(head), _ROWS):
            rows = head.matrix[start : start + _ROWS].double()
            gram += rows.T @ rows
    values, vectors = np.linalg.eigh(gram.cpu().numpy())
    return np.sqrt(np.maximum(values[::-1], 0)), np.ascontiguousarray(vectors.T[::-1])


@dataclass(frozen=True)
class HeadSpectrum:
    """Vectors are projected on d / tau of the head's right singular vectors.

    The published form keeps the d / tau coordinates; here they are turned back to width d, which
    leaves lengths and cosines as they are, so that the head can read them.

    Attributes:
        part: ``middle`` cuts both edges of the spectrum, the larger singular values by the smaller
            half where the number to be cut is odd; ``top`` keeps the largest.
        tau: At least 1; at 1 nothing is cut.
        label: Its name in tables; by `part` where it is None.

    Source: EmbedFilter, arXiv 2606.07502, for the middle; a replication of it for the top. Our own
    reading of the description: no centring, d / tau rounded down.

    >>> head = Head("x", torch.diag(torch.tensor([4.0, 3.0, 2.0, 1.0])), torch.arange(4), 4)
    >>> HeadSpectrum().fit(np.ones((1, 4)), head).filter(np.ones((1, 4))).tolist()
    [[0.0, 1.0, 1.0, 0.0]]
    """

    part: Literal["middle", "top"] = "middle"
    tau: float = 2.0
    label: str | None = None

    @property
    def name(self) -> str:
        """As tables show it."""
        return self.label or ("EmbedFilter" if self.part == "middle" else "EmbedFilter, top kept")

    def fit(self, vectors: np.ndarray, head: Head | None = None) -> Filter:
        """See `Rival`; the vectors are not looked at.

        Raises:
            TokalignError: There is no head or it has a transform, the part is unknown, or tau is
                not within 1 and d.
        """
        if head is None:
            raise TokalignError(f"{self.name} is fitted on a head; give the head of the backbone")
        if self.part not in ("middle", "top"):
            raise TokalignError(f"unknown part {self.part!r} of a spectrum; allowed: middle, top")
        width = head.matrix.shape[1]
        if not 1 <= self.tau <= width:
            raise TokalignError(f"tau {self.tau:g}; allowed: 1 to {width}, the width of the head")
        _, directions = head_directions(head)
        kept = int(width / self.tau)
        start = (width - kept) // 2 if self.part == "middle" else 0
        chosen = directions[start : start + kept]
        parameters = {"part": self.part, "tau": self.tau, "kept": kept}
        return Filter(self.name, parameters, width, matrix=chosen.T @ chosen)
