"""Aligned tokens of pairs: against sets, argsorts and loops."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from tokalign.embedders import Embedder, Embeddings
from tokalign.errors import TokalignError
from tokalign.measures import derangements
from tokalign.pairs import (
    MarkedPairs,
    Vocabulary,
    changed_shown,
    moved_towards,
    pair_vectors,
    shared_forms,
)
from tokalign.pairs.words import word_form
from tokalign.store import Store
from tokalign.tokens import Head, normal_form

K = 7


def ranked(embedder: Embedder, head: Head, vectors: np.ndarray, form) -> list[list[str]]:
    """The first forms of each vector by a plain sort."""
    names = [embedder.tokenizer.decode([i]) for i in head.ids.tolist()]
    special = set(embedder.tokenizer.all_special_ids)
    forms = [None if i in special else form(n)
             for i, n in zip(head.ids.tolist(), names, strict=True)]  # fmt: skip
    lists = []
    for logits in vectors @ head.matrix.numpy().T:
        merged = dict.fromkeys(forms[i] for i in np.argsort(-logits, kind="stable"))
        lists.append([f for f in merged if f is not None][:K])
    return lists


def test_shared_forms_are_sets(
    tiny: Embedder, tiny_head: Head, few: MarkedPairs, tmp_path: Path
) -> None:
    found = shared_forms(tiny, few.first, few.second, head=tiny_head, k=K, store=Store(tmp_path))
    one, other = (ranked(tiny, tiny_head, tiny.encode(side).vectors, normal_form)
                  for side in (few.first, few.second))  # fmt: skip
    table = found.jaccard_table()
    for i, a in enumerate(one):
        for j, b in enumerate(other):
            assert table[i, j] == pytest.approx(len(set(a) & set(b)) / len(set(a) | set(b)))
        shared, left, right = found.strings(i)
        assert shared == [f for f in a if f in other[i]]
        assert left == [f for f in a if f not in other[i]]
        assert right == [f for f in other[i] if f not in a]
        names = found.strings(i, tiny.tokenizer)
        assert [[normal_form(name) for name in some] for some in names] == [shared, left, right]
    np.testing.assert_array_equal(found.jaccard(), np.diagonal(table))


def test_the_same_text_shares_everything(tiny: Embedder, tiny_head: Head) -> None:
    found = shared_forms(tiny, ["the moon"], ["the moon"], head=tiny_head, k=K)
    assert found.jaccard().tolist() == [1.0]
    assert found.strings(0)[1:] == ([], [])


def test_a_difference_is_decoded(
    wrap: Callable[..., Embeddings], head: Callable[..., Head]
) -> None:
    made, (one, other) = head(), np.random.default_rng(0).normal(size=(2, 3, 6))
    found = moved_towards(wrap(one), wrap(3 * other), made, 4)
    unit = [side / np.linalg.norm(side, axis=1, keepdims=True) for side in (one, other)]
    logits = (unit[1] - unit[0]) @ made.matrix.numpy().T
    np.testing.assert_array_equal(found.ids, 3 * np.argsort(-logits)[:, :4] + 1)
    with pytest.raises(TokalignError, match="only a linear head decodes one"):
        moved_towards(wrap(one), wrap(other), head(bias=torch.ones(30)))


def test_changed_words_by_plain_lists(tiny: Embedder, tiny_head: Head, few: MarkedPairs) -> None:
    first, second = pair_vectors(tiny, few.first, few.second)
    table = changed_shown(first, second, few, head=tiny_head,
                          vocabulary=Vocabulary.of(tiny.tokenizer), k=K)  # fmt: skip
    units = [side.vectors / np.linalg.norm(side.vectors, axis=1, keepdims=True)
             for side in (first, second)]  # fmt: skip
    plain = [ranked(tiny, tiny_head, vectors, word_form)
             for vectors in (first.vectors, second.vectors, units[0] - units[1],
                             units[1] - units[0])]  # fmt: skip
    lists = {"own": plain[:2], "opposite": plain[1::-1], "towards": plain[2:]}
    marks = (few.changed_first, few.changed)
    orders = derangements(len(few))
    assert len(table) == 3 * sum(bool(words) for side in marks for words in side)
    for row in table.itertuples():
        side = ("first", "second").index(row.side)
        # Every changed word is a token of its own here, so that no first piece comes in.
        forms = {word_form(word) for word in marks[side][row.pair]}
        assert row.reachable
        here = lists[row.list][side]
        assert row.shown == bool(forms & set(here[row.pair]))
        elsewhere = [bool(forms & set(here[order[row.pair]])) for order in orders]
        assert row.chance == pytest.approx(np.mean(elsewhere))


def test_a_word_that_no_token_matches_is_never_shown(tiny: Embedder, tiny_head: Head) -> None:
    pairs = MarkedPairs.of(["the moon"], ["the \u00df\u00fe moon"], ["odd"], [["\u00fe"]], [[]])
    first, second = pair_vectors(tiny, pairs.first, pairs.second)
    table = changed_shown(first, second, pairs, head=tiny_head,
                          vocabulary=Vocabulary.of(tiny.tokenizer))  # fmt: skip
    assert not table["reachable"].any()
    assert not table["shown"].any()
    assert table["chance"].isna().all()


def test_what_does_not_fit_is_refused(tiny: Embedder, tiny_head: Head, few: MarkedPairs) -> None:
    with pytest.raises(TokalignError, match="1 first texts and 0 second"):
        shared_forms(tiny, ["a"], [], head=tiny_head)
    with pytest.raises(TokalignError, match="k must be at least 1"):
        shared_forms(tiny, ["a"], ["b"], head=tiny_head, k=0)
    one = tiny.encode(["a"])
    vocabulary = Vocabulary.of(tiny.tokenizer)
    with pytest.raises(TokalignError, match="1 and 1 vectors for 10 pairs"):
        changed_shown(one, one, few, head=tiny_head, vocabulary=vocabulary)
    pair = MarkedPairs.of(["a"], ["b"], ["odd"], [[]], [[]])
    with pytest.raises(TokalignError, match="k must be at least 1"):
        changed_shown(one, one, pair, head=tiny_head, vocabulary=vocabulary, k=0)
