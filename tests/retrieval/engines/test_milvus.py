"""Milvus: what is kept between runs, what is refused, and what is never shown."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from tokalign.errors import TokalignError
from tokalign.retrieval.engines import MilvusEngine, engine_by_name
from tokalign.retrieval.engines import milvus as module
from tokalign.retrieval.engines.rescoring import Rescorer
from tokalign.retrieval.sparse import sparse_vectors

installed = pytest.mark.skipif(
    find_spec("pymilvus") is None or find_spec("milvus_lite") is None,
    reason="needs the extra milvus",
)
DOCUMENTS = sparse_vectors(["b", "a", "c"], np.array([[1.0, 0], [1, 2], [0, 0]]))
QUERY = sp.csr_array([[1.0, 1.0]])


@pytest.fixture
def place(tmp_path: Path) -> str:
    return str(tmp_path / "index.db")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of a server: milvus-lite answering over the network."""
    start = import_module("milvus_lite.adapter.grpc.server").start_server_in_thread
    running, database, port = start(str(tmp_path / "data"))
    yield f"http://127.0.0.1:{port}"
    running.stop(grace=0)
    database.close()


@installed
def test_documents_are_sent_once(place: str, monkeypatch) -> None:
    first = MilvusEngine(place)
    first.add(DOCUMENTS)
    found = first.search(QUERY, 5)
    first.close()
    monkeypatch.setattr(module, "_entity", None)
    moved = sparse_vectors(["a", "c", "b"], np.array([[1.0, 2], [0, 0], [1, 0]]))
    again = MilvusEngine(place)
    again.add(moved)
    assert again.search(QUERY, 5) == found == [{"a": 3.0, "b": 1.0}]
    again.close()


@installed
def test_what_was_interrupted_is_begun_anew(place: str, monkeypatch) -> None:
    monkeypatch.setattr(module, "_ROWS", 1)
    whole, sent = module._entity, []

    def stops(matrix, row):
        if sent:
            raise KeyboardInterrupt
        sent.append(row)
        return whole(matrix, row)

    monkeypatch.setattr(module, "_entity", stops)
    engine = MilvusEngine(place)
    with pytest.raises(KeyboardInterrupt):
        engine.add(DOCUMENTS)
    monkeypatch.setattr(module, "_entity", whole)
    engine.add(DOCUMENTS)
    assert engine.search(QUERY, 5) == [{"a": 3.0, "b": 1.0}]
    assert engine._client.list_collections() == [module._name(Rescorer(DOCUMENTS, 0.0))]
    engine.close()


def test_a_collection_is_named_after_what_it_holds() -> None:
    matrices = np.array([[1.0, 0]]), np.array([[1.0, 2]]), np.array([[1.0, 0, 0]])
    made = [sparse_vectors(["a"], m) for m in matrices]
    made += [sparse_vectors(["b"], matrices[0])]
    assert len({module._name(Rescorer(m, 0.0)) for m in made}) == 4


@installed
def test_a_server_serves_several(server: str, drawn, plain) -> None:
    case = drawn(n=100)
    expected = [list(e.items()) for e in plain(case, 5)]
    for _ in range(2):
        engine = engine_by_name(f"milvus:{server}")
        assert isinstance(engine, MilvusEngine)
        engine.add(case.documents)
        assert [list(f.items()) for f in engine.search(case.queries, 5)] == expected
        engine.close()


@installed
def test_a_server_that_does_not_answer(monkeypatch) -> None:
    monkeypatch.setenv("MILVUS_TOKEN", "very-secret")
    with pytest.raises(TokalignError, match=r"Milvus at http://127\.0\.0\.1:9: ") as caught:
        engine_by_name("milvus:http://127.0.0.1:9")
    assert "very-secret" not in str(caught.value)


@installed
def test_a_folder_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(TokalignError, match=r"Milvus at .*not exist"):
        MilvusEngine(str(tmp_path / "missing" / "index.db"))


@installed
def test_a_file_that_is_no_database(place: str) -> None:
    Path(place).write_text("no database")
    with pytest.raises(TokalignError, match="Milvus at "):
        MilvusEngine(place)


def test_a_password_in_the_address_is_neither_taken_nor_shown() -> None:
    with pytest.raises(TokalignError, match="MILVUS_TOKEN") as caught:
        MilvusEngine("https://user:very-secret@host:19530")
    assert "very-secret" not in str(caught.value)


@pytest.mark.parametrize("uri", ["", "index", "index.db2", "http://", "ftp://host:1", "http:x.db"])
def test_addresses_of_another_form(uri: str) -> None:
    with pytest.raises(TokalignError, match=r"allowed: a file ending in \.db"):
        MilvusEngine(uri)


def test_libraries_that_are_missing_or_too_old(place: str, monkeypatch) -> None:
    monkeypatch.setattr(module, "import_module", lambda name: object())
    monkeypatch.setattr(module, "version", lambda name: "3.2.1")
    with pytest.raises(TokalignError, match=r"3\.2\.1 scores sparse vectors wrongly.*3\.2\.2"):
        MilvusEngine(place)

    def missing(name: str) -> object:
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(module, "import_module", missing)
    with pytest.raises(TokalignError, match=r"pymilvus is not.*pip install 'tokalign\[milvus\]'"):
        MilvusEngine(place)
