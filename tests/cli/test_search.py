"""``tokalign search``: the document of the contract, explanations, embedders that have moved."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tokalign.embedders import load_embedder
from tokalign.retrieval.index import SparseIndex
from tokalign.tokens import load_head

TEXTS = ["The moon orbits the river.", "gold", " ", "a river of gold", "after long talks"]


@pytest.fixture(scope="module")
def folder(tiny, tmp_path_factory) -> Path:
    """An index of the texts by a copy of the tiny embedder, which stands beside it."""
    from tokalign.retrieval.index import build_index, read_documents
    from tokalign.retrieval.sparse import SparseSettings

    place = tmp_path_factory.mktemp("search")
    shutil.copytree(tiny, place / "model")
    rows = [{"_id": f"d{i}", "text": text} for i, text in enumerate(TEXTS)]
    (place / "docs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    loaded = load_embedder(str(place / "model"))
    settings = SparseSettings(k=40, expand=6, bits=8, idf=True)
    return build_index(
        read_documents(place / "docs.jsonl"), loaded, load_head(loaded), settings,
        place / "index", source=str(place / "model"),
    ).folder  # fmt: skip


def test_the_document_of_the_contract(cli, folder, tiny) -> None:
    answer = cli("search", str(folder), "moon river", "", "gold", "--json", "--top", "2")
    assert answer.err == ""
    rows = answer.document
    assert [row["query"] for row in rows] == ["moon river", "", "gold"]
    assert rows[1]["results"] == []
    loaded = load_embedder(tiny)
    run = SparseIndex.load(folder).search(
        ["moon river", "", "gold"], loaded, load_head(loaded), top=2
    )
    for row, ranking in zip(rows, run.rankings.values(), strict=True):
        assert list(row) == ["query", "results"]
        assert row["results"] == [
            {"rank": rank, "id": name, "score": score}
            for rank, (name, score) in enumerate(ranking.items(), 1)
        ]
    assert 0 < len(rows[0]["results"]) <= 2


def test_what_matched_adds_up(cli, folder) -> None:
    (row,) = cli("search", str(folder), "moon river", "--explain", "--json").document
    assert row["results"]
    for result in row["results"]:
        assert list(result) == ["rank", "id", "score", "matched"]
        for match in result["matched"]:
            assert list(match) == ["token", "query", "document", "product", "literal"]
        total = sum(match["product"] for match in result["matched"])
        assert total == pytest.approx(result["score"], rel=1e-5)
    assert not all(match["literal"] for r in row["results"] for match in r["matched"])
    (row,) = cli(
        "search", str(folder), "moon river", "--explain", "--expand", "0", "--json"
    ).document
    assert all(match["literal"] for r in row["results"] for match in r["matched"])


def test_a_table_for_people(cli, folder) -> None:
    (row,) = cli("search", str(folder), "moon", "--json", "--explain").document
    best = row["results"][0]
    plain = cli("search", str(folder), "moon").out
    assert best["id"] in plain
    assert f"{best['score']:.3f}" in plain
    assert "matched" not in plain
    shown = cli("search", str(folder), "moon", "--explain").out
    assert "matched" in shown
    assert best["matched"][0]["token"].strip() in shown
    assert "nothing found" in cli("search", str(folder), " ").out


def test_queries_of_a_file_and_of_standard_input(cli, folder, tmp_path) -> None:
    (tmp_path / "queries.txt").write_text("gold\n\nriver\n")
    words = ("search", str(folder), "moon", "--json", "--file")
    rows = cli(*words, str(tmp_path / "queries.txt")).document
    assert [row["query"] for row in rows] == ["moon", "gold", "", "river"]
    assert cli(*words, "-", stdin=b"gold\n\nriver\n").document == rows


def test_an_embedder_that_has_moved(cli, folder, tiny) -> None:
    expected = cli("search", str(folder), "gold", "--json").document
    model, away = folder.parent / "model", folder.parent / "away"
    model.rename(away)
    try:
        said = cli("search", str(folder), "gold").users_error()
        assert "the embedder model that made this index is not where it was" in said
        assert "--embedder names its place" in said
        for place in (str(away), tiny):
            found = cli("search", str(folder), "gold", "--json", "--embedder", place).document
            assert found == expected
    finally:
        away.rename(model)


def test_another_embedder_is_refused(cli, folder, build, tmp_path) -> None:
    other = build(tmp_path / "other", seed=1)
    said = cli("search", str(folder), "gold", "--embedder", str(other)).users_error()
    assert "was made by model (embedder " in said
    assert "not by other (embedder " in said
    assert "build the index again with `tokalign index --replace`" in said


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ("search", ["DIR"]),
        ("search INDEX", ["no query given", "QUERY...", "--file"]),
        ("search HOME gold", ["HOME is no index", "index.json", "tokalign index"]),
        ("search nowhere gold", ["nowhere is no index"]),
        ("search INDEX gold --top 0", ["--top must be between 1 and"]),
        ("search INDEX gold --expand -1", ["--expand must be between 0 and"]),
        ("search INDEX gold --engine exat", ["unknown engine 'exat'", "did you mean exact"]),
        ("search INDEX gold --embedder nowhere/at/all", ["no folder nowhere/at/all"]),
        ("search INDEX gold --dtype float31", ["did you mean float32"]),
        ("search INDEX --file no.txt", ["cannot read no.txt"]),
    ],
)
def test_bad_words(cli, folder, tmp_path, arguments, parts) -> None:
    (tmp_path / "HOME").mkdir()
    known = {"INDEX": str(folder), "HOME": str(tmp_path / "HOME")}
    said = cli(*(known.get(word, word) for word in arguments.split())).users_error()
    for part in parts:
        assert part in said
