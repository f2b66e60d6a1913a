"""At which rank does each literal item of a text stand in a list of aligned tokens?

Every overlap metric is a function of these ranks. An item is whatever the text is made of: a token
id, or a content word; a word may be matched by several forms (its own, and its first piece).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

#: The rank of what does not occur in the list.
NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Literals:
    """The literal items of N texts.

    Attributes:
        items: N arrays of item numbers, each number once.
        matches: For each text, for each of its items, the list entries that match it.
        cutoff: ``(N,)`` int64, how far down the list LAR and GAR look.
    """

    items: list[np.ndarray]
    matches: list[list[np.ndarray]]
    cutoff: np.ndarray

    @classmethod
    def of_ids(cls, ids: Sequence[Sequence[int]]) -> Literals:
        """Token ids as the paper has them: an item is an id, the cut-off is ``len(ids)``."""
        items = [np.unique(np.asarray(row, dtype=np.int64)) for row in ids]
        matches = [[item[None] for item in row] for row in items]
        return cls(items, matches, np.array([len(row) for row in ids], dtype=np.int64))

    def __len__(self) -> int:
        return len(self.items)

    @cached_property
    def nothing(self) -> int:
        """A number that no match has: it closes every list of matches."""
        highest = [int(m.max()) for row in self.matches for m in row if len(m)]
        return max(highest, default=-1) + 1

    @cached_property
    def joined(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """For each text, the matches of its items one after the other, and where each starts."""
        found = []
        for row in self.matches:
            closed = [part for match in row for part in (match, [self.nothing])]
            lengths = np.array([len(match) + 1 for match in row], dtype=np.int64)
            entries = np.concatenate([np.empty(0, np.int64), *closed]).astype(np.int64)
            found.append((entries, np.cumsum(lengths) - lengths))
        return found


@dataclass(frozen=True)
class Ranks:
    """The best rank of every item of every text, from 0.

    Attributes:
        rank: ``(M,)`` int64 over all items of all texts; `NEVER` where there is no match.
        item: ``(M,)`` int64, which item.
        text: ``(M,)`` int64, of which text.
        cutoff: ``(N,)`` int64.
    """

    rank: np.ndarray
    item: np.ndarray
    text: np.ndarray
    cutoff: np.ndarray

    @property
    def texts(self) -> int:
        """Number of texts N."""
        return len(self.cutoff)

    def within(self, cap: int | None = None) -> np.ndarray:
        """``(M,)`` bool: whether each item stands before its text's cut-off.

        Args:
            cap: Look no further than this many entries, whatever the cut-off is.
        """
        limit = self.cutoff if cap is None else np.minimum(self.cutoff, cap)
        found: np.ndarray = self.rank < limit[self.text]
        return found

    def select(self, texts: np.ndarray) -> Ranks:
        """The ranks of some of the texts, renumbered.

        Args:
            texts: ``(N,)`` bool, or indices without repetition.
        """
        chosen = np.zeros(self.texts, dtype=bool)
        chosen[texts] = True
        keep = chosen[self.text]
        renumbered = np.cumsum(chosen) - 1
        return Ranks(
            self.rank[keep], self.item[keep], renumbered[self.text[keep]], self.cutoff[chosen]
        )


def ranks(literals: Literals, lists: np.ndarray, order: np.ndarray | None = None) -> Ranks:
    """Look the items of each text up in a list of entries.

    Args:
        literals: N texts.
        lists: ``(N, D)`` entries, best first, all entries of a row different and not negative.
        order: Text i is given list ``order[i]``; its own where it is None.

    Returns:
        The ranks.

    >>> two = Literals.of_ids([[5, 7], [9]])
    >>> ranks(two, np.array([[7, 1, 2], [9, 5, 7]])).rank.tolist() == [NEVER, 0, 0]
    True
    """
    if len(lists) != len(literals):
        raise ValueError(f"{len(literals)} texts, but {len(lists)} lists")
    given = lists if order is None else lists[order]
    size = max(literals.nothing, int(lists.max(initial=0))) + 1
    place = np.full(size, NEVER, dtype=np.int64)
    found, depth = [np.empty(0, dtype=np.int64)], np.arange(lists.shape[1])
    for (matches, starts), entries in zip(literals.joined, given, strict=True):
        place[entries] = depth
        place[literals.nothing] = NEVER
        if len(starts):
            found.append(np.minimum.reduceat(place[matches], starts))
        place[entries] = NEVER
    sizes = [len(items) for items in literals.items]
    return Ranks(
        np.concatenate(found),
        np.concatenate([*literals.items, np.empty(0, dtype=np.int64)]),
        np.repeat(np.arange(len(literals)), sizes),
        literals.cutoff,
    )
