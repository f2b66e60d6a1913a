"""Ranks against a plain loop, and selecting texts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokalign.measures import Literals, Ranks, ranks
from tokalign.measures.ranks import NEVER

ENTRIES = 12


@st.composite
def cases(draw: st.DrawFn, least: int = 0) -> tuple[Literals, np.ndarray]:
    """Texts of items with matches, and as many lists of different entries."""
    n = draw(st.integers(least, 5))
    depth = draw(st.integers(0, ENTRIES))
    # Items and matches may lie beyond every entry of the lists.
    numbers = st.integers(0, ENTRIES + 3)
    items = [draw(st.lists(numbers, min_size=least, max_size=5, unique=True)) for _ in range(n)]
    matches = [[draw(st.lists(numbers, max_size=3, unique=True)) for _ in row] for row in items]
    lists = [draw(st.permutations(range(ENTRIES)))[:depth] for _ in range(n)]
    literals = Literals(
        [np.array(row, dtype=np.int64) for row in items],
        [[np.array(m, dtype=np.int64) for m in row] for row in matches],
        np.array([draw(st.integers(0, ENTRIES)) for _ in range(n)], dtype=np.int64),
    )
    return literals, np.array(lists, dtype=np.int64).reshape(n, depth)


def plain(literals: Literals, lists: np.ndarray) -> list[tuple[int, int, int]]:
    """(text, item, rank) by searching each list from its start."""
    found = []
    for text, row in enumerate(literals.items):
        for item, matches in zip(row, literals.matches[text], strict=True):
            best = NEVER
            for rank, entry in enumerate(lists[text]):
                if entry in matches:
                    best = rank
                    break
            found.append((text, int(item), best))
    return found


def triples(found: Ranks) -> list[tuple[int, int, int]]:
    return list(zip(found.text.tolist(), found.item.tolist(), found.rank.tolist(), strict=True))


@given(cases(), st.randoms(use_true_random=False))
def test_against_a_plain_loop(case, random) -> None:
    literals, lists = case
    assert triples(ranks(literals, lists)) == plain(literals, lists)
    order = list(range(len(lists)))
    random.shuffle(order)
    chosen = np.array(order, dtype=np.int64)
    assert triples(ranks(literals, lists, chosen)) == plain(literals, lists[chosen])


@given(cases(), st.data())
def test_select_is_measuring_the_subset(case, data) -> None:
    literals, lists = case
    keep = np.array([data.draw(st.booleans()) for _ in range(len(literals))], dtype=bool)
    part = Literals(
        [row for row, k in zip(literals.items, keep, strict=True) if k],
        [row for row, k in zip(literals.matches, keep, strict=True) if k],
        literals.cutoff[keep],
    )
    every, expected = ranks(literals, lists), ranks(part, lists[keep])
    for chosen in (keep, np.flatnonzero(keep)):
        found = every.select(chosen)
        assert triples(found) == triples(expected)
        assert found.cutoff.tolist() == expected.cutoff.tolist()


@given(cases(), st.integers(0, ENTRIES))
def test_within_stops_at_cutoff_and_cap(case, cap) -> None:
    found = ranks(*case)
    for limit in (None, cap):
        expected = [
            rank < found.cutoff[text] and (limit is None or rank < limit)
            for text, _, rank in triples(found)
        ]
        assert found.within(limit).tolist() == expected


def test_token_ids_are_items_once_and_the_cutoff_counts_them_all() -> None:
    literals = Literals.of_ids([[101, 7, 7, 102]])
    assert literals.items[0].tolist() == [7, 101, 102]
    assert literals.cutoff.tolist() == [4]


def test_as_many_lists_as_texts() -> None:
    with pytest.raises(ValueError, match="1 texts, but 2 lists"):
        ranks(Literals.of_ids([[1]]), np.zeros((2, 3), dtype=np.int64))
