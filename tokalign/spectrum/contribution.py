"""What u_1 writes into the logits of a text, and what the rest of the vector writes.

``h = (h . u_1) u_1 + rest``, and a linear head reads each part on its own: a token's logit is
``(h . u_1) (E_g u_1)[token]`` and the logit of the rest. Neither depends on the sign of u_1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import torch

from tokalign.embedders import Embeddings
from tokalign.errors import TokalignError
from tokalign.spectrum.direction import finite_matrix, unit_direction
from tokalign.spectrum.reading import constant_shift, refuse_space
from tokalign.tokens import Head

#: Logits that exist at once, 32 MiB for each part: all tokens of a few texts.
_LOGITS = 1 << 23
_TOKENS_A_TILE = 8192


def contribution(
    embeddings: Embeddings,
    head: Head,
    u1: np.ndarray,
    k: int = 10,
    *,
    token: Callable[[int], str] | None = None,
    swapped: bool = False,
) -> pd.DataFrame:
    """Take the logits of each text's top tokens apart.

    Args:
        embeddings: N vectors, right before the head's matrix.
        head: A linear head.
        u1: ``(d,)`` of length 1, in practice from other texts than these.
        k: How many tokens of each of the three lists: by logit, by the part that u_1 writes, by
            the part of the rest. All there are where it is larger than the vocabulary.
        token: Token id -> string, for a column ``token``.
        swapped: See `Head.refuse`.

    Returns:
        A tidy frame, one row for each text and token that is in any of its three lists, by text
        and rank: ``text`` (from 0), ``id``, ``token`` where asked for, ``logit``, ``from_u1``,
        ``from_rest`` (logits, ``logit = from_u1 + from_rest`` to float32 rounding), and the ranks
        ``rank``, ``rank_u1``, ``rank_rest`` among the whole vocabulary, from 1, equal values in
        the order of the ids.

    Raises:
        TokalignError: The head is not linear or refuses the vectors, a projection is still to
            come, u_1 does not fit, k is less than 1, there is no vector, or one is not finite.

    Source: arXiv 2406.17378 for the two parts; the ranks are ours.

    >>> from tokalign.embedders import Space
    >>> head = Head("x", torch.tensor([[1.0, 0.0], [0.5, 3.0]]), torch.arange(2), 2)
    >>> h = Embeddings(np.array([[4.0, 1.0]], "f"), Space("x", 2), np.ones(1), np.zeros(1, bool))
    >>> found = contribution(h, head, np.array([1.0, 0.0]), k=1)
    >>> found[["id", "logit", "from_u1", "from_rest", "rank", "rank_u1"]].values.tolist()
    [[1.0, 5.0, 2.0, 3.0, 1.0, 2.0], [0.0, 4.0, 4.0, 0.0, 2.0, 1.0]]
    """
    if k < 1:
        raise TokalignError(f"k must be at least 1, not {k}")
    refuse_space(head, embeddings.space, swapped=swapped)
    unit = unit_direction(u1, embeddings.space.width)
    shift = constant_shift(head, unit)
    vectors = finite_matrix(embeddings.vectors)
    along = vectors @ unit
    rest = torch.from_numpy((vectors - along[:, None] * unit).astype(np.float32))
    ids = head.ids.cpu().numpy()
    frames = []
    for start in range(0, len(vectors), step := max(1, _LOGITS // len(head))):
        for text, from_rest in enumerate(_logits(rest[start : start + step], head), start):
            from_u1 = (along[text] * shift).astype(np.float32)
            frames.append(_of_text(text, ids, from_u1, from_rest, k))
    found = pd.concat(frames, ignore_index=True)
    if token is not None:
        names = {int(i): token(int(i)) for i in found["id"].unique()}
        found.insert(2, "token", found["id"].map(names).astype(object))
    return found


@torch.inference_mode()
def _logits(vectors: torch.Tensor, head: Head) -> np.ndarray:
    """Logits of a few vectors ``(n, V)`` float32, a tile of the vocabulary at a time."""
    vectors = vectors.to(head.matrix.device)
    made = np.empty((len(vectors), len(head)), dtype=np.float32)
    for start in range(0, len(head), _TOKENS_A_TILE):
        rows = slice(start, min(start + _TOKENS_A_TILE, len(head)))
        made[:, rows] = head.finish(vectors @ head.tile(rows).T, rows).cpu().numpy()
    return made


def _of_text(
    text: int, ids: np.ndarray, from_u1: np.ndarray, from_rest: np.ndarray, k: int
) -> pd.DataFrame:
    """The frame of one text, from both parts of all its logits, ``(V,)`` each."""
    # The rest is not taken as a difference: where u_1 writes most of it, little would be left.
    lists = {"rank": from_u1 + from_rest, "rank_u1": from_u1, "rank_rest": from_rest}
    rows = np.unique(np.concatenate([_top(values, k) for values in lists.values()]))
    found = pd.DataFrame(
        {"text": text, "id": ids[rows], "logit": lists["rank"][rows]}
        | {"from_u1": from_u1[rows], "from_rest": from_rest[rows]}
        | {name: _ranks(values, rows) for name, values in lists.items()}
    )
    return found.sort_values("rank", ignore_index=True)


def _top(values: np.ndarray, k: int) -> np.ndarray:
    """Rows of the k highest, in any order; of equal ones the first."""
    if k >= len(values):
        return np.arange(len(values))
    least = np.partition(values, -k)[-k]
    above, level = np.flatnonzero(values > least), np.flatnonzero(values == least)
    return np.concatenate([above, level[: k - len(above)]])


def _ranks(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Ranks of some rows among all, from 1; equal values in the order of the rows."""
    own = values[rows, None]
    before = (values == own) & (np.arange(len(values)) < rows[:, None])
    ranks: np.ndarray = 1 + (values > own).sum(axis=1) + before.sum(axis=1)
    return ranks
