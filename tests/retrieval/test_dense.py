"""Dense search against a plain product; prompts, blanks, blocks and ties."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from checkpoints import TEXTS
from hypothesis import given
from hypothesis import strategies as st

from tokalign.errors import TokalignError
from tokalign.retrieval import DenseVectors, dense_search, embed_collection


def vectors(seed: int, q: int = 3, d: int = 9, width: int = 4) -> DenseVectors:
    random = np.random.default_rng(seed)
    queries, documents = random.normal(size=(q, width)), random.normal(size=(d, width))
    ids = tuple(f"q{i}" for i in range(q)), tuple(f"d{i}" for i in range(d))
    return DenseVectors(ids[0], queries.astype("f"), ids[1], documents.astype("f"))


@given(st.integers(0, 10_000), st.sampled_from(["cosine", "dot"]), st.integers(1, 12))
def test_the_plain_product_whatever_the_blocks(seed: int, similarity: Any, block: int) -> None:
    given_ = vectors(seed)
    run = dense_search(given_, "x", similarity=similarity, top=None, documents_at_a_time=block)
    for query, row in zip(given_.query_ids, given_.queries.astype(np.float64), strict=True):
        found = run.rankings[query]
        assert len(found) == 9
        for doc, other in zip(given_.doc_ids, given_.documents.astype(np.float64), strict=True):
            length = 1.0 if similarity == "dot" else np.linalg.norm(row) * np.linalg.norm(other)
            assert found[doc] == pytest.approx(row @ other / length, abs=1e-6)
    assert dense_search(given_, "x", similarity=similarity, top=4) == dense_search(
        given_, "x", similarity=similarity, top=None
    ).top(4)


def test_cosine_knows_no_length_and_dot_does() -> None:
    given_ = vectors(1)
    longer = given_.changed(lambda x: x * np.arange(1, len(x) + 1)[:, None])
    assert dense_search(given_, "x", top=1) == dense_search(longer, "x", top=1)
    assert dense_search(given_, "x", similarity="dot") != dense_search(
        longer, "x", similarity="dot"
    )


def test_equal_documents_score_equally_wherever_they_stand() -> None:
    random = np.random.default_rng(0)
    one = random.normal(size=(1, 61)).astype("f")
    documents = np.concatenate([one, random.normal(size=(200, 61)).astype("f"), one, one])
    ids = tuple(f"d{i}" for i in range(203))
    found = dense_search(DenseVectors(("q",), one, ids, documents), "x", documents_at_a_time=37)
    first = list(found.rankings["q"].items())[:3]
    assert [doc for doc, _ in first] == ["d0", "d201", "d202"]
    assert len({score for _, score in first}) == 1


def test_a_vector_of_zeros_scores_zero() -> None:
    made = DenseVectors(("q",), np.ones((1, 2)), ("a", "b"), np.array([[0.0, 0.0], [-1.0, 0.0]]))
    assert next(iter(dense_search(made, "x").rankings["q"].values())) == 0.0


def test_refusals() -> None:
    with pytest.raises(TokalignError, match="unknown similarity 'cosin': did you mean cosine"):
        dense_search(vectors(0), "x", similarity="cosin")  # type: ignore[arg-type]
    with pytest.raises(TokalignError, match="not finite"):
        dense_search(vectors(0).changed(lambda x: x * np.inf), "x")
    with pytest.raises(ValueError, match="differ in width"):
        DenseVectors(("q",), np.ones((1, 2)), ("a",), np.ones((1, 3)))
    with pytest.raises(ValueError, match="2 identifiers"):
        DenseVectors(("q", "r"), np.ones((1, 2)), ("a",), np.ones((1, 2)))


def test_each_side_is_read_by_its_prompt_and_blanks_are_left_out(embedder, collection) -> None:
    data = collection(
        docs={"d1": TEXTS[0], "d2": "  ", "d3": TEXTS[3]},
        queries={"q1": TEXTS[1], "q2": ""},
        qrels={"q1": {"d1": 1}, "q2": {"d3": 1}},
    )
    made = embed_collection(embedder, data)
    assert (made.query_ids, made.doc_ids) == (("q1",), ("d1", "d3"))
    asked = embedder.encode([TEXTS[1]], prompt_name="query").vectors
    np.testing.assert_allclose(made.queries, asked, atol=1e-6)
    assert np.abs(made.queries - embedder.encode([TEXTS[1]]).vectors).max() > 1e-3
    # There is no prompt for documents, so they are read as they are.
    plain = embedder.encode([TEXTS[0], TEXTS[3]])
    np.testing.assert_allclose(made.documents, plain.vectors, atol=1e-6)
    own = embed_collection(embedder, data, own_length=True)
    np.testing.assert_allclose(own.documents, plain.unnormalised().vectors, rtol=1e-5)
    assert dense_search(own, "x").rankings["q1"] == pytest.approx(
        dense_search(made, "x").rankings["q1"], abs=1e-6
    )


def test_a_collection_of_blanks_is_refused(embedder, collection) -> None:
    with pytest.raises(TokalignError, match="no document that is not blank"):
        embed_collection(embedder, collection(docs={"d1": "", "d2": " "}))
