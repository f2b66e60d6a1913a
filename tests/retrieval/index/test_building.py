"""Building: the weights are those of a search in memory, and a place is never written over."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tokalign.embedders import Embedder, encode_stored, load_embedder
from tokalign.embedders.recipes.recipe import Prompt
from tokalign.errors import TokalignError
from tokalign.retrieval.index import SparseIndex, build_index, read_documents
from tokalign.retrieval.index.description import file_names
from tokalign.retrieval.sparse import SparseEncoder, SparseSettings, mean_of
from tokalign.retrieval.sparse.rounding import rounded
from tokalign.store import Store
from tokalign.tokens import load_head

CENTRED = {"centre": True, "cosine_head": True, "merge": "case", "saturation": "log"}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("settings", [{}, CENTRED, {**CENTRED, "bits": 8}, {"bits": 8}])
def test_the_weights_of_a_search_in_memory(build, documents, embedder, head, settings) -> None:
    index = build(**settings)
    chosen = index.description.settings
    ((places, texts),) = documents.shards(100)
    vectors = encode_stored(embedder, texts, None)
    mean = mean_of(head, vectors) if chosen.centre else None
    encoder = SparseEncoder(head, embedder.tokenizer, chosen, mean)
    expected = encoder.documents(vectors)
    assert index.description.step == 1.0 or chosen.bits == 8
    if chosen.bits == 8:
        expected, step = rounded(expected)
        assert index.description.step == step
    found = index.matrix
    assert found.shape == (6, len(encoder.columns))
    assert found.dtype == expected.dtype
    assert np.array_equal(found[places].toarray(), expected.toarray())
    blank = [place for place in range(6) if place not in places]
    assert found[blank].nnz == 0
    assert index.frequency.tolist() == (expected.toarray() > 0).sum(axis=0).tolist()
    assert index.mean is None if mean is None else np.array_equal(index.mean, mean)
    about = index.description
    assert (about.documents.count, about.documents.blank, about.documents.cut) == (6, 2, 0)
    assert about.postings == expected.nnz
    assert sorted(contents(index.folder)) == sorted(["index.json", *file_names(chosen.centre)])
    assert about.bytes == sum(map(len, contents(index.folder).values())) - len(
        (index.folder / "index.json").read_bytes()
    )


def test_the_same_bytes_in_any_place_with_and_without_a_store(
    build, documents, embedder, head, tmp_path
) -> None:
    one = build("one", **CENTRED, bits=8)
    store = Store(tmp_path / "store")
    for name in ("two", "three"):
        made = build_index(
            documents, embedder, head, one.description.settings, tmp_path / name, store
        )
        assert contents(made.folder) == contents(one.folder)
    assert len(list(store.keys())) == 1
    text = (one.folder / "index.json").read_text()
    assert "one" not in json.loads(text).values()
    assert str(tmp_path) not in text


def test_the_same_index_is_not_built_again(build, monkeypatch) -> None:
    first = build()
    before = {path: path.stat().st_mtime_ns for path in first.folder.iterdir()}
    monkeypatch.setattr(Embedder, "encode", None)
    assert build().description == first.description
    assert {path: path.stat().st_mtime_ns for path in first.folder.iterdir()} == before


def test_another_index_is_refused_and_replaced_on_demand(build) -> None:
    first = build()
    before = contents(first.folder)
    with pytest.raises(TokalignError, match="other settings or another version; --replace"):
        build(k=7)
    assert contents(first.folder) == before
    assert build(k=7, replace=True).description.settings.k == 7
    assert contents(first.folder) != before
    # The one that was open is still what it was.
    assert first.matrix.nnz == first.description.postings
    assert contents(build(replace=True).folder) == before


def test_a_damaged_index_is_told_and_replaced(build) -> None:
    folder = build().folder
    before = contents(folder)
    (folder / "weights.npy").write_bytes(b"")
    with pytest.raises(TokalignError, match=r"damaged: weights\.npy holds 0 bytes.*--replace"):
        build()
    (folder / "index.json").write_text("{")
    assert contents(build(replace=True).folder) == before


@pytest.mark.parametrize("replace", [True, False])
def test_what_is_no_index_is_left_alone(build, tmp_path, replace) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "index.json").write_text("{}")
    (home / "letter").write_text("dear")
    with pytest.raises(TokalignError, match="holds what is no index, and is left as it is"):
        build("home", replace=replace)
    assert contents(home) == {"index.json": b"{}", "letter": b"dear"}
    with pytest.raises(TokalignError, match="is a file; an index is a folder"):
        build("home/letter", replace=replace)


def test_an_empty_folder_and_a_link_are_places(build, tmp_path) -> None:
    (tmp_path / "empty").mkdir()
    assert len(build("empty")) == 6
    (tmp_path / "link").symlink_to(tmp_path / "far", target_is_directory=True)
    assert len(build("link")) == 6
    assert (tmp_path / "link").is_symlink()
    assert len(build("link", k=3, replace=True)) == 6
    assert SparseIndex.load(tmp_path / "far").description.settings.k == 3


def test_an_error_on_the_way_leaves_nothing_new(build, tmp_path, monkeypatch) -> None:
    folder = build().folder
    before = contents(folder)
    everything = sorted(path.name for path in tmp_path.iterdir())

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tokalign.retrieval.index.writing.write_description", full)
    with pytest.raises(OSError, match="No space"):
        build(k=7, replace=True)
    assert contents(folder) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == everything


def test_documents_that_are_altered_meanwhile(embedder, head, tmp_path, rows, monkeypatch) -> None:
    path = rows(tmp_path / "docs.jsonl", [{"text": "gold"}])
    made = read_documents(path)
    rows(path, [{"text": "river"}])
    with pytest.raises(TokalignError, match="altered while it was read"):
        build_index(made, embedder, head, SparseSettings(k=3), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_documents_are_read_by_their_prompt_and_queries_by_theirs(
    embedder, documents, tmp_path
) -> None:
    prompts = {
        "query": Prompt(template="query: {text}"),
        "document": Prompt(template="a {text}"),
    }
    prompted = load_embedder(embedder.recipe.model_copy(update={"prompts": prompts}))
    head = load_head(prompted)
    index = build_index(documents, prompted, head, SparseSettings(k=9), tmp_path / "index")
    assert index.description.embedder.document_prompt
    plain = SparseEncoder(head, embedder.tokenizer, SparseSettings(k=9))
    written = [f"a {text}" for _, texts in documents.shards(100) for text in texts]
    expected = plain.documents(embedder.encode(written)).toarray()
    assert np.allclose(index.matrix.toarray()[[0, 1, 3, 4]], expected, atol=1e-5)
    found = index.queries(["moon"], prompted, head, expand=4).toarray()
    alone = SparseEncoder(head, embedder.tokenizer, SparseSettings(expand=4))
    assert np.array_equal(
        found, alone.queries(embedder.encode(["query: moon"]), ["moon"]).toarray()
    )


def test_vectors_of_length_one_for_a_head_that_is_not_linear(checkpoint, documents, tmp_path):
    """The head of BERT has a bias and a transform: it is given vectors of their own length."""
    from tokalign.embedders.inspecting.inspection import inspect_folder

    recipe = inspect_folder(checkpoint("bert")).model_copy(update={"normalise": True})
    normalised = load_embedder(recipe)
    own = load_embedder(recipe.model_copy(update={"normalise": False}))
    head = load_head(normalised)
    assert not head.linear
    index = build_index(documents, normalised, head, SparseSettings(k=9), tmp_path / "index")
    encoder = SparseEncoder(head, own.tokenizer, SparseSettings(k=9, expand=3))
    ((places, texts),) = documents.shards(100)
    expected = encoder.documents(own.encode(texts)).toarray()
    assert np.allclose(index.matrix.toarray()[places], expected, rtol=1e-4, atol=1e-4)
    query = index.queries(["gold"], normalised, head, expand=3).toarray()
    assert np.array_equal(query, encoder.queries(own.encode(["gold"]), ["gold"]).toarray())


def test_another_process_builds_it(build, tmp_path) -> None:
    from filelock import FileLock

    with (
        FileLock(tmp_path / ".index.lock", timeout=0),
        pytest.raises(TokalignError, match="being built by another process"),
    ):
        build()
    shutil.rmtree(build().folder)
