"""The split of a product over tokens: it sums to it, and a plain reimplementation agrees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tokalign.embedders import Embedder, Embeddings
from tokalign.errors import TokalignError
from tokalign.pairs import MarkedPairs, TokenSplit, pair_vectors
from tokalign.tokens import Head, VocabularyForms

FEW = settings(max_examples=15)
SEEDS = st.integers(0, 10_000)
NAMES = SimpleNamespace(decode=lambda ids: f"t{ids[0]}")


def drawn(seed: int, n: int = 4, width: int = 6) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(2, n, width)).astype(np.float32) * 3


def plain(matrix: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The split of one product, by the pseudo-inverse."""
    matrix, one, other = (x.astype(np.float64) for x in (matrix, one, other))
    back = np.linalg.pinv(matrix).T
    return ((matrix @ one) * (back @ other) + (matrix @ other) * (back @ one)) / 2


@FEW
@given(SEEDS)
def test_it_sums_to_the_product(
    wrap: Callable[..., Embeddings], head: Callable[..., Head], seed: int
) -> None:
    one, other = drawn(seed)
    split = TokenSplit.of(head(seed=seed))
    products = (one.astype(float) * other.astype(float)).sum(axis=1)
    lengths = np.linalg.norm(one.astype(float), axis=1) * np.linalg.norm(
        other.astype(float), axis=1
    )
    for cosine, expected in ((False, products), (True, products / lengths)):
        found = split.contributions(wrap(one), wrap(other), cosine=cosine)
        scale = lengths if not cosine else 1.0
        assert (np.abs(found.sum(axis=1) - expected) <= 1e-9 * scale).all()


@FEW
@given(SEEDS)
def test_it_is_the_plain_one_and_knows_no_first_text(
    wrap: Callable[..., Embeddings], head: Callable[..., Head], seed: int
) -> None:
    one, other = drawn(seed)
    made = head(seed=seed)
    split = TokenSplit.of(made)
    found = split.contributions(wrap(one), wrap(other), cosine=False)
    for row, a, b in zip(found, one, other, strict=True):
        np.testing.assert_allclose(row, plain(made.matrix.numpy(), a, b), rtol=1e-6, atol=1e-9)
    turned = split.contributions(wrap(other), wrap(one), cosine=False)
    np.testing.assert_allclose(turned, found, atol=1e-9)


@FEW
@given(SEEDS)
def test_tokens_keep_their_part_in_another_order_and_scale(
    wrap: Callable[..., Embeddings], head: Callable[..., Head], seed: int
) -> None:
    one, other = map(wrap, drawn(seed))
    made = head(seed=seed)
    order = torch.randperm(len(made), generator=torch.Generator().manual_seed(seed))
    moved = replace(made, matrix=made.matrix[order], ids=made.ids[order], scale=7.0)
    found, again = (TokenSplit.of(h).contributions(one, other) for h in (made, moved))
    np.testing.assert_allclose(again, found[:, order.numpy()], atol=1e-9)
    # A head that is longer by a factor splits alike: its inverse is shorter by the same.
    longer = TokenSplit.of(replace(made, matrix=made.matrix * 4)).contributions(one, other)
    np.testing.assert_allclose(longer, found, atol=1e-9)


def test_lengths_of_vectors_do_not_matter_to_a_cosine(
    wrap: Callable[..., Embeddings], head: Callable[..., Head]
) -> None:
    one, other = drawn(1)
    split = TokenSplit.of(head())
    found = split.contributions(wrap(one), wrap(other))
    np.testing.assert_allclose(split.contributions(wrap(5 * one), wrap(other)), found, atol=1e-7)
    nothing = split.contributions(wrap(0 * one), wrap(other))
    assert not nothing.any()


def test_tiles_do_not_matter(
    wrap: Callable[..., Embeddings], head: Callable[..., Head], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = map(wrap, drawn(2, n=5))
    split = TokenSplit.of(head())
    found, table = split.contributions(one, other), split.top(one, other, NAMES, 3)
    monkeypatch.setattr("tokalign.pairs.split._ROWS", 7)
    monkeypatch.setattr("tokalign.pairs.split._PAIRS", 2)
    np.testing.assert_allclose(split.contributions(one, other), found, atol=1e-12)
    again = split.top(one, other, NAMES, 3)
    assert again.drop(columns="share").equals(table.drop(columns="share"))


def test_sums_over_sets_of_tokens(
    wrap: Callable[..., Embeddings], head: Callable[..., Head]
) -> None:
    one, other = map(wrap, drawn(3, n=2))
    split = TokenSplit.of(head(rows=10))
    whole = split.contributions(one, other)
    # Ids are 3 * row + 1; 2 and 1000 are of no row.
    sets = [[np.array([1, 7]), np.array([2, 1000, 28])], [np.array([], int), np.arange(0, 40)]]
    found = split.sums(one, other, sets)
    assert found[0] == pytest.approx([whole[0, [0, 2]].sum(), whole[0, 9]])
    assert found[1] == pytest.approx([0.0, whole[1].sum()])
    with pytest.raises(TokalignError, match="token sets of 1 pairs for 2"):
        split.sums(one, other, sets[:1])


def test_the_top_is_that_of_the_whole(
    wrap: Callable[..., Embeddings], head: Callable[..., Head]
) -> None:
    one, other = map(wrap, drawn(4))
    split = TokenSplit.of(head())
    whole, table = split.contributions(one, other), split.top(one, other, NAMES, 4)
    for (pair, side), rows in table.groupby(["pair", "side"]):
        order = np.argsort(whole[pair])[:: -1 if side == "adds" else 1][:4]
        assert rows["id"].tolist() == (3 * order + 1).tolist()
        assert rows["token"].tolist() == [f"t{i}" for i in rows["id"]]
        assert rows["share"].tolist() == pytest.approx(whole[pair, order].tolist())
    with pytest.raises(TokalignError, match="k must be at least 1"):
        split.top(one, other, NAMES, 0)


def test_forms_are_added_up(wrap: Callable[..., Embeddings], head: Callable[..., Head]) -> None:
    one, other = map(wrap, drawn(5, n=1))
    split = TokenSplit.of(head(rows=7))
    of = np.full(20, -1, dtype=np.int32)
    of[[1, 10, 13]], of[[4, 7]] = 0, 1
    forms = VocabularyForms(of, {"hot": 0, "cold": 1})
    table = split.top(one, other, NAMES, 5, forms=forms)
    whole = split.contributions(one, other)[0]
    expected = {1: whole[[0, 3, 4]].sum(), 4: whole[[1, 2]].sum()}
    for _, rows in table.groupby("side"):
        assert dict(zip(rows["id"], rows["share"], strict=True)) == pytest.approx(expected)


def test_a_real_head(tiny: Embedder, tiny_head: Head, few: MarkedPairs) -> None:
    first, second = pair_vectors(tiny, few.first, few.second)
    found = TokenSplit.of(tiny_head).contributions(first, second)
    for row, a, b in zip(found, first.vectors, second.vectors, strict=True):
        expected = plain(tiny_head.matrix.numpy(), a, b) / np.linalg.norm(a) / np.linalg.norm(b)
        np.testing.assert_allclose(row, expected, atol=1e-6)


def test_heads_that_split_nothing_are_refused(
    wrap: Callable[..., Embeddings], head: Callable[..., Head]
) -> None:
    for more in ({"bias": torch.ones(30)}, {"soft_cap": 5.0}, {"transform": torch.relu}):
        with pytest.raises(TokalignError, match="only a linear head splits one"):
            TokenSplit.of(head(**more))
    with pytest.raises(TokalignError, match="5 rows of head of x span 5 of 6 dimensions"):
        TokenSplit.of(head(rows=5))
    flat = head()
    flat = replace(flat, matrix=flat.matrix * torch.tensor([1.0, 1, 0, 1, 1, 0]))
    with pytest.raises(TokalignError, match="span 4 of 6 dimensions"):
        TokenSplit.of(flat)
    split = TokenSplit.of(head())
    with pytest.raises(TokalignError, match="1 first vectors for 2"):
        split.contributions(wrap(np.ones((1, 6))), wrap(np.ones((2, 6))))
    with pytest.raises(TokalignError, match="width"):
        split.contributions(wrap(np.ones((1, 5))), wrap(np.ones((1, 5))))
