"""How an embedder's vectors differ from its backbone's, along the backbone's components.

``v_j = mean((h^ - h) . u_j)`` is the paper's variation. It is a difference of means, so it is the
same whichever text is compared with which, and an embedder whose mean is near 0 has ``v_1`` near
``-mean(h . u_1)`` whatever else it does. The share of energy is taken text by text and tells that
apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from tokalign.errors import TokalignError
from tokalign.spectrum.components import Components, components


@dataclass(frozen=True)
class Variation:
    """The change from backbone to embedder on N texts.

    Attributes:
        parts: The backbone's components.
        v: ``(r,)`` mean change along each.
        share_of_energy: ``(r,)`` mean squared change along each, as a share of the mean squared
            length of the change; they sum to 1 where r = d.
        shift: ``(d,)`` the mean change.
        n: Texts.
    """

    parts: Components
    v: np.ndarray
    share_of_energy: np.ndarray
    shift: np.ndarray
    n: int

    @cached_property
    def share_of_shift_on_pc1(self) -> float:
        """``v_1^2 / |mean(h^ - h)|^2``; NaN where the means are the same."""
        length = float(self.shift @ self.shift)
        return float(self.v[0] ** 2) / length if length else float("nan")

    @property
    def m1(self) -> float:
        """``mean(h . u_1)``, not negative; ``v_1 = -m1`` takes the backbone's mean off it."""
        return float(self.parts.mean @ self.parts.directions[0])

    def frame(self) -> pd.DataFrame:
        """One row a component: ``component`` from 1, ``v``, ``share_of_energy``, singular value."""
        return pd.DataFrame(
            {
                "component": np.arange(1, len(self.v) + 1),
                "v": self.v,
                "share_of_energy": self.share_of_energy,
                "singular_value": self.parts.singular_values,
            }
        )


def variation(backbone: np.ndarray, embedder: np.ndarray) -> Variation:
    """Compare the vectors of an embedder with those of its backbone.

    Args:
        backbone: ``(N, d)`` h, one row a text.
        embedder: ``(N, d)`` h^, the same texts in the same order.

    Raises:
        TokalignError: The shapes differ, or all vectors are the same, so that nothing changes.

    Source: arXiv 2406.17378 and its authors' published code, for v; the shares are ours.

    >>> h = np.array([[2.0, 0.0], [2.0, 1.0]])
    >>> found = variation(h, h - [2.0, 0.0])
    >>> found.v.round(2).tolist(), round(found.share_of_shift_on_pc1, 2)
    ([-1.93, -0.51], 0.93)
    """
    h, changed = (np.asarray(vectors, dtype=np.float64) for vectors in (backbone, embedder))
    if h.shape != changed.shape:
        raise TokalignError(
            f"vectors of shape {h.shape} and {changed.shape} cannot be compared: the same texts "
            "and the same width are needed"
        )
    parts = components(h)
    change = changed - h
    energy = float((change**2).sum(axis=1).mean())
    if not energy:
        raise TokalignError("the two give the same vectors, so there is no change to take apart")
    along = change @ parts.directions.T
    return Variation(
        parts=parts,
        v=along.mean(axis=0),
        share_of_energy=(along**2).mean(axis=0) / energy,
        shift=change.mean(axis=0),
        n=len(h),
    )
