"""What every engine promises, and the names that people write."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from tokalign.errors import TokalignError
from tokalign.retrieval.engines import Engine, ExactEngine, MilvusEngine, engine_by_name
from tokalign.retrieval.engines import seismic as seismic_module
from tokalign.retrieval.sparse import sparse_vectors

SEISMIC = pytest.param(
    "seismic",
    marks=pytest.mark.skipif(find_spec("seismic") is None, reason="needs the extra seismic"),
)
MILVUS = pytest.param(
    "milvus:FOLDER/test.db",
    marks=pytest.mark.skipif(
        find_spec("pymilvus") is None or find_spec("milvus_lite") is None,
        reason="needs the extra milvus",
    ),
)


@pytest.fixture(params=["exact", SEISMIC, MILVUS])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    made = engine_by_name(request.param.replace("FOLDER", str(tmp_path)))
    yield made
    if isinstance(made, MilvusEngine):
        made.close()


@pytest.mark.parametrize("top", [1, 10, 1000])
def test_engines_agree_with_the_plain_ranking(engine, drawn, plain, top) -> None:
    case = drawn()
    engine.add(case.documents)
    found = engine.search(case.queries, top)
    expected = plain(case, top)
    assert found[0] == {}
    assert [list(f.items()) for f in found] == [list(e.items()) for e in expected]


def test_engines_find_the_best_of_real_vectors(engine, real) -> None:
    exact = ExactEngine()
    exact.add(real.documents)
    engine.add(real.documents)
    found, best = engine.search(real.queries, 10), exact.search(real.queries, 10)
    shared = [len(f.keys() & b.keys()) / len(b) for f, b in zip(found, best, strict=True) if b]
    assert len(shared) == 200
    assert np.mean(shared) >= 0.999
    for mine, theirs in zip(found, best, strict=True):
        # A score is exact to the bit, whoever found the document.
        assert all(mine[i] == theirs[i] for i in mine.keys() & theirs.keys())
        assert list(mine.items()) == sorted(mine.items(), key=lambda hit: (-hit[1], hit[0]))


def test_engines_find_the_best_of_random_vectors(engine, drawn) -> None:
    case = drawn(n=1000, columns=200, queries=30)
    documents = case.documents.matrix
    # No two weights alike, so that few scores are.
    documents.data *= np.random.default_rng(1).uniform(0.8, 1.2, documents.nnz).astype("f")
    exact = ExactEngine()
    exact.add(case.documents)
    engine.add(case.documents)
    both = zip(engine.search(case.queries, 10), exact.search(case.queries, 10), strict=True)
    assert np.mean([len(f.keys() & b.keys()) / len(b) for f, b in both if b]) >= 0.999


def test_level_documents_go_by_identifier_however_many(engine) -> None:
    ids = [str(i) for i in range(200)]
    engine.add(sparse_vectors(ids, np.ones((200, 2))))
    assert list(engine.search(sp.csr_array([[1.0, 0.5]]), 3)[0].items()) == [
        ("0", 1.5), ("1", 1.5), ("10", 1.5),
    ]  # fmt: skip


def test_documents_without_weights_are_never_found(engine) -> None:
    engine.add(sparse_vectors(["a", "b"], np.zeros((2, 3))))
    assert engine.search(sp.csr_array([[1.0, 0, 2]]), 5) == [{}]


def test_no_documents_and_no_queries(engine) -> None:
    engine.add(sparse_vectors([], np.zeros((0, 3))))
    assert engine.search(sp.csr_array([[1.0, 0, 2]]), 5) == [{}]
    assert engine.search(sp.csr_array((0, 3)), 5) == []


def test_what_engines_refuse(engine) -> None:
    documents = sparse_vectors(["a"], np.array([[1.0, 2]]))
    with pytest.raises(ValueError, match="no documents yet"):
        engine.search(sp.csr_array([[1.0, 0]]), 1)
    engine.add(documents)
    with pytest.raises(ValueError, match="already"):
        engine.add(documents)
    with pytest.raises(ValueError, match="2 columns"):
        engine.search(sp.csr_array([[1.0]]), 1)
    with pytest.raises(TokalignError, match="at least 1, not 0"):
        engine.search(sp.csr_array([[1.0, 0]]), 0)
    for weight in (-1.0, np.nan, np.inf):
        with pytest.raises(TokalignError, match="negative or not finite"):
            engine.search(sp.csr_array([[weight, 1.0]]), 1)


def test_queries_may_come_unsorted_and_repeated(engine) -> None:
    engine.add(sparse_vectors(["a", "b"], np.array([[1.0, 0, 2], [0, 3, 0]])))
    query = sp.csr_array((np.ones(4), np.array([2, 0, 2, 1]), np.array([0, 4])), shape=(1, 3))
    assert engine.search(query, 5) == [{"a": 5.0, "b": 3.0}]


@pytest.mark.parametrize("written", ["exakt", "milvus", "", "exact:1"])
def test_unknown_engines(written: str) -> None:
    with pytest.raises(TokalignError, match=r"unknown engine.*milvus:FILE\.db"):
        engine_by_name(written)


def test_seismic_that_is_missing_or_another(monkeypatch) -> None:
    def missing(name: str) -> object:
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(seismic_module, "import_module", missing)
    with pytest.raises(TokalignError, match=r"pip install 'tokalign\[seismic\]'"):
        engine_by_name("seismic")
    monkeypatch.setattr(seismic_module, "import_module", lambda name: object())
    with pytest.raises(TokalignError, match="is not pyseismic-lsr"):
        engine_by_name("seismic")
