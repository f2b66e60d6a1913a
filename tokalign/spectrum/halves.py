"""Two halves of the texts: what is fitted on the one is scored on the other."""

from __future__ import annotations

import numpy as np

from tokalign.errors import TokalignError


def split_halves(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Split N texts at random.

    Args:
        n: Number of texts, at least 2.
        seed: Of the split.

    Returns:
        Rising indices to fit on ``(n - n // 2,)`` and to score on ``(n // 2,)``, int64; together
        they are all texts, and they share none. Texts that occur twice may be on both sides.

    Raises:
        TokalignError: There are fewer than 2.

    >>> fitted, scored = split_halves(5)
    >>> len(fitted), len(scored), sorted([*fitted.tolist(), *scored.tolist()])
    (3, 2, [0, 1, 2, 3, 4])
    """
    if n < 2:
        raise TokalignError(f"{n} texts cannot be split; at least 2 are needed")
    drawn = np.random.default_rng(seed).permutation(n)
    scored = n // 2
    return np.sort(drawn[scored:]), np.sort(drawn[:scored])
