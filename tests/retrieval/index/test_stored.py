"""Loading, refusing, searching and explaining, against plain products."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tokalign.embedders import Embedder
from tokalign.errors import TokalignError
from tokalign.retrieval.index import SparseIndex, read_documents
from tokalign.retrieval.run import Ranker
from tokalign.retrieval.sparse import SparseEncoder

QUERIES = ["moon river", "gold", "", "zzz"]
EVERY = [
    {},
    {"idf": True, "query_weights": "logit"},
    {"centre": True, "cosine_head": True, "bits": 8},
    {"bits": 8, "idf": True, "merge": "stem", "saturation": "log"},
]


@pytest.mark.parametrize("settings", EVERY)
def test_a_search_is_a_plain_product(build, embedder, head, settings) -> None:
    index = SparseIndex.load(build(**settings).folder, verify=True)
    about = index.description
    encoder = SparseEncoder(head, embedder.tokenizer, about.settings, index.mean)
    documents = index.matrix.toarray().astype(np.float64) * about.step
    vectors = embedder.encode(QUERIES)
    queries = encoder.queries(vectors, QUERIES).toarray().astype(np.float64)
    queries[2] = 0  # blank
    if about.settings.idf:
        # Four of the six documents have text.
        n = (documents > 0).sum(axis=0)
        queries *= np.log(1 + (4 - n + 0.5) / (n + 0.5))
    run = index.search(QUERIES, embedder, head)
    assert list(run.rankings) == ["1", "2", "3", "4"]
    assert run.rankings["3"] == {}
    ranker = Ranker(index.ids)
    for row, found in zip(queries @ documents.T, run.rankings.values(), strict=True):
        assert found == pytest.approx(ranker.rank(row, 0.0), rel=1e-5)
    assert any(run.rankings.values())
    named = index.search(QUERIES, embedder, head, top=1, ids=list("abcd"))
    assert named.rankings == dict(zip("abcd", run.top(1).rankings.values(), strict=True))


@pytest.mark.parametrize("settings", EVERY)
@pytest.mark.parametrize("expand", [None, 0, 2])
def test_what_is_explained_adds_up_to_the_score(build, embedder, head, settings, expand) -> None:
    index = build(**settings)
    for query in QUERIES[:2]:
        ranking = index.search([query], embedder, head, expand=expand).rankings["1"]
        shared = index.explain(query, list(ranking), embedder, head, expand=expand)
        assert list(shared) == list(ranking)
        own = set(embedder.tokenizer.tokenize(query))
        for name, found in shared.items():
            assert sum(match.product for match in found) == pytest.approx(ranking[name], rel=1e-5)
            assert all(match.product == match.query * match.document for match in found)
            products = [match.product for match in found]
            assert products == sorted(products, reverse=True)
            for match in found:
                assert type(match.literal) is bool
                if index.description.settings.merge == "none":
                    assert match.literal == (match.token in own)
        if expand == 0:
            assert all(match.literal for found in shared.values() for match in found)
    with pytest.raises(TokalignError, match="holds no document 'd99'"):
        index.explain("gold", ["d9", "d99"], embedder, head)


def test_weights_of_one_byte_make_whole_scores(build, embedder, head) -> None:
    index = build(bits=8)
    run = index.search(["moon river gold"], embedder, head)
    steps = [score / index.description.step for score in run.rankings["1"].values()]
    assert steps == pytest.approx(np.round(steps), abs=1e-9)
    vectors = index.vectors()
    assert vectors.matrix.dtype == np.float32
    assert np.array_equal(vectors.matrix.data, np.round(vectors.matrix.data))


def test_a_query_of_its_own_tokens_alone_needs_no_vector(
    build, embedder, head, monkeypatch
) -> None:
    index = build()
    monkeypatch.setattr(Embedder, "encode", None)
    assert index.search(["gold", " "], embedder, head, expand=0).rankings["2"] == {}
    assert index.queries([], embedder, head).shape == (0, index.description.columns)
    with pytest.raises(TypeError):
        index.queries(["gold"], embedder, head)


def test_another_engine_is_given_whole_documents(build, embedder, head) -> None:
    class Recorder:
        name = "recorder"

        def add(self, documents) -> None:
            self.documents = documents

        def search(self, queries, top):
            self.asked = queries, top
            return [{"d9": 4.0}]

    index = build(bits=8)
    engine = index.fill(Recorder())
    run = index.search(["gold"], embedder, head, top=3, engine=engine)
    assert run.rankings["1"] == {"d9": 4.0 * index.description.step}
    assert engine.asked[1] == 3
    assert engine.documents.ids == index.ids == ("d9", "d8", "d7", "d6", "d5", "d4")


def test_bad_arguments(build, embedder, head) -> None:
    index = build()
    with pytest.raises(TypeError, match="one string"):
        index.search("gold", embedder, head)
    with pytest.raises(TokalignError, match="top must be at least 1, not 0"):
        index.search(["gold"], embedder, head, top=0)
    with pytest.raises(TokalignError, match="expand"):
        index.search(["gold"], embedder, head, expand=-1)
    with pytest.raises(ValueError, match="zip"):
        index.search(["gold"], embedder, head, ids=["a", "b"])


def test_another_embedder_or_head_is_refused(build, embedder, head) -> None:
    index = build()
    other = replace(embedder, fingerprint="f" * 64)
    for given, its_head, said in (
        (other, head, f"by tiny (embedder {embedder.fingerprint[:12]}), not by tiny (embedder ff"),
        (embedder, head.random(1), f"(head {head.fingerprint[:12]}), not by tiny (head "),
    ):
        with pytest.raises(TokalignError) as error:
            index.search(["gold"], given, its_head)
        assert said in str(error.value)
        assert "load that one, or build the index again" in str(error.value)


def test_other_columns_are_refused(build, embedder, head) -> None:
    folder = build().folder
    change(folder, column_names="0" * 64)
    with pytest.raises(TokalignError, match="counted other tokens as one; build it again"):
        SparseIndex.load(folder).search(["gold"], embedder, head)


def change(folder: Path, **fields: object) -> None:
    path = folder / "index.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"format": 2, "new": 1}, "format 2, newer than this tokalign reads (1)"),
        ({"format": "1"}, "index.json: format: Input should be a valid integer"),
        ({"step": -1.0}, "index.json: step:"),
        ({"settings": {"k": 0}}, "index.json: settings.k:"),
        ({"more": 1}, "index.json: more:"),
        ({"files": {}}, "index.json: files: must be ids.jsonl, indptr.npy"),
        ({"postings": 1}, "indices.npy holds int32 of shape"),
        ({"columns": 3}, "frequency.npy holds int64 of shape"),
    ],
)
def test_an_altered_description(build, fields, said) -> None:
    folder = build().folder
    change(folder, **fields)
    with pytest.raises(TokalignError) as error:
        SparseIndex.load(folder)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_what_is_no_index(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "nowhere", tmp_path / "file"):
        with pytest.raises(TokalignError, match=r"is no index: it lacks index\.json"):
            SparseIndex.load(path)
    for data in (b"", b"[]", b"{", b"\xff", b"[" * 100_000):
        (tmp_path / "index.json").write_bytes(data)
        with pytest.raises(TokalignError, match=r"index\.json"):
            SparseIndex.load(tmp_path)


@pytest.mark.parametrize(
    "name", ["ids.jsonl", "indptr.npy", "indices.npy", "weights.npy", "frequency.npy", "mean.npy"]
)
def test_files_that_are_short_missing_or_altered(build, name) -> None:
    folder = build(centre=True, bits=8).folder
    data = (folder / name).read_bytes()
    for cut in (data[:-1], b"", data + b"\0"):
        (folder / name).write_bytes(cut)
        with pytest.raises(TokalignError, match=f"damaged: {name} holds {len(cut)} bytes instead"):
            SparseIndex.load(folder)
    # One bit in the numbers: told where it is asked for.
    (folder / name).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    SparseIndex.load(folder)
    with pytest.raises(TokalignError, match=f"damaged: {name} is not what was written"):
        SparseIndex.load(folder, verify=True)
    (folder / name).unlink()
    with pytest.raises(TokalignError, match=f"damaged: {name}: No such file"):
        SparseIndex.load(folder)


@pytest.mark.parametrize(
    ("name", "place", "value"),
    [("indices.npy", -4, 2**30), ("indices.npy", -4, 2**32 - 1), ("indptr.npy", -8, 2**30),
     ("indptr.npy", -16, 2**30)],
)  # fmt: skip
def test_places_out_of_range_never_reach_compiled_code(build, name, place, value) -> None:
    folder = build().folder
    data = bytearray((folder / name).read_bytes())
    data[place : place + 4 or None] = value.to_bytes(4, "little")
    (folder / name).write_bytes(bytes(data))
    with pytest.raises(TokalignError, match="damaged: a row or column is out of range"):
        SparseIndex.load(folder).vectors()


def test_damaged_identifiers(build) -> None:
    folder = build().folder
    data = (folder / "ids.jsonl").read_bytes()
    for altered in (data.replace(b"\n", b" ", 1), data.replace(b'"', b"1", 1), b"1" + data[1:]):
        (folder / "ids.jsonl").write_bytes(altered)
        with pytest.raises(TokalignError, match=r"damaged: ids\.jsonl"):
            SparseIndex.load(folder).ids


def test_identifiers_of_any_letters(embedder, head, tmp_path, rows) -> None:
    from tokalign.retrieval.index import build_index
    from tokalign.retrieval.sparse import SparseSettings

    names = ["a,b", 'say "x"', "line\nend", "\u96ea \U0001f99c", "back\\slash", "a\u2028"]
    path = rows(tmp_path / "docs.jsonl", [{"_id": name, "text": "gold"} for name in names])
    index = build_index(
        read_documents(path), embedder, head, SparseSettings(k=3), tmp_path / "index"
    )
    assert SparseIndex.load(index.folder).ids == tuple(names)
    # Equal documents score equally, whatever they are called.
    found = index.search(["gold"], embedder, head, expand=3).rankings["1"]
    assert list(found) == sorted(names)
    assert len(set(found.values())) == 1


def test_nothing_large_is_read_at_load(build) -> None:
    index = SparseIndex.load(build(bits=8).folder)
    assert isinstance(index.weights, np.memmap)
    assert isinstance(index.indices, np.memmap)
    assert np.shares_memory(index.matrix.data, index.weights)
    assert np.shares_memory(index.matrix.indices, index.indices)
    with pytest.raises(ValueError, match="read-only"):
        index.matrix.data[0] = 0
