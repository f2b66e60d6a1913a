"""``tokalign index``: the document of the contract, settings, places that are taken, errors."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from tokalign.retrieval.index import SparseIndex
from tokalign.retrieval.sparse import frozen_settings

TEXTS = ["The moon orbits the river.", "gold", " ", "a river of gold", "after long talks"]


@pytest.fixture
def docs(tmp_path: Path) -> str:
    path = tmp_path / "docs.jsonl"
    rows = [{"_id": f"d{i}", "text": text} for i, text in enumerate(TEXTS)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


@pytest.fixture
def index(cli, docs, tiny, tmp_path):
    """Build an index of the documents at DIR by the command line."""

    def run(*more: str, out: str = "index"):
        return cli("index", docs, "--embedder", tiny, "--out", str(tmp_path / out), *more)

    return run


def test_the_document_of_the_contract(index, tiny, tmp_path) -> None:
    answer = index("--json", "--k", "7")
    assert answer.err == ""
    found = answer.document
    made = SparseIndex.load(tmp_path / "index", verify=True)
    settings = frozen_settings().changed(k=7)
    assert found == {
        "out": str(tmp_path / "index"),
        "embedder": "tiny",
        "documents": 5,
        "blank": 1,
        "cut": 0,
        "columns": made.description.columns,
        "postings": made.matrix.nnz,
        "bytes": sum(path.stat().st_size for path in made.folder.iterdir())
        - (made.folder / "index.json").stat().st_size,
        "settings": settings.model_dump(),
        "key": made.description.key,
    }
    assert made.description.settings == settings
    assert made.description.embedder.source == str(Path(tiny).resolve())
    assert made.ids == ("d0", "d1", "d2", "d3", "d4")


def test_settings_are_the_frozen_ones_but_for_what_is_given(index) -> None:
    frozen = frozen_settings().model_dump()
    assert index("--json").document["settings"] == frozen
    more = ["--setting", "bits", "8", "--setting", "merge", "stem", "--setting", "centre", "true"]
    found = index("--json", "--expand", "3", *more, out="other").document["settings"]
    assert found == {**frozen, "expand": 3, "bits": 8, "merge": "stem", "centre": True}


def test_a_table_for_people(index) -> None:
    shown = index("--k", "7").out
    assert "Index of docs.jsonl by tiny" in shown
    assert shown.splitlines()[-1].replace("\u2502", " ").split()[:2] == ["5", "1"]


def test_the_same_command_again_and_another_one(index, tmp_path) -> None:
    first = index("--k", "7", "--json").document
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "index").iterdir()}
    assert index("--k", "7", "--json").document == first
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "index").iterdir()} == times
    said = index("--k", "8").users_error()
    assert "holds the index of other documents" in said
    assert "--replace replaces it" in said
    assert index("--k", "8", "--replace", "--json").document["settings"]["k"] == 8


def test_documents_of_lines_and_a_relative_place(cli, tiny, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("docs.txt").write_text("gold\n\nmoon\n")
    shutil.copytree(tiny, "mine")
    found = cli("index", "docs.txt", "--embedder", "mine", "--out", "a/b", "--json").document
    assert (found["out"], found["documents"], found["blank"]) == ("a/b", 2, 0)
    made = SparseIndex.load(Path("a/b"))
    assert made.ids == ("1", "3")
    # A search must find the embedder from any folder.
    assert made.description.embedder.source == str(tmp_path / "mine")


def test_texts_that_were_cut_are_told(cli, tiny, tmp_path) -> None:
    (tmp_path / "docs.txt").write_text("gold\n" + "moon " * 100 + "\n")
    answer = cli("index", str(tmp_path / "docs.txt"), "--embedder", tiny, "--out",
                 str(tmp_path / "index"), "--json")  # fmt: skip
    assert answer.document["cut"] == 1
    assert answer.err == ("tokalign: note: 1 of 2 documents cut to the 48 tokens that tiny reads\n")


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ("index", ["DOCS.jsonl"]),
        ("index DOCS --out OUT", ["--embedder"]),
        ("index DOCS --embedder TINY", ["--out"]),
        ("index no.jsonl --embedder TINY --out OUT", ["no such file: no.jsonl"]),
        ("index EMPTY --embedder TINY --out OUT", ["holds no document"]),
        ("index DOCS.csv --embedder TINY --out OUT", [".txt or .jsonl"]),
        ("index DOCS --embedder TINY --out OUT --k 0", ["k:", "greater than or equal to 1"]),
        ("index DOCS --embedder TINY --out OUT --k few", ["'few'"]),
        ("index DOCS --embedder TINY --out OUT --setting center true", ["did you mean centre"]),
        ("index DOCS --embedder TINY --out OUT --setting bits 16", ["bits:", "8 or 32"]),
        ("index DOCS --embedder TINY --out OUT --setting idf yes", ["idf:", "boolean"]),
        ("index DOCS --embedder TINY --out DOCS", ["is a file; an index is a folder"]),
        ("index DOCS --embedder TINY --out HOME --replace", ["holds what is no index"]),
        ("index DOCS --embedder nowhere/at/all --out OUT", ["no folder nowhere/at/all"]),
    ],
)
def test_bad_words(cli, docs, tiny, tmp_path, arguments, parts) -> None:
    (tmp_path / "empty.jsonl").touch()
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter").touch()
    known = {"DOCS": docs, "TINY": tiny, "EMPTY": str(tmp_path / "empty.jsonl"),
             "OUT": str(tmp_path / "out"), "HOME": str(tmp_path / "home")}  # fmt: skip
    said = cli(*(known.get(word, word) for word in arguments.split())).users_error()
    for part in parts:
        assert part in said
    assert not (tmp_path / "out").exists()
    assert os.listdir(tmp_path / "home") == ["letter"]
