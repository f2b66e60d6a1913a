"""What an instruction changes: the tokens that enter and leave, how far a vector moves, and where.

Nothing here looks at labels. Whether a move is one towards what was asked, `rise` tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from tokalign.embedders import Embeddings
from tokalign.facets.clustering import similarities
from tokalign.measures import cosines
from tokalign.spectrum import components
from tokalign.tokens import Head, VocabularyForms, decode_forms


def top_forms(embeddings: Embeddings, head: Head, forms: VocabularyForms, k: int) -> np.ndarray:
    """The top k content forms of each text.

    Args:
        embeddings: N vectors that the head may read.
        head: Who decodes.
        forms: The forms of its tokens, those of the instructions left out.
        k: How many.

    Returns:
        Form numbers ``(N, k)`` int32, best first.
    """
    return decode_forms(embeddings if head.linear else embeddings.unnormalised(), head, forms, k)


def _present(lists: np.ndarray, count: int) -> np.ndarray:
    """Which forms are on each text's list, ``(N, count)`` bool."""
    there = np.zeros((len(lists), count), dtype=bool)
    there[np.arange(len(lists))[:, None], lists] = True
    return there


def entering(before: Sequence[np.ndarray], after: Sequence[np.ndarray], count: int) -> np.ndarray:
    """On how many texts' lists each form is new.

    What leaves is what enters the other way round.

    Args:
        before: ``(N, K)`` lists under each of W' instructions.
        after: ``(N, K)`` lists of the same texts under each of W instructions.
        count: Number of forms.

    Returns:
        ``(N, count)`` float64: in what share of the W times W' pairs of instructions the form is
        on the text's list after and not before.

    >>> before, after = np.array([[0, 1], [0, 1]]), np.array([[1, 2], [0, 2]])
    >>> entering([before], [after], 3).tolist()
    [[0.0, 0.0, 1.0], [0.0, 0.0, 1.0]]
    """
    old = [_present(lists, count) for lists in before]
    new = [_present(lists, count) for lists in after]
    return np.asarray(np.mean([late & ~early for early, late in product(old, new)], axis=0))


def turnover(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """The share of each text's list that is new.

    Args:
        before: ``(N, K)`` forms, each once in a row.
        after: ``(N, K)`` of the same texts.

    Returns:
        ``(N,)``, 0 to 1.

    >>> turnover(np.array([[0, 1]]), np.array([[1, 2]])).tolist()
    [0.5]
    """
    kept = (before[:, :, None] == after[:, None, :]).any(axis=1)
    return np.asarray(1.0 - kept.mean(axis=1))


def distances(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """How far each text's vector moves: 1 - cosine, ``(N,)``, of ``(N, d)`` twice."""
    return 1.0 - cosines(before, after)


def spread_of_texts(vectors: np.ndarray) -> float:
    """How far different texts are apart: the mean of 1 - cosine over all pairs.

    Args:
        vectors: ``(N, d)``, N at least 2.

    >>> spread_of_texts(np.array([[1.0, 0.0], [0.0, 1.0]]))
    1.0
    """
    near = similarities(vectors)
    return float(1.0 - near[np.triu_indices(len(near), 1)].mean())


def move_components(
    empty: np.ndarray, asked: Sequence[np.ndarray], *, first: int = 10
) -> pd.DataFrame:
    """Along which components of the vectors without an instruction the vectors move.

    Args:
        empty: ``(N, d)`` vectors under the empty instruction.
        asked: ``(N, d)`` vectors under each of W wordings.
        first: How many components get a row of their own.

    Returns:
        One row a wording (from 1) and component (from 1; 0 for all the rest): ``wording``,
        ``component``, ``share_of_shift`` of the squared mean move, ``share_of_energy`` of the mean
        squared move, ``chance`` (what a random direction has on so many components), and
        ``common``: the squared mean move over the mean squared move, 1 where all texts move alike.
        A wording that moves nothing has no row.

    >>> empty = np.array([[3.0, 0.0], [3.0, 0.1]])
    >>> found = move_components(empty, [empty + [0.0, 1.0]], first=1)
    >>> found[["component", "share_of_shift", "chance", "common"]].round(2).values.tolist()
    [[1.0, 0.0, 0.5, 1.0], [0.0, 1.0, 0.5, 1.0]]
    """
    before = np.asarray(empty, dtype=np.float64)
    directions = components(before).directions[:first]
    numbers = [*range(1, len(directions) + 1), 0]
    chance = [1 / before.shape[1]] * len(directions)
    parts = []
    for wording, vectors in enumerate(asked, 1):
        change = vectors - before
        energy = float((change**2).sum(axis=1).mean())
        if not energy:
            continue
        shift = change.mean(axis=0)
        length = float(shift @ shift)
        shares = (directions @ shift) ** 2 / length
        energies = ((change @ directions.T) ** 2).mean(axis=0) / energy
        columns = {
            "share_of_shift": shares, "share_of_energy": energies, "chance": np.array(chance)
        }  # fmt: skip
        rest = {name: [*values, 1 - values.sum()] for name, values in columns.items()}
        parts.append(
            pd.DataFrame({"wording": wording, "component": numbers, **rest,
                          "common": length / energy})
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def form_words(forms: VocabularyForms, tokenizer: Any, numbers: Sequence[int]) -> list[str]:
    """A word for each form: its token with the lowest id, which BPE learned first.

    Args:
        forms: The forms of the tokenizer's tokens.
        tokenizer: Who decodes.
        numbers: Form numbers.
    """
    first = [int(np.flatnonzero(forms.of == number)[0]) for number in numbers]
    return [str(tokenizer.decode([token])).strip() for token in first]
