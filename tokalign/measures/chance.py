"""Chance levels: what a metric would be if the list had nothing to do with the text."""

from __future__ import annotations

import numpy as np

#: How many ways of giving every text another text's list are averaged.
DERANGEMENTS = 20


def derangements(n: int, count: int = DERANGEMENTS, seed: int = 0) -> list[np.ndarray]:
    """Random permutations in which no element keeps its place, uniform over all of them.

    Args:
        n: Number of elements; there is none for fewer than two.
        count: How many.
        seed: Of the draws.

    Returns:
        `count` arrays ``(n,)``; none where `n` is less than 2.

    >>> derangements(2, count=1)[0].tolist(), derangements(1)
    ([1, 0], [])
    """
    if n < 2:
        return []
    generator = np.random.default_rng(seed)
    found: list[np.ndarray] = []
    while len(found) < count:
        drawn = generator.permutation(n)
        # About one draw in e has no fixed point, whatever n is.
        if not (drawn == np.arange(n)).any():
            found.append(drawn)
    return found
