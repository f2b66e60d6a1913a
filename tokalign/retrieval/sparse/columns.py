"""Columns of sparse vectors: which tokens are counted as one.

A tokenizer knows `` Game``, ``game`` and ``GAME`` as three tokens. Merged, they share a column.
LENS (arXiv 2501.09749) clusters the rows of the head for that; spelling does it here, which can be
read and needs no fitting.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any

import numpy as np

from tokalign.errors import unknown
from tokalign.retrieval.sparse.settings import Merge
from tokalign.tokens.aligned import token_strings
from tokalign.tokens.forms import normal_form, special_ids

#: Signs that tokenizers put for a leading space.
_SPACE_MARKS = "\u0120\u2581"


@dataclass(frozen=True, eq=False)
class Columns:
    """The columns of a vocabulary.

    Attributes:
        of: Column of each token id, ``(highest id + 1,)`` int32; -1 for an id that the head lacks.
        names: C names, for people.
    """

    of: np.ndarray
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)


def columns_of(tokenizer: Any, ids: np.ndarray, merge: Merge) -> Columns:
    """Work out the columns of some tokens.

    Args:
        tokenizer: Whose tokens.
        ids: ``(V,)`` the ids that get a column, such as `Head.ids`.
        merge: See `SparseSettings`. Special tokens, and halves of characters, stay by themselves.
            With ``stem``, tokens without content (stop words, marks) are merged as with ``case``.

    Raises:
        TokalignError: `merge` is unknown.
    """
    if merge not in ("none", "case", "stem"):
        raise unknown("merge", merge, ["none", "case", "stem"])
    special = special_ids(tokenizer)
    strings = token_strings(tokenizer, np.sort(ids))
    of = np.full(int(ids.max()) + 1, -1, dtype=np.int32)
    number: dict[str | int, int] = {}
    names: list[str] = []
    for token_id, token in strings.items():
        # Half a character decodes to a sign of doubt, many of them to the same one.
        alone = merge == "none" or token_id in special or "\ufffd" in token
        key = token_id if alone else _key(token, merge)
        if key not in number:
            number[key] = len(names)
            names.append(token if alone else str(key))
        of[token_id] = number[key]
    return Columns(of, tuple(names))


def _key(token: str, merge: Merge) -> str:
    stripped = token.lstrip(_SPACE_MARKS + " ")
    plain = unicodedata.normalize("NFKC", stripped or token).casefold()
    return (normal_form(token) or plain) if merge == "stem" else plain
