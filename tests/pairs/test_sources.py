"""Groups of linked pairs against a plain search, and pairs that training knows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokalign.datasets import load_pairs
from tokalign.errors import TokalignError
from tokalign.pairs.sources import SickSources, disjoint, pair_groups, wording

TEXTS = st.lists(st.tuples(*[st.sampled_from("abcdefghijkl")] * 2), min_size=1, max_size=12)


def plain_groups(rows: list[tuple[str, ...]]) -> list[int]:
    """Merge sets that meet until none do."""
    groups = [({number}, set(row)) for number, row in enumerate(rows)]
    merged = True
    while merged:
        merged = False
        for i, (members, texts) in enumerate(groups):
            for other in groups[i + 1 :]:
                if texts & other[1]:
                    members |= other[0]
                    texts |= other[1]
                    groups.remove(other)
                    merged = True
                    break
            if merged:
                break
    return [next(g for g, (members, _) in enumerate(groups) if i in members)
            for i in range(len(rows))]  # fmt: skip


@settings(max_examples=30)
@given(TEXTS)
def test_groups_are_linked_pairs(rows: list[tuple[str, str]]) -> None:
    found = pair_groups(*zip(*rows, strict=True))
    expected = np.array(plain_groups(rows))
    assert ((found[:, None] == found) == (expected[:, None] == expected)).all()
    assert sorted(set(found.tolist())) == list(range(found.max() + 1))


def test_sources_link_pairs_that_share_no_sentence() -> None:
    first, second = ["a", "c"], ["b", "d"]
    assert pair_groups(first, second).tolist() == [0, 1]
    assert pair_groups(first, second, ["x", "X."]).tolist() == [0, 0]


def test_columns_must_be_of_one_length() -> None:
    with pytest.raises(TokalignError, match=r"columns of \[1, 2\] texts"):
        pair_groups(["a"], ["b", "c"])


@settings(max_examples=30)
@given(TEXTS, st.sets(st.sampled_from("abc")))
def test_disjoint_pairs_have_no_text_of_training(
    rows: list[tuple[str, str]], training: set[str]
) -> None:
    new = disjoint([text.upper() + " ." for text in training], *zip(*rows, strict=True))
    assert new.tolist() == [not training & set(row) for row in rows]


def test_wording_is_words_alone() -> None:
    assert wording("A man , playing\uff01") == wording("a Man playing") == "a man playing"
    assert wording("a manplaying") != wording("a man playing")


@pytest.fixture
def sick(shared: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TOKALIGN_DATA", str(shared / "datasets"))
    return load_pairs("sick", "test")


@pytest.mark.shared
def test_sources_of_sick(sick) -> None:
    sources = SickSources.read()
    first, second = sources.of(sick.first, sick.second)
    groups = pair_groups(sick.first, sick.second, first, second)
    by_sentence = pair_groups(sick.first, sick.second)
    # Sources only ever link more pairs, and no two groups share a sentence or a source.
    assert 1 < len(np.unique(groups)) < len(np.unique(by_sentence)) < len(sick)
    for column in (sick.first, sick.second, first, second):
        by_text: dict[str, set[int]] = {}
        for text, group in zip(column, groups.tolist(), strict=True):
            by_text.setdefault(wording(text), set()).add(group)
        assert {len(found) for found in by_text.values()} == {1}
    train = load_pairs("stsb", "train")
    seen = [*train.first, *train.second]
    by_sentence = disjoint(seen, sick.first, sick.second).sum()
    by_source = disjoint(seen, sick.first, sick.second, first, second).sum()
    assert 0 < by_source < by_sentence < len(sick)


@pytest.mark.shared
def test_another_pair_is_not_of_sick(sick) -> None:
    with pytest.raises(TokalignError, match=r"pair 1 \('nothing' ...\) is not one of SICK's"):
        SickSources.read().of(["nothing"], ["of it"])
