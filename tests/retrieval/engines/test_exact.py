"""The exact engine against a dense reimplementation, and what it costs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tokalign.retrieval import Ranker
from tokalign.retrieval.engines import ExactEngine, postings_touched
from tokalign.retrieval.engines import exact as module
from tokalign.retrieval.sparse import SparseVectors, sparse_vectors

WEIGHTS = st.integers(0, 2)


@st.composite
def matrices(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Documents and queries of small whole numbers: most scores are level with others."""
    n, queries, columns = (draw(st.integers(1, most)) for most in (14, 3, 5))
    return (
        draw(arrays(np.float32, (n, columns), elements=WEIGHTS)),
        draw(arrays(np.float32, (queries, columns), elements=WEIGHTS)),
    )


def ranked(engine: ExactEngine, documents: SparseVectors, queries: np.ndarray, top: int) -> list:
    engine.add(documents)
    return [list(found.items()) for found in engine.search(sp.csr_array(queries), top)]


@given(matrices(), st.integers(1, 20), st.integers(1, 16), st.randoms(use_true_random=False))
def test_a_ranking_is_a_plain_sort_whatever_the_blocks_and_the_order(
    made, top, block, random
) -> None:
    documents, queries = made
    ids = [f"d{i}" for i in range(len(documents))]
    expected = []
    for scores in queries @ documents.T:
        hits = zip(ids, map(float, scores), strict=True)
        expected.append(sorted((h for h in hits if h[1] > 0), key=lambda h: (-h[1], h[0]))[:top])
    order = list(range(len(ids)))
    random.shuffle(order)
    moved = sparse_vectors([ids[i] for i in order], documents[order])
    # Groups of two scores, so that the bound is used on so few documents.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_GROUPS", 1)
        assert ranked(ExactEngine(block), moved, queries, top) == expected
    assert ranked(ExactEngine(), sparse_vectors(ids, documents), queries, top) == expected


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_the_bound_never_loses_a_document(seed: int, top: int) -> None:
    generator = np.random.default_rng(seed)
    scores = generator.integers(0, 4, generator.integers(1, 200)).astype(np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_GROUPS", 4)
        rows = module._candidates(scores, top, above=0.0)
    kept = Ranker([f"{i:03}" for i in range(len(scores))], top).rank(scores, above=0.0)
    assert {f"{row:03}" for row in rows} >= set(kept)


def test_many_documents_agree_with_the_plain_ranking(drawn, plain) -> None:
    case = drawn(n=20_000, columns=60, queries=6)
    expected = plain(case, 10)
    for block in (module.BLOCK, 5_000):
        engine = ExactEngine(block)
        engine.add(case.documents)
        found = engine.search(case.queries, 10)
        assert [list(f.items()) for f in found] == [list(e.items()) for e in expected]


def test_scores_are_those_of_float64_rounded(real, plain) -> None:
    engine = ExactEngine(block=100)
    engine.add(real.documents)
    few = replace(real, queries=real.queries[:20])
    found = engine.search(few.queries, 20)
    assert [list(f.items()) for f in found] == [list(e.items()) for e in plain(few, 20)]


def test_never_more_cells_than_a_block(drawn, monkeypatch) -> None:
    seen: list[int] = []
    whole = module._candidates
    monkeypatch.setattr(
        module, "_candidates", lambda s, *more: (seen.append(len(s)), whole(s, *more))[1]
    )
    case = drawn(n=25)
    engine = ExactEngine(block=10)
    engine.add(case.documents)
    engine.search(case.queries, 3)
    assert set(seen) == {10, 5}


def test_postings_are_counted_one_by_one(drawn) -> None:
    case = drawn()
    documents, queries = case.documents.matrix.toarray(), case.queries.toarray()
    queries[1, 3] = 7.0
    counted = [
        sum(1 for column in np.flatnonzero(query) for weight in documents[:, column] if weight)
        for query in queries
    ]
    assert postings_touched(sp.csr_array(queries), case.documents).tolist() == counted
    stored = sp.csr_array(queries)
    stored.data[:] = 0
    assert not postings_touched(stored, case.documents).any()
    with pytest.raises(ValueError, match="queries"):
        postings_touched(sp.csr_array((1, 3)), case.documents)
