"""Vectors -> content forms: what carries no content is taken out, equal forms are merged."""

from __future__ import annotations

import numpy as np

from tokalign.embedders import Embeddings
from tokalign.tokens.decoding import decode
from tokalign.tokens.forms import VocabularyForms
from tokalign.tokens.head import Head


def content_head(head: Head, forms: VocabularyForms) -> Head:
    """The rows of a head whose tokens have a form."""
    return head.restricted(forms.of[head.ids.cpu().numpy()] >= 0)


def decode_forms(
    embeddings: Embeddings, head: Head, forms: VocabularyForms, k: int, *, swapped: bool = False
) -> np.ndarray:
    """The top k content forms of each vector: equal forms merged at their best rank.

    Tokens without a form are taken out before anything is ranked, so the k are always full.

    Args:
        embeddings: N vectors that the head may read.
        head: Who decodes; of `content_head` or whole.
        forms: The forms of the tokenizer's tokens.
        k: Forms a text.
        swapped: See `Head.refuse`.

    Returns:
        Form numbers ``(N, min(k, number of forms))`` int32, best first.
    """
    content = content_head(head, forms)
    k = min(k, len(np.unique(forms.of[content.ids.cpu().numpy()])))
    merged: list[np.ndarray] = []
    depth = 2 * k
    # How deep k different forms reach is not known beforehand: double until they are there.
    while len(merged) < len(embeddings):
        depth = min(2 * depth, len(content))
        found = forms.of[decode(embeddings, content, depth, swapped=swapped).ids]
        merged = [row for row in map(first_of_each, found) if len(row) >= k]
    made = np.array([row[:k] for row in merged], dtype=np.int32)
    return made.reshape(len(embeddings), k)


def first_of_each(row: np.ndarray) -> np.ndarray:
    """The different values of a row, in the order in which they first occur.

    >>> first_of_each(np.array([4, 2, 4, 9])).tolist()
    [4, 2, 9]
    """
    values, first = np.unique(row, return_index=True)
    ordered: np.ndarray = values[np.argsort(first)]
    return ordered
