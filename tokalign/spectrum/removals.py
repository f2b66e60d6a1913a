"""Filters that take something off: the mean, u_1, the first components, or nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import PCA

from tokalign.errors import TokalignError
from tokalign.spectrum.direction import finite_matrix, first_direction
from tokalign.spectrum.filters import Filter
from tokalign.tokens import Head


@dataclass(frozen=True)
class Identity:
    """Nothing is done: the backbone as it is."""

    name: str = "identity"

    def fit(self, vectors: np.ndarray, head: Head | None = None) -> Filter:
        """See `Rival`."""
        return Filter(self.name, {}, finite_matrix(vectors).shape[1])


@dataclass(frozen=True)
class MeanSubtraction:
    """The mean of the fitted vectors is taken off.

    >>> MeanSubtraction().fit(np.array([[1.0, 2], [3, 2]])).filter(np.array([[2.0, 3]])).tolist()
    [[0.0, 1.0]]
    """

    name: str = "mean subtraction"

    def fit(self, vectors: np.ndarray, head: Head | None = None) -> Filter:
        """See `Rival`."""
        matrix = finite_matrix(vectors)
        return Filter(self.name, {}, matrix.shape[1], offset=matrix.mean(axis=0))


@dataclass(frozen=True)
class RemoveFirst:
    """u_1 of the uncentred fitted vectors is projected out: each text gets a lambda of its own.

    >>> RemoveFirst().fit(np.array([[2.0, 0], [3, 0]])).filter(np.array([[5.0, 3]])).tolist()
    [[0.0, 3.0]]
    """

    name: str = "removal of u_1"

    def fit(self, vectors: np.ndarray, head: Head | None = None) -> Filter:
        """See `Rival`."""
        unit = first_direction(vectors)
        return Filter(self.name, {}, len(unit), removed=unit[None])


@dataclass(frozen=True)
class AllButTheTop:
    """The first principal components of the centred fitted vectors are projected out.

    Attributes:
        removed: D, how many; d / 100, at least 1, where it is None, as its authors advise.
        keep_mean: Put the mean back, so that only the directions of most variance go.
        name: As tables show it.

    Source: Mu, Bhat and Viswanath, arXiv 1702.01417, where the mean goes too.

    >>> fitted = AllButTheTop(removed=1).fit(np.array([[0.0, 2], [4, 2], [8, 2.5]]))
    >>> bool(np.abs(fitted.filter(np.array([[9.0, 2.2]]))).max() < 0.5)
    True
    """

    removed: int | None = None
    keep_mean: bool = False
    name: str = "all-but-the-top"

    def fit(self, vectors: np.ndarray, head: Head | None = None) -> Filter:
        """See `Rival`.

        Raises:
            TokalignError: Fewer than two vectors, or D is not within 1 and min(N - 1, d).
        """
        matrix = finite_matrix(vectors, least=2)
        n, width = matrix.shape
        count = max(1, round(width / 100)) if self.removed is None else self.removed
        if not 1 <= count <= min(n - 1, width):
            raise TokalignError(
                f"{count} components of {n} vectors of width {width}; allowed: 1 to "
                f"{min(n - 1, width)}"
            )
        # The default solver draws at random for large matrices.
        pca = PCA(count, svd_solver="full").fit(matrix)
        return Filter(
            self.name, {"removed": count, "keep_mean": int(self.keep_mean)}, width,
            offset=pca.mean_, removed=pca.components_, added=pca.mean_ if self.keep_mean else None,
        )  # fmt: skip
