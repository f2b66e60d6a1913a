"""A filter: what is done to every vector alike, and the rivals from which filters are fitted.

Every rival of the adjustment by lambda u_1 is fitted on some vectors (or on the head) and then
applied to others. A filter leaves the width as it is, so that the head can read what it gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from tokalign.embedders import Embeddings
from tokalign.errors import TokalignError
from tokalign.spectrum.direction import finite_matrix
from tokalign.spectrum.reading import replaced
from tokalign.tokens import Head

Parameters = Mapping[str, "float | int | str"]


@dataclass(frozen=True)
class Filter:
    """``x -> (x - offset) without some directions, times a matrix, + added``; None leaves out.

    Attributes:
        name: Whose filter it is, as tables show it.
        parameters: What was set and what was fitted, as numbers and words.
        width: d.
        offset: ``(d,)``.
        removed: ``(r, d)`` orthonormal rows.
        matrix: ``(d, d)``, by which a row is multiplied from the right.
        added: ``(d,)``.
    """

    name: str
    parameters: Parameters
    width: int
    offset: np.ndarray | None = field(default=None, repr=False)
    removed: np.ndarray | None = field(default=None, repr=False)
    matrix: np.ndarray | None = field(default=None, repr=False)
    added: np.ndarray | None = field(default=None, repr=False)

    def filter(self, vectors: np.ndarray) -> np.ndarray:
        """Filter vectors, computed in float64.

        Args:
            vectors: ``(M, d)``, none of them needed for the fit.

        Returns:
            ``(M, d)`` float32.

        Raises:
            TokalignError: Another width, or numbers that are not finite.

        >>> Filter("shift", {}, 2, offset=np.array([1.0, 0.0])).filter(np.ones((1, 2))).tolist()
        [[0.0, 1.0]]
        """
        made = finite_matrix(vectors, least=0)
        if made.shape[1] != self.width:
            raise TokalignError(
                f"vectors of width {made.shape[1]} do not fit the filter {self.name!r}, which was "
                f"fitted on width {self.width}"
            )
        if self.offset is not None:
            made = made - self.offset
        if self.removed is not None:
            made = made - (made @ self.removed.T) @ self.removed
        if self.matrix is not None:
            made = made @ self.matrix
        if self.added is not None:
            made = made + self.added
        return made.astype(np.float32)

    def embeddings(self, embeddings: Embeddings) -> Embeddings:
        """`filter` for embeddings, which stay in their space, for `decode`."""
        return replaced(embeddings, self.filter(embeddings.vectors))


class Rival(Protocol):
    """Something that a filter can be fitted from."""

    @property
    def name(self) -> str:
        """As tables show it."""

    def fit(self, vectors: np.ndarray, head: Head | None = None) -> Filter:
        """Fit on vectors ``(N, d)`` that are scored nowhere; some need the head instead."""
