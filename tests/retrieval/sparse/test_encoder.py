"""Sparse vectors against plain reimplementations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tokalign.errors import TokalignError
from tokalign.retrieval.sparse import PUBLISHED, SparseEncoder, SparseSettings, mean_of

seeds = st.integers(0, 10_000)
QUERIES = ["game the", "The", "", "games games"]


def dense(matrix: Any) -> np.ndarray:
    found: np.ndarray = matrix.toarray()
    return found


def plain_documents(logits: np.ndarray, k: int) -> np.ndarray:
    """The published recipe: top K by logit, logits as weights, none negative."""
    made = np.zeros_like(logits)
    for row, out in zip(logits, made, strict=True):
        best = sorted(range(len(row)), key=lambda t: -row[t])[:k]
        out[best] = np.maximum(row[best], 0)
    return made


@given(seeds, st.integers(1, 12))
def test_documents_are_those_of_the_published_recipe(
    head: Any, vectors: Any, tokenizer: Any, seed: int, k: int
) -> None:
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(10, 4)).astype("f")
    own, given_ = head(), vectors(given=random.normal(size=(5, 4)))
    own = type(own)("x", torch.from_numpy(matrix), own.ids, 4)
    made = SparseEncoder(own, tokenizer, SparseSettings(k=k)).documents(given_)
    np.testing.assert_allclose(
        dense(made), plain_documents(given_.vectors @ matrix.T, k), rtol=1e-5, atol=1e-6
    )
    assert made.has_canonical_format
    assert made.dtype == np.float32


@given(seeds, st.integers(0, 12))
def test_queries_are_their_own_tokens_and_the_first_m(
    head: Any, vectors: Any, tokenizer: Any, seed: int, m: int
) -> None:
    random = np.random.default_rng(seed)
    given_ = vectors(given=random.normal(size=(len(QUERIES), 4)))
    encoder = SparseEncoder(head(seed), tokenizer, SparseSettings(expand=m))
    wanted = (plain_documents(given_.vectors @ head(seed).matrix.numpy().T, m) > 0).astype("f")
    for row, text in zip(wanted, QUERIES, strict=True):
        for word in text.split():
            row[tokenizer.words.index(f" {word}")] = 1.0
    np.testing.assert_array_equal(dense(encoder.queries(given_, QUERIES)), wanted)


def test_weighted_queries_give_a_share_of_the_best_logit(
    head: Any, vectors: Any, tokenizer: Any
) -> None:
    settings = SparseSettings(expand=3, query_weights="logit")
    given_ = vectors(n=len(QUERIES))
    made = dense(SparseEncoder(head(), tokenizer, settings).queries(given_, QUERIES))
    logits = plain_documents(given_.vectors @ head().matrix.numpy().T, 3)
    own = dense(SparseEncoder(head(), tokenizer, settings).literal(QUERIES))
    for row, own_row, made_row in zip(logits, own, made, strict=True):
        wanted = np.maximum(row / max(row.max(), 1e-9), own_row)
        np.testing.assert_allclose(sorted(made_row), sorted(wanted), rtol=1e-6)
    assert made.max() == 1.0


@pytest.mark.parametrize(("merge", "count"), [("none", 10), ("case", 7), ("stem", 6)])
def test_a_merged_column_has_the_best_of_its_tokens(
    head: Any, vectors: Any, tokenizer: Any, merge: Any, count: int
) -> None:
    encoder = SparseEncoder(head(), tokenizer, SparseSettings(k=10, merge=merge))
    logits = vectors().vectors @ head().matrix.numpy().T
    made = dense(encoder.documents(vectors()))
    assert made.shape == (5, count)
    for column in range(count):
        tokens = np.flatnonzero(encoder.columns.of == column)
        np.testing.assert_array_equal(made[:, column], np.maximum(logits[:, tokens].max(1), 0))


def test_centring_takes_the_mean_off_and_saturation_is_a_logarithm(
    head: Any, vectors: Any, tokenizer: Any
) -> None:
    given_, own = vectors(), head()
    settings = SparseSettings(k=10, centre=True, saturation="log")
    made = SparseEncoder(own, tokenizer, settings, mean_of(own, given_)).documents(given_)
    moved = given_.vectors - given_.vectors.mean(axis=0)
    logits = np.maximum(moved @ own.matrix.numpy().T, 0)
    np.testing.assert_allclose(dense(made), np.log1p(logits), rtol=1e-5, atol=1e-6)
    for wrong in (None, np.zeros(4, "f")):
        with pytest.raises(TokalignError, match="need the mean"):
            SparseEncoder(own, tokenizer, settings.changed(centre=wrong is None), wrong)


def test_a_cosine_head_scores_by_angles_without_bias(
    head: Any, vectors: Any, tokenizer: Any
) -> None:
    own = head(bias=torch.full((10,), 100.0))
    made = SparseEncoder(own, tokenizer, SparseSettings(cosine_head=True)).documents(vectors())
    rows = own.matrix.numpy() - own.matrix.numpy().mean(axis=0)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    wanted = np.maximum(vectors().vectors @ rows.T, 0)
    np.testing.assert_allclose(dense(made), wanted, rtol=1e-5, atol=1e-6)


@given(seeds, st.permutations(range(5)))
def test_the_order_of_documents_does_not_matter(
    head: Any, vectors: Any, tokenizer: Any, seed: int, order: list[int]
) -> None:
    encoder = SparseEncoder(head(seed), tokenizer, SparseSettings(k=10))
    made, moved = vectors(seed), vectors(seed).select(np.array(order))
    np.testing.assert_array_equal(
        dense(encoder.documents(made))[order], dense(encoder.documents(moved))
    )


def test_what_does_not_fit_is_refused(head: Any, vectors: Any, tokenizer: Any) -> None:
    encoder = SparseEncoder(head(), tokenizer, PUBLISHED)
    with pytest.raises(TokalignError, match="2 queries for 5 vectors"):
        encoder.queries(vectors(), ["game", "the"])
    spoilt = vectors(given=np.full((1, 4), np.inf))
    with pytest.raises(TokalignError, match="not finite"):
        encoder.documents(spoilt)
    with pytest.raises(TokalignError, match="no vector"):
        mean_of(head(), vectors(given=np.zeros((0, 4))))
