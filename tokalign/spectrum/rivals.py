"""The rivals under one roof: everything that is compared with lambda u_1."""

from __future__ import annotations

import numpy as np

from tokalign.spectrum.filters import Rival
from tokalign.spectrum.headfilter import HeadSpectrum
from tokalign.spectrum.removals import AllButTheTop, Identity, MeanSubtraction, RemoveFirst
from tokalign.spectrum.shifts import AddFirst, AddRandom
from tokalign.spectrum.whitening import Whitening


def rivals(*, seed: int = 0, embedder: np.ndarray | None = None, tau: float = 2.0) -> list[Rival]:
    """One of each, in the order of a table.

    Args:
        seed: Of the random direction.
        embedder: ``(N, d)`` an embedder's vectors of the texts to be fitted on, for v_1 as lambda;
            without them lambda is ``-mean(h . u_1)``. The random direction has the length of the
            latter in both cases: give `AddRandom` a length for any other.
        tau: Of the filters by the head's spectrum.

    >>> [rival.name for rival in rivals()][:4]
    ['identity', 'mean subtraction', 'removal of u_1', 'lambda u_1']
    """
    return [
        Identity(),
        MeanSubtraction(),
        RemoveFirst(),
        AddFirst(embedder=embedder),
        AddRandom(seed=seed),
        AllButTheTop(removed=1, keep_mean=True, name="centred PCA"),
        AllButTheTop(),
        Whitening(),
        HeadSpectrum("middle", tau),
        HeadSpectrum("top", tau),
    ]
