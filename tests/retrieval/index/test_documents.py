"""Files of documents: what is read, and what is refused with the line named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tokalign.errors import TokalignError
from tokalign.retrieval.index import read_documents


def test_identifiers_of_every_kind(tmp_path, rows) -> None:
    path = rows(
        tmp_path / "docs.jsonl",
        [
            {"_id": "b", "id": "unused", "title": "Parrots", "text": "They talk."},
            {"id": "a", "text": "  two  "},
            {"id": 7, "text": "seven"},
            {"text": ""},
            {"_id": "e\u0301 \U0001f99c", "title": None, "text": "last"},
        ],
    )
    made = read_documents(path)
    assert made.ids == ("b", "a", "7", "4", "e\u0301 \U0001f99c")
    assert (len(made), made.blank) == (5, 1)
    texts = ["Parrots. They talk.", "two", "seven", "last"]
    assert list(made.shards(10)) == [([0, 1, 2, 4], texts)]
    assert list(made.shards(2)) == [([0, 1], texts[:2]), ([2, 4], texts[2:])]


def test_lines_of_text(tmp_path: Path) -> None:
    path = tmp_path / "docs.txt"
    path.write_bytes("\ufeffone\r\n\n two\u2028three \n".encode())
    made = read_documents(path)
    assert (made.ids, made.blank) == (("1", "3"), 0)
    assert list(made.shards(5)) == [([0, 1], ["one", "two\u2028three"])]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'{"_id": "a", "text": "x"}\n{"_id": "a", "text": "y"}', "line 2: identifier 'a' stands"),
        (b'{"text": "x"}\n{"_id": "1", "text": "y"}', "line 2: identifier '1' stands twice"),
        (b'{"_id": "a", "text": 3}', 'line 1: needs a field "text"'),
        (b'{"_id": "a", "title": "x"}', 'line 1: needs a field "text"'),
        (b'{"_id": "a", "title": 3, "text": "x"}', "line 1: needs"),
        (b'{"_id": " ", "text": "x"}', 'line 1: the field "_id" must be'),
        (b'{"_id": null, "text": "x"}', 'the field "_id" must be'),
        (b'{"_id": true, "text": "x"}', 'the field "_id" must be'),
        (b'{"_id": 1.5, "text": "x"}', 'the field "_id" must be'),
        (b'{"_id": "a", "text": "\\ud800"}', "line 1: holds half of a character"),
        (b'{"_id": "\\ud800", "text": "x"}', "line 1: holds half of a character"),
        (b'["a"]', "must be a JSON object"),
        (b'{"_id"', "not valid JSON"),
        (b"caf\xe9", "line 1: not UTF-8"),
        (b'{"_id": "a", "text": " "}', "holds no document that is not blank"),
        (b"", "holds no document"),
    ],
)
def test_bad_lines(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "docs.jsonl"
    path.write_bytes(data)
    with pytest.raises(TokalignError) as error:
        read_documents(path)
    assert said in str(error.value)
    assert "docs.jsonl" in str(error.value)


def test_what_is_no_such_file(tmp_path: Path) -> None:
    for name, said in (("no.jsonl", "no such file"), ("docs.csv", "must end with .txt or .jsonl")):
        with pytest.raises(TokalignError, match=said):
            read_documents(tmp_path / name)
    (tmp_path / "folder.jsonl").mkdir()
    with pytest.raises(TokalignError, match="is a folder"):
        read_documents(tmp_path / "folder.jsonl")
    (tmp_path / "latin.txt").write_bytes(b"one\ncaf\xe9\n")
    with pytest.raises(TokalignError, match="line 2: not UTF-8"):
        read_documents(tmp_path / "latin.txt")


@pytest.mark.parametrize("later", [[{"_id": "b", "text": "x"}], [{"text": "x"}, {"text": "y"}]])
def test_a_file_that_was_altered(tmp_path: Path, rows, later) -> None:
    path = rows(tmp_path / "docs.jsonl", [{"text": "x"}])
    made = read_documents(path)
    made.check_unaltered()
    rows(path, later)
    with pytest.raises(TokalignError, match="altered while it was read"):
        list(made.shards(1))
    with pytest.raises(TokalignError, match="altered while it was read"):
        made.check_unaltered()
