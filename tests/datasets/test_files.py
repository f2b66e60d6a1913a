from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tokalign.datasets import load_texts
from tokalign.datasets.files import stream_json_lines
from tokalign.errors import TokalignError


def put(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_text_file(tmp_path: Path) -> None:
    path = put(tmp_path, "a.txt", "One.\r\n\n   \n  Two. \nOne.")
    texts = load_texts(str(path))
    assert texts.texts == ("One.", "Two.", "One.")
    assert texts.labels is None
    assert (texts.name, texts.source, texts.licence) == ("a.txt", str(path), "not stated")
    assert texts.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("odd", ["\x85", "\u2028", "\x0b", "\x1c"])
@pytest.mark.parametrize("suffix", [".txt", ".jsonl"])
def test_only_line_feeds_end_lines(tmp_path: Path, odd: str, suffix: str) -> None:
    text = f"mojibake{odd}inside"
    line = text if suffix == ".txt" else f'{{"text": "{text}"}}'
    if suffix == ".jsonl" and odd in "\x0b\x1c":
        line = line.replace(odd, f"\\u{ord(odd):04x}")  # JSON allows them escaped only
    path = put(tmp_path, f"a{suffix}", line + "\n")
    assert load_texts(str(path)).texts == (text,)


def test_byte_order_mark_is_dropped(tmp_path: Path) -> None:
    assert load_texts(str(put(tmp_path, "a.txt", b"\xef\xbb\xbfOne."))).texts == ("One.",)
    path = put(tmp_path, "a.jsonl", b'\xef\xbb\xbf{"text": "One."}')
    assert load_texts(str(path)).texts == ("One.",)
    assert [row for _, row in stream_json_lines(path)] == [{"text": "One."}]


@pytest.mark.parametrize(
    ("rows", "labels"),
    [
        ('{"text": "a", "topic": "x", "label": 1}\n{"text": "b", "topic": "y"}', ("x", "y")),
        ('{"text": "a", "label": 1}\n{"text": "b", "label": 0}', ("1", "0")),
        ('{"text": "a", "topic": "x"}\n{"text": "b"}', None),
        ('{"text": "a", "topic": "x"}\n{"text": "b", "topic": ""}', None),
        ('{"text": "a", "other": 3}', None),
    ],
)
def test_labels_only_where_every_row_has_one(
    tmp_path: Path, rows: str, labels: tuple[str, ...] | None
) -> None:
    assert load_texts(str(put(tmp_path, "a.jsonl", rows))).labels == labels


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", '{"text": "a"}\n\n{"text": \n', r"a\.jsonl, line 3: is not valid JSON"),
        ("a.jsonl", "[" * 100_000, r"line 1: is not valid JSON"),
        ("a.jsonl", '{"text": "a"}\n["b"]', r"line 2: must be a JSON object, not list"),
        ("a.jsonl", '{"texts": "a"}', r'line 1: needs a field "text"'),
        ("a.jsonl", '{"text": 3}', r'line 1: needs a field "text"'),
        ("a.jsonl", '{"text": "  "}', r'line 1: needs a field "text"'),
        ("a.txt", b"fine\ncaf\xe9\n", r"a\.txt, line 2: not UTF-8; save it as UTF-8"),
        ("a.jsonl", '{"text": "a"}'.encode("utf-16"), r"line 1: not UTF-8"),
        ("a.txt", "", r"a\.txt holds no text"),
        ("a.jsonl", "\n \n", r"a\.jsonl holds no text"),
        ("a.csv", "text\na", r"must end with \.txt or \.jsonl"),
    ],
)
def test_malformed_files(tmp_path: Path, name: str, content: str | bytes, message: str) -> None:
    path = put(tmp_path, name, content)
    with pytest.raises(TokalignError, match=message) as caught:
        load_texts(str(path))
    assert "\n" not in str(caught.value)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(TokalignError, match=r"no such file: .*nowhere\.txt"):
        load_texts(str(tmp_path / "nowhere.txt"))
    with pytest.raises(TokalignError, match=r"is a folder without corpus\.jsonl"):
        load_texts(str(tmp_path))
    (tmp_path / "folder.txt").mkdir()
    with pytest.raises(TokalignError, match="folder"):
        load_texts(str(tmp_path / "folder.txt"))


def test_streaming_refuses_what_reading_refuses(tmp_path: Path) -> None:
    path = put(tmp_path, "a.jsonl", b'{"a": 1}\n{"a": "\xff"}\n')
    with pytest.raises(TokalignError, match="line 2: not UTF-8"):
        list(stream_json_lines(path))
