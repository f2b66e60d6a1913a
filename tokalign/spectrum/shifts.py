"""Filters that add the same vector to every text: lambda u_1, and its random control."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from tokalign.errors import TokalignError
from tokalign.spectrum.direction import finite_matrix, first_direction
from tokalign.spectrum.filters import Filter, Parameters
from tokalign.tokens import Head


@dataclass(frozen=True)
class AddFirst:
    """lambda u_1 is added, u_1 and lambda both from the fitted vectors.

    Where lambda comes from, the first of these that is given:

    Attributes:
        lam: lambda itself.
        embedder: ``(N, d)`` an embedder's vectors of the fitted texts: lambda is ``v_1``, the mean
            change along u_1, as in the paper.
        score: What tells how good filtered vectors ``(N, d)`` of the fitted texts are, more being
            better: lambda is the best of `lambdas`, the first of equal ones.
        lambdas: Used with `score` only.
        name: As tables show it.

    With none of them lambda is ``-mean(h . u_1)``: it takes the mean along u_1 off, for which no
    embedder is needed.

    Source: arXiv 2406.17378 for v_1.

    >>> fitted = AddFirst().fit(np.array([[2.0, 0], [4, 0]]))
    >>> fitted.parameters["lambda"], fitted.filter(np.array([[5.0, 1]])).tolist()
    (-3.0, [[2.0, 1.0]])
    """

    lam: float | None = None
    embedder: np.ndarray | None = field(default=None, repr=False)
    score: Callable[[np.ndarray], float] | None = None
    lambdas: Sequence[float] = ()
    name: str = "lambda u_1"

    def fit(self, vectors: np.ndarray, head: Head | None = None) -> Filter:
        """See `Rival`.

        Raises:
            TokalignError: The embedder's vectors are not of the same texts and width, there is a
                score but no lambdas, every score is NaN, or lambda is not finite.
        """
        matrix = finite_matrix(vectors)
        unit = first_direction(matrix)
        lam, source = self._lambda(matrix, unit)
        if not np.isfinite(lam):
            raise TokalignError(f"lambda {lam}; a finite number is needed")
        parameters: Parameters = {"lambda": float(lam), "lambda_from": source}
        return Filter(self.name, parameters, len(unit), added=lam * unit)

    def _lambda(self, matrix: np.ndarray, unit: np.ndarray) -> tuple[float, str]:
        if self.lam is not None:
            return self.lam, "given"
        if self.embedder is not None:
            changed = finite_matrix(self.embedder)
            if changed.shape != matrix.shape:
                raise TokalignError(
                    f"an embedder's vectors of shape {changed.shape} for fitted ones of "
                    f"{matrix.shape}; the same texts and width are needed"
                )
            return float(((changed - matrix) @ unit).mean()), "v_1"
        if self.score is None:
            return -float((matrix @ unit).mean()), "-mean(h . u_1)"
        if not len(self.lambdas):
            raise TokalignError("a score but no lambdas to choose from; at least one is needed")
        scores = [
            float(self.score((matrix + lam * unit).astype(np.float32))) for lam in self.lambdas
        ]
        if np.isnan(scores).all():
            raise TokalignError("the score is NaN for every lambda; a number is needed for one")
        return float(self.lambdas[int(np.nanargmax(scores))]), "score"


@dataclass(frozen=True)
class AddRandom:
    """The control: a random direction, as long as lambda u_1 is.

    Attributes:
        seed: Of the direction, uniform over the sphere.
        length: |lambda|; that of `AddFirst` without an embedder, |mean(h . u_1)|, where it is None.
        name: As tables show it.

    >>> fitted = AddRandom(seed=1).fit(np.array([[2.0, 0], [4, 0]]))
    >>> round(float(np.linalg.norm(fitted.filter(np.zeros((1, 2))))), 5)
    3.0
    """

    seed: int = 0
    length: float | None = None
    name: str = "random direction"

    def fit(self, vectors: np.ndarray, head: Head | None = None) -> Filter:
        """See `Rival`.

        Raises:
            TokalignError: The length is negative or not finite.
        """
        matrix = finite_matrix(vectors)
        length = self.length
        if length is None:
            length = abs(float((matrix @ first_direction(matrix)).mean()))
        if not 0 <= length < np.inf:
            raise TokalignError(f"length {length:g}; a finite number, not negative, is needed")
        drawn = np.random.default_rng(self.seed).standard_normal((matrix.shape[1],))
        added = drawn * (length / float(np.linalg.norm(drawn)))
        parameters = {"seed": self.seed, "length": float(length)}
        return Filter(self.name, parameters, len(drawn), added=added)
