"""Pairs of which it is known what was changed: our own minimal pairs, as columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from tokalign.errors import TokalignError
from tokalign.pairs.sources import pair_groups

#: The kind that every other is compared with, and the one of the same topic and another meaning.
PARAPHRASE, RELATED = "paraphrase", "related"
#: Kinds in which nearly every word stays and the meaning does not.
CHANGED_KINDS = ("negation", "antonym", "role-swap", "number")
#: What these are called together.
CHANGED = "meaning changed"


class MarkedPair(Protocol):
    """What a pair must tell, as `own_pairs` gives it; changed words may be missing."""

    @property
    def first(self) -> str: ...  # noqa: D102
    @property
    def second(self) -> str: ...  # noqa: D102
    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def changed(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def changed_first(self) -> Sequence[str]: ...  # noqa: D102


@dataclass(frozen=True, eq=False)
class MarkedPairs:
    """N pairs.

    Attributes:
        first: N texts.
        second: N texts.
        kinds: What sets each pair apart: one of `CHANGED_KINDS`, `RELATED`, `PARAPHRASE`, or
            another name.
        changed: The words of each second text that set it apart; none where nothing was added.
        changed_first: The same of the first text.
        groups: ``(N,)`` int, pairs that share texts.

    >>> two = MarkedPairs.of(["It is hot.", "It is hot."], ["It is cold.", "It is not hot."],
    ...                      ["antonym", "negation"], [["cold"], ["not"]], [["hot"], []])
    >>> len(two), two.groups.tolist()
    (2, [0, 0])
    """

    first: tuple[str, ...]
    second: tuple[str, ...]
    kinds: tuple[str, ...]
    changed: tuple[tuple[str, ...], ...]
    changed_first: tuple[tuple[str, ...], ...]
    groups: np.ndarray

    @classmethod
    def of(
        cls,
        first: Iterable[str],
        second: Iterable[str],
        kinds: Iterable[str],
        changed: Iterable[Sequence[str]],
        changed_first: Iterable[Sequence[str]],
    ) -> MarkedPairs:
        """From columns.

        Raises:
            TokalignError: No pairs, or columns of different lengths.
        """
        texts, others, names = tuple(first), tuple(second), tuple(kinds)
        marks = tuple(tuple(words) for words in changed)
        own = tuple(tuple(words) for words in changed_first)
        lengths = [len(column) for column in (texts, others, names, marks, own)]
        if len(set(lengths)) != 1 or not lengths[0]:
            raise TokalignError(
                f"columns of {lengths} entries; one for each of the pairs is needed"
            )
        return cls(texts, others, names, marks, own, pair_groups(texts, others))

    @classmethod
    def from_pairs(cls, pairs: Iterable[MarkedPair]) -> MarkedPairs:
        """From objects with the five attributes."""
        given = list(pairs)
        return cls.of(
            [p.first for p in given], [p.second for p in given], [p.kind for p in given],
            [p.changed for p in given], [p.changed_first for p in given],
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.first)


def kind_masks(kinds: Iterable[str]) -> dict[str, np.ndarray]:
    """Kind -> which pairs are of it, ``(N,)`` bool, in the order of their first pair.

    Last, where several of `CHANGED_KINDS` are there, `CHANGED` for all of them.

    >>> {kind: mask.tolist() for kind, mask in kind_masks(["number", "related", "antonym"]).items()}
    ... # doctest: +NORMALIZE_WHITESPACE
    {'number': [True, False, False], 'related': [False, True, False],
     'antonym': [False, False, True], 'meaning changed': [True, False, True]}
    """
    given = np.array(list(kinds), dtype=object)
    found = {str(kind): given == kind for kind in dict.fromkeys(given)}
    together = [mask for kind, mask in found.items() if kind in CHANGED_KINDS]
    if len(together) > 1:
        found[CHANGED] = np.any(together, axis=0)
    return found
