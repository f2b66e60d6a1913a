"""Vectors that know where in the network they come from, so that no head decodes them wrongly."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Space:
    """Where vectors come from, and what they may be decoded by.

    Attributes:
        head_owner: The checkpoint whose head reads these vectors.
        width: Their dimension d.
        place: ``final`` after the last layer and all that follows it in the body (final norm,
            OPT's output projection); ``layer j`` after layer j, before any final norm;
            ``before projection`` where OPT's output projection is still to come.
        pooling: How token states were pooled; ``none`` for single token states.
        normalised: Whether each vector was brought to length 1.
    """

    head_owner: str
    width: int
    place: str = "final"
    pooling: str = "none"
    normalised: bool = False


@dataclass(frozen=True)
class Embeddings:
    """The vectors of N texts.

    Attributes:
        vectors: ``(N, d)`` float32.
        space: Where they come from.
        norms: ``(N,)`` float32, the lengths before normalisation.
        truncated: ``(N,)`` bool, whether the text was longer than the model takes.
    """

    vectors: np.ndarray
    space: Space
    norms: np.ndarray
    truncated: np.ndarray

    def __post_init__(self) -> None:
        if self.vectors.ndim != 2 or self.vectors.shape[1] != self.space.width:
            raise ValueError(f"vectors {self.vectors.shape} do not fit width {self.space.width}")

    def __len__(self) -> int:
        return len(self.vectors)

    def select(self, texts: np.ndarray) -> Embeddings:
        """The vectors of some of the texts, in the order of their indices ``(M,)``."""
        return replace(
            self,
            vectors=self.vectors[texts],
            norms=self.norms[texts],
            truncated=self.truncated[texts],
        )

    def unnormalised(self) -> Embeddings:
        """The same vectors at the length that they had before normalisation.

        >>> import numpy as np
        >>> unit = Embeddings(np.array([[0.6, 0.8]], "f"), Space("x", 2, normalised=True),
        ...                   np.array([5.0], "f"), np.array([False]))
        >>> unit.unnormalised().vectors.round(3).tolist()
        [[3.0, 4.0]]
        """
        if not self.space.normalised:
            return self
        return replace(
            self,
            vectors=self.vectors * self.norms[:, None],
            space=replace(self.space, normalised=False),
        )
