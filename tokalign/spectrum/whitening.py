"""Whitening: the covariance of the fitted vectors becomes the identity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.covariance import ledoit_wolf_shrinkage

from tokalign.errors import TokalignError
from tokalign.spectrum.direction import finite_matrix
from tokalign.spectrum.filters import Filter
from tokalign.tokens import Head


@dataclass(frozen=True)
class Whitening:
    """The mean is taken off, and every direction is brought to variance 1.

    The whitened vectors are turned back into the directions that they came from (ZCA), so that the
    head can read them; all cosines and lengths are those of the published form, which leaves them
    in the coordinates of the components.

    Attributes:
        shrinkage: s in ``(1 - s) covariance + s mean variance * identity``, 0 to 1. None: 0 where
            there are more vectors than dimensions; otherwise by Ledoit and Wolf, since directions
            in which the fitted vectors do not vary would blow up in all others.
        dims: Only so many directions of the largest variance are kept, the others become 0. None:
            all; with shrinkage 0, all in which the fitted vectors vary.
        name: As tables show it.

    Source: Su et al., arXiv 2103.15316; Ledoit and Wolf 2004 for the shrinkage. The covariance is
    divided by N.

    >>> fitted = Whitening().fit(np.array([[0.0, 0], [4, 0], [0, 2], [4, 2]]))
    >>> fitted.filter(np.array([[4.0, 2.0]])).tolist()
    [[1.0, 1.0]]
    """

    shrinkage: float | None = None
    dims: int | None = None
    name: str = "whitening"

    def fit(self, vectors: np.ndarray, head: Head | None = None) -> Filter:
        """See `Rival`.

        Raises:
            TokalignError: Fewer than two vectors, all the same, a shrinkage that is not within 0
                and 1, or dims that the vectors do not have.
        """
        matrix = finite_matrix(vectors, least=2)
        n, width = matrix.shape
        mean = matrix.mean(axis=0)
        centred = matrix - mean
        _, values, directions = np.linalg.svd(centred, full_matrices=False)
        # Rounding of the subtraction is no variance: the bound is by the vectors themselves.
        bound = np.finfo(np.float64).eps * max(n, width) * float(np.linalg.norm(matrix))
        rank = int((values > bound).sum())
        if not rank:
            raise TokalignError("vectors that are all the same have no variance to bring to 1")
        share = self._share(centred)
        variances = values**2 / n
        average = float(variances.sum()) / width
        dims = rank if self.dims is None else self.dims
        if not 1 <= dims <= rank:
            raise TokalignError(
                f"{dims} dimensions of vectors that vary in {rank} directions; allowed: 1 to {rank}"
            )
        kept = directions[:dims]
        factors = 1 / np.sqrt((1 - share) * variances[:dims] + share * average)
        whitened = (kept.T * factors) @ kept
        if share and self.dims is None:
            # Where the fitted vectors do not vary, shrinkage leaves the same variance everywhere.
            whitened += (np.eye(width) - kept.T @ kept) / np.sqrt(share * average)
            dims = width
        parameters = {"shrinkage": share, "dims": dims, "rank": rank}
        return Filter(self.name, parameters, width, offset=mean, matrix=whitened)

    def _share(self, centred: np.ndarray) -> float:
        n, width = centred.shape
        if self.shrinkage is None:
            if n > width:
                return 0.0
            return float(ledoit_wolf_shrinkage(centred, assume_centered=True))
        if not 0 <= self.shrinkage <= 1:
            raise TokalignError(f"shrinkage {self.shrinkage:g}; allowed: 0 to 1")
        return float(self.shrinkage)
