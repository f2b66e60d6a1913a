"""Exported vectors, read back by plain code and scored as Lucene would."""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from tokalign.errors import TokalignError
from tokalign.retrieval import Ranker, export
from tokalign.retrieval.export import export_vectors, exported_names, whole_weights
from tokalign.retrieval.sparse import SparseVectors, sparse_vectors

# Names as tokenizers have them: blanks of all kinds, the same one twice, none, a very long one.
NAMES = [" game", "game", "\n", "a\tb", "100%", "\ufffd", "\ufffd", "", "\u00a0x", " " * 90, "ö"]


def collection(seed: int = 0, count: int = 17) -> tuple[SparseVectors, sp.csr_array]:
    random = np.random.default_rng(seed)
    full = random.exponential(size=(count + 4, len(NAMES)))
    full[random.random(full.shape) < 0.5] = 0
    full[3] = full[count + 1] = 0
    made = sparse_vectors([f"d{i}" for i in range(count)], full[:count])
    return made, sparse_vectors([str(i) for i in range(4)], full[count:]).matrix


def read_documents(folder: Path) -> dict[str, dict[str, int]]:
    found = {}
    for path in sorted((folder / "documents").iterdir()):
        raw = path.read_bytes()
        for line in (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode().split("\n"):
            if line:
                record = json.loads(line)
                found[record["id"]] = record["vector"]
    return found


def read_queries(folder: Path) -> dict[str, Counter[str]]:
    lines = (folder / "queries.tsv").read_text("utf-8").split("\n")[:-1]
    return {line.split("\t")[0]: Counter(line.split("\t")[1].split()) for line in lines}


@pytest.mark.parametrize("compressed", [False, True])
def test_read_back_it_ranks_as_the_whole_weights_do(tmp_path: Path, compressed: bool) -> None:
    documents, queries = collection()
    folder = tmp_path / "out"
    made = export_vectors(
        documents, NAMES, folder, queries=queries, query_ids=["q0", "q1", "q2", "q3"],
        lines=5, compressed=compressed,
    )  # fmt: skip
    assert len(made.files) == 4
    assert sorted(made.files) == sorted(
        f"documents/{path.name}" for path in (folder / "documents").iterdir()
    )
    vectors, asked = read_documents(folder), read_queries(folder)
    assert list(vectors) == list(documents.ids)
    # The second query has no weight: it is left out, as its line would be no topic.
    assert list(asked) == ["q0", "q2", "q3"]
    whole = [whole_weights(m).toarray() for m in (documents.matrix, queries)]
    ranker = Ranker(documents.ids, None)
    for number in (0, 2, 3):
        # Lucene counts whatever stands between blanks, so the file's own tokens are counted.
        scores = [
            sum(weight * asked[f"q{number}"][token] for token, weight in vectors[doc].items())
            for doc in documents.ids
        ]
        expected = whole[0] @ whole[1][number]
        divisor = np.gcd.reduce(whole[1][number])
        assert (np.array(scores) * divisor == expected).all()
        assert list(ranker.rank(np.array(scores, dtype=float), 0.0)) == list(
            ranker.rank(expected.astype(float), 0.0)
        )


def test_what_a_file_holds(tmp_path: Path) -> None:
    documents = sparse_vectors(["a", "b"], np.array([[0.001, 2.5], [0, 0]]))
    queries = sp.csr_array(np.array([[0.5, 1.5], [1, 1]], dtype=np.float32))
    folder = tmp_path / "out"
    made = export_vectors(
        documents, [" x", "ö"], folder, queries=queries, query_ids=["1", "2"],
        contents=["line\nend", ""],
    )  # fmt: skip
    lines = (folder / "documents/0000.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [
        {"id": "a", "contents": "line\nend", "vector": {"%20x": 1, "ö": 250}},
        {"id": "b", "contents": "", "vector": {}},
    ]
    # 50 and 150, 100 and 100, by their greatest common divisors.
    assert (folder / "queries.tsv").read_text("utf-8") == "1\t%20x ö ö ö\n2\t%20x ö\n"
    said = json.loads((folder / "export.json").read_text("utf-8"))
    assert said["factor"] == made.factor == 100
    assert (said["documents"], said["queries"]) == (made.documents, made.queries) == (2, 2)
    assert "--impact --pretokenized" in said["index"]
    assert os.listdir(tmp_path) == ["out"]


def test_the_same_vectors_give_the_same_bytes(tmp_path: Path) -> None:
    documents, _ = collection(1)
    for name in ("one", "two"):
        export_vectors(documents, NAMES, tmp_path / name, compressed=True)
    one, two = ((tmp_path / n / "documents/0000.jsonl.gz").read_bytes() for n in ("one", "two"))
    assert one == two
    assert not (tmp_path / "one/queries.tsv").exists()


def test_a_failure_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    documents, _ = collection()

    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(export.os, "fsync", full)
    with pytest.raises(TokalignError, match="cannot be written: no space left"):
        export_vectors(documents, NAMES, tmp_path / "out")
    assert os.listdir(tmp_path) == []


@given(st.lists(st.text(max_size=6) | st.sampled_from(NAMES), max_size=12))
def test_names_are_safe_and_can_be_read_back(names: list[str]) -> None:
    made = exported_names(names)
    assert len(set(made)) == len(made) == len(names)
    for name, written in zip(names, made, strict=True):
        assert written.split() == [written]
        assert written.isprintable()
        assert len(written) <= 120
        if "%%" not in written:
            assert unquote(written) == name
        else:
            assert names.count(name) > 1 or not name or len(name) > 6


@given(st.lists(st.floats(2**-20, 2**14, width=32), max_size=8), st.floats(0.01, 1000))
def test_no_weight_vanishes(weights: list[float], factor: float) -> None:
    row = sp.csr_array(np.array([weights], dtype=np.float32).reshape(1, -1))
    whole = whole_weights(row, factor)
    assert (whole.data >= 1).all()
    assert (whole.indices == row.indices).all()
    exact = row.data.astype(np.float64) * factor
    assert (np.abs(whole.data - exact) <= np.where(exact < 0.5, 1, 0.5 + 1e-9 * exact)).all()
    assert (np.diff(whole.data[np.argsort(row.data)]) >= 0).all()


def test_refusals(tmp_path: Path) -> None:
    documents, queries = collection()
    ids = ["q0", "q1", "q2", "q3"]

    def refused(message: str, folder: str = "out", **changes: object) -> None:
        given_ = {"names": NAMES, "queries": queries, "query_ids": ids, **changes}
        with pytest.raises(TokalignError, match=message):
            export_vectors(documents, folder=tmp_path / folder, **given_)  # type: ignore[arg-type]

    refused("10 names", names=NAMES[:10])
    refused("3 identifiers", query_ids=ids[:3])
    refused("occurs twice", query_ids=["q0", "q0", "q1", "q2"])
    refused("'a b' cannot name a query", query_ids=["a b", "q1", "q2", "q3"])
    refused("'' cannot name a query", query_ids=["", "q1", "q2", "q3"])
    refused("cannot name a query", query_ids=["a\tb", "q1", "q2", "q3"])
    refused("1 contents for 17 documents", contents=["x"])
    refused("allowed: above 0", factor=0)
    refused("at least 1, not 0", lines=0)
    (tmp_path / "there").mkdir()
    refused("is there already", folder="there")
    (tmp_path / "file").touch()
    refused("cannot be written", folder="file/out")
    assert sorted(os.listdir(tmp_path)) == ["file", "there"]
