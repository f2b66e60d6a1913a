"""Seeded samples that nest: for one seed the sample of 40 lies inside that of 100.

Ranks items by a hash of seed and position, so a sample does not depend on the version of any
random number generator. Does not stratify by label.
"""

from __future__ import annotations

import hashlib
import heapq

from tokalign.errors import TokalignError


def sample_indices(n: int, limit: int | None = None, seed: int = 0) -> list[int]:
    """Choose `limit` of `n` positions.

    Args:
        n: Number of items, 0 or more.
        limit: Size of the sample; None, or more than `n`, takes all.
        seed: Any integer; other seeds give other samples.

    Returns:
        The chosen positions, ascending. A smaller limit gives a subset.

    Raises:
        TokalignError: If `limit` is below 1.

    >>> small, large = sample_indices(1000, 3, seed=1), sample_indices(1000, 5, seed=1)
    >>> small, set(small) <= set(large)
    ([835, 949, 983], True)
    >>> sample_indices(3, 10)
    [0, 1, 2]
    """
    if limit is not None and limit < 1:
        raise TokalignError(f"limit must be at least 1, not {limit}")
    if limit is None or limit >= n:
        return list(range(n))

    def rank(position: int) -> bytes:
        return hashlib.blake2b(f"{seed}:{position}".encode(), digest_size=8).digest()

    return sorted(heapq.nsmallest(limit, range(n), key=rank))
