"""Cosines of pairs by an embedder: the vectors come through the results store."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tokalign.embedders import Embedder, Embeddings, encode_stored
from tokalign.embedders.encoding.tokenising import check_text
from tokalign.errors import TokalignError
from tokalign.measures import cosines
from tokalign.store import Store


def pair_vectors(
    embedder: Embedder,
    first: Sequence[str],
    second: Sequence[str],
    *,
    store: Store | None = None,
    prompt_name: str | None = None,
    progress: bool = False,
) -> tuple[Embeddings, Embeddings]:
    """The vectors of both sides of N pairs; a text that occurs twice is embedded once.

    Args:
        embedder: Who embeds.
        first: N texts.
        second: N texts.
        store: Where vectors are kept.
        prompt_name: Both sides are read by this one of the recipe's named prompts.
        progress: Show a progress bar on standard error.

    Raises:
        TokalignError: Not as many texts on both sides, none at all, or one that cannot be read.
    """
    if len(first) != len(second):
        raise TokalignError(f"{len(first)} first texts for {len(second)} second ones")
    place: dict[str, int] = {}
    for number, text in enumerate([*first, *second], 1):
        check_text(text, number)
        place.setdefault(text, len(place))
    made = encode_stored(embedder, list(place), store, prompt_name=prompt_name, progress=progress)
    one, other = (np.array([place[text] for text in side], dtype=int) for side in (first, second))
    return made.select(one), made.select(other)


def pair_cosines(
    embedder: Embedder,
    first: Sequence[str],
    second: Sequence[str],
    *,
    store: Store | None = None,
    prompt_name: str | None = None,
    progress: bool = False,
) -> np.ndarray:
    """The cosine of each pair, ``(N,)`` float64; arguments and errors of `pair_vectors`."""
    one, other = pair_vectors(
        embedder, first, second, store=store, prompt_name=prompt_name, progress=progress
    )
    return cosines(one.vectors, other.vectors)


def cosine_table(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The cosine of every first vector with every second one; pair i on the diagonal.

    Args:
        first: ``(N, d)``.
        second: ``(N, d)``.

    Returns:
        ``(N, N)`` float64; 0 where either vector is 0.

    >>> cosine_table(np.eye(2), np.array([[2.0, 0.0], [3.0, 4.0]])).tolist()
    [[1.0, 0.6], [0.0, 0.8]]
    """
    sides = []
    for side in (first, second):
        wide = np.asarray(side, dtype=np.float64)
        lengths = np.linalg.norm(wide, axis=1, keepdims=True)
        sides.append(wide / np.where(lengths > 0, lengths, 1.0))
    found: np.ndarray = sides[0] @ sides[1].T
    return found
