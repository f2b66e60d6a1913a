"""Texts that are labelled in several respects at once, and balanced samples of them.

A text that a facet does not label has the number -1 for it. Does not load anything (`facets` does).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tokalign.datasets.facet_instructions import Facet, FacetLabel
from tokalign.errors import TokalignError, unknown

Labels = Mapping[str, npt.NDArray[np.int64]]


@dataclass(frozen=True, eq=False)
class FacetTexts:
    """N texts with their labels.

    Attributes:
        name: Name of the set or of its file.
        texts: The N texts.
        facets: What they are labelled on.
        labels: Facet name -> number of each text's label ``(N,)``; -1 where the facet is not that
            text's.
        held_out: True where a text is kept from training, ``(N,)``.
        source: File or URL.
        sha256: Of its bytes, before sampling.
        licence: What the owners allow, in a few words.
    """

    name: str
    texts: tuple[str, ...]
    facets: tuple[Facet, ...]
    labels: Labels
    held_out: npt.NDArray[np.bool_]
    source: str
    sha256: str
    licence: str

    def __len__(self) -> int:
        return len(self.texts)

    def facet(self, name: str) -> Facet:
        """One of the facets.

        Raises:
            TokalignError: The texts are not labelled on it.
        """
        found = {facet.name: facet for facet in self.facets}
        if name not in found:
            raise unknown("facet of these texts", name, found)
        return found[name]

    def label(self, facet: str, position: int) -> FacetLabel | None:
        """The label of one text; None where it has none of that facet."""
        number = int(self.labels[facet][position])
        return self.facet(facet).labels[number] if number >= 0 else None

    def first_labels(self) -> tuple[str, ...]:
        """Name of each text's label, of the first facet that labels the text."""
        found = [""] * len(self)
        for facet in reversed(self.facets):
            for position, number in enumerate(self.labels[facet.name]):
                if number >= 0:
                    found[position] = facet.labels[number].name
        return tuple(found)

    def take(self, positions: Sequence[int]) -> FacetTexts:
        """Some of the texts, in the order given."""
        return replace(
            self,
            texts=tuple(self.texts[i] for i in positions),
            labels={name: numbers[list(positions)] for name, numbers in self.labels.items()},
            held_out=self.held_out[list(positions)],
        )

    def sample(self, limit: int | None, seed: int = 0) -> FacetTexts:
        """Take a nested balanced sample, in the original order (see `balanced_indices`)."""
        return self.take(balanced_indices(self.labels, limit, seed))


def balanced_indices(labels: Labels, limit: int | None = None, seed: int = 0) -> list[int]:
    """Choose texts so that combinations of labels, then labels, are taken equally often.

    One text at a time is taken: from the combination taken least so far; of these, with the labels
    taken least; of these, the first in a random order. So a smaller limit gives a subset.

    Args:
        labels: Facet -> label numbers ``(N,)``, -1 for none.
        limit: How many; None, or more than N, takes all.
        seed: Any integer.

    Returns:
        The chosen positions, ascending.

    Raises:
        TokalignError: If `limit` is below 1.

    >>> labels = {"a": np.array([0, 0, 0, 1, 1, 1]), "b": np.array([0, 0, 1, 0, 1, 1])}
    >>> balanced_indices(labels, 4)
    [0, 2, 3, 5]
    """
    if limit is not None and limit < 1:
        raise TokalignError(f"limit must be at least 1, not {limit}")
    n = len(next(iter(labels.values())))
    if limit is None or limit >= n:
        return list(range(n))
    ranks = [hashlib.blake2b(f"{seed}:{i}".encode(), digest_size=8).digest() for i in range(n)]
    order = np.array(sorted(range(n), key=ranks.__getitem__))
    numbers = np.array([labels[name][order] for name in labels])
    cells = np.unique(numbers, axis=1, return_inverse=True)[1].reshape(-1)
    # How often its cell was taken, which weighs more than how often all its labels were.
    score = np.zeros(n)
    chosen = []
    for _ in range(limit):
        best = int(score.argmin())
        chosen.append(int(order[best]))
        score[cells == cells[best]] += len(labels) * n + 1
        score += ((numbers == numbers[:, [best]]) & (numbers >= 0)).sum(axis=0)
        score[best] = np.inf
    return sorted(chosen)
