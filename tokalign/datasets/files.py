"""Reading text files strictly: every error names the file, and the line where there is one.

Lines end at a line feed only: texts may hold other characters that `str.splitlines` takes for
line ends. Encodings other than UTF-8 are refused, never guessed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokalign.datasets.textset import TextSet
from tokalign.errors import TokalignError

SUFFIXES = (".txt", ".jsonl")


@dataclass(frozen=True)
class Document:
    """A decoded file: its path, its text, the sha256 of its bytes."""

    path: Path
    text: str
    sha256: str

    def lines(self) -> Iterator[tuple[int, str]]:
        """Yield (line number from 1, line) for every line that is not blank."""
        for number, line in enumerate(self.text.split("\n"), start=1):
            if line.strip():
                yield number, line.removesuffix("\r")

    def json_lines(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield (line number, object) for every line that is not blank.

        Raises:
            TokalignError: If a line is not a JSON object.
        """
        for number, line in self.lines():
            yield number, json_object(self.path, number, line)


def bad_line(path: Path, number: int, why: str) -> TokalignError:
    """Make the error for one line of a file."""
    return TokalignError(f"{path}, line {number}: {why}")


def json_object(path: Path, number: int, line: str) -> dict[str, Any]:
    """Parse one line of a JSON Lines file.

    Raises:
        TokalignError: If it is not a JSON object.
    """
    try:
        row = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        raise bad_line(path, number, f"is not valid JSON ({error})") from None
    if not isinstance(row, dict):
        raise bad_line(path, number, f"must be a JSON object, not {type(row).__name__}")
    return row


def text_field(path: Path, number: int, row: dict[str, Any], name: str) -> str:
    """Take a text field of a row.

    Raises:
        TokalignError: If it is missing, no text, or blank.
    """
    value = row.get(name)
    if not isinstance(value, str) or not value.strip():
        raise bad_line(path, number, f'needs a field "{name}" that is a text and not blank')
    return value


def stream_json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number, object) as `Document.json_lines` does, without holding the file.

    Raises:
        TokalignError: If the file cannot be read, or a line is not UTF-8 or no JSON object.
    """
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    text = line.decode("utf-8-sig" if number == 1 else "utf-8")
                except UnicodeDecodeError:
                    raise bad_line(path, number, "not UTF-8; save it as UTF-8") from None
                if text.strip():
                    yield number, json_object(path, number, text)
    except OSError as error:
        raise TokalignError(f"cannot read {path}: {error.strerror}") from None


def sha256_of(path: Path) -> str:
    """Hash a file without holding it.

    Raises:
        TokalignError: If it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise TokalignError(f"cannot read {path}: {error.strerror}") from None


def read_document(path: Path) -> Document:
    """Read a UTF-8 file (a byte order mark is dropped).

    Raises:
        TokalignError: If it is missing, a folder, unreadable or not UTF-8.
    """
    if path.is_dir():
        raise TokalignError(f"{path} is a folder, a file is needed")
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise TokalignError(f"no such file: {path}") from None
    except OSError as error:
        raise TokalignError(f"cannot read {path}: {error.strerror}") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise bad_line(path, number, "not UTF-8; save it as UTF-8") from None
    return Document(path, text, hashlib.sha256(data).hexdigest())


def load_file(path: Path, *, name: str | None = None, licence: str = "not stated") -> TextSet:
    """Load texts from a file of the user: `.txt` one a line, `.jsonl` `{"text": ...}` a line.

    Blank lines are skipped, texts are stripped of space at both ends. In `.jsonl` the field
    "topic", else "label", becomes the label if every row has it; other fields are ignored.

    Args:
        path: The file.
        name: Name of the set; the file's name by default.
        licence: Licence to note.

    Returns:
        The texts in the file's order, repeated ones included.

    Raises:
        TokalignError: If the file cannot be read, is malformed, or holds no text.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "toy.jsonl")
    ...     _ = path.write_text('{"text": "I like apple.", "topic": "food"}')
    ...     load_file(path).labels
    ('food',)
    """
    if path.suffix not in SUFFIXES:
        raise TokalignError(f"{path}: a file of texts must end with {' or '.join(SUFFIXES)}")
    document = read_document(path)
    labels: tuple[str, ...] | None = None
    if path.suffix == ".txt":
        texts = tuple(line.strip() for _, line in document.lines())
    else:
        rows = list(document.json_lines())
        texts = tuple(text_field(path, number, row, "text").strip() for number, row in rows)
        for key in ("topic", "label"):
            if all(row.get(key) not in (None, "") for _, row in rows):
                labels = tuple(str(row[key]) for _, row in rows)
                break
    if not texts:
        raise TokalignError(f"{path} holds no text")
    return TextSet(name or path.name, texts, labels, str(path), document.sha256, licence)
