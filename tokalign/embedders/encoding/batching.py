"""Texts into batches: sorted by length, as many as a token budget holds, hardly any padding."""

from __future__ import annotations

import numpy as np


def batches(lengths: np.ndarray, budget: int, slack: float = 1 / 16) -> list[np.ndarray]:
    """Cut texts into batches of similar length.

    A batch holds at most `budget` tokens, padding counted, and no text longer than
    ``1 + slack`` times its shortest; a text longer than the budget is a batch of its own. The
    longest come first, so that a lack of memory shows at once.

    Args:
        lengths: Tokens of each text, ``(N,)``.
        budget: Most tokens in a batch.
        slack: By how much the longest may exceed the shortest.

    Returns:
        Arrays of indices into `lengths`, a partition of ``0..N-1``.

    >>> [batch.tolist() for batch in batches(np.array([3, 9, 3, 9, 3]), budget=18)]
    [[1, 3], [0, 2, 4]]
    """
    if budget < 1:
        raise ValueError(f"budget must be at least 1, not {budget}")
    # A stable sort by (-length, index): the batches depend on nothing else.
    order = np.argsort(-np.asarray(lengths), kind="stable")
    found: list[np.ndarray] = []
    start = 0
    for stop in range(1, len(order) + 1):
        if stop < len(order):
            longest, here = lengths[order[start]], lengths[order[stop]]
            if (stop - start + 1) * longest <= budget and longest <= here * (1 + slack):
                continue
        found.append(order[start:stop])
        start = stop
    return found


def pad(
    sequences: list[np.ndarray], pad_id: int, side: str = "right"
) -> tuple[np.ndarray, np.ndarray]:
    """Stack sequences of token ids into one array.

    Args:
        sequences: B arrays of ids.
        pad_id: What fills the gaps.
        side: ``right`` or ``left``.

    Returns:
        Ids ``(B, L)`` int64 and mask ``(B, L)`` bool, true where a token is real.

    >>> pad([np.array([5, 6]), np.array([7])], pad_id=0, side="left")[0].tolist()
    [[5, 6], [0, 7]]
    """
    if side not in ("left", "right"):
        raise ValueError(f"padding side must be left or right, not {side!r}")
    length = max(len(s) for s in sequences)
    ids = np.full((len(sequences), length), pad_id, dtype=np.int64)
    mask = np.zeros((len(sequences), length), dtype=bool)
    for row, sequence in enumerate(sequences):
        place = slice(len(sequence)) if side == "right" else slice(length - len(sequence), None)
        ids[row, place] = sequence
        mask[row, place] = True
    return ids, mask
