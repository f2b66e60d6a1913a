"""The documents of an index: a file that is read shard by shard and never held whole.

``.jsonl``: ``{"_id": ..., "text": ..., "title": ...}`` a line, as BEIR has it; ``id`` will do for
``_id``, a line without either goes by its number, and the title may be left out. ``.txt``: one
document a line, by its number; blank lines are none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tokalign.datasets.files import SUFFIXES, bad_line, sha256_of, stream_json_lines
from tokalign.datasets.textset import join_title
from tokalign.errors import TokalignError


@dataclass(frozen=True)
class Documents:
    """A file of documents that has been read through once.

    Attributes:
        path: The file.
        sha256: Of its bytes.
        ids: N identifiers, each once, in the file's order.
        blank: How many of the N documents have no text.
    """

    path: Path
    sha256: str
    ids: tuple[str, ...] = field(repr=False)
    blank: int

    def __len__(self) -> int:
        return len(self.ids)

    def shards(self, size: int) -> Iterator[tuple[list[int], list[str]]]:
        """Read the file again.

        Args:
            size: Documents in a shard; the last one may be shorter. Blank ones are left out.

        Yields:
            The positions of some documents among the N, and their texts, "title. text".

        Raises:
            TokalignError: The file holds other documents than it did.
        """
        places: list[int] = []
        texts: list[str] = []
        for place, (_, identifier, text) in enumerate(_rows(self.path)):
            if place >= len(self.ids) or identifier != self.ids[place]:
                raise self._altered()
            if text:
                places.append(place)
                texts.append(text)
            if len(places) == size:
                yield places, texts
                places, texts = [], []
        if places:
            yield places, texts

    def check_unaltered(self) -> None:
        """Read the file once more, for its hash.

        Raises:
            TokalignError: It was altered since it was first read.
        """
        if sha256_of(self.path) != self.sha256:
            raise self._altered()

    def _altered(self) -> TokalignError:
        return TokalignError(f"{self.path} was altered while it was read; start again")


def read_documents(path: Path) -> Documents:
    r"""Read a file of documents through, so that a bad line is told before any work starts.

    Raises:
        TokalignError: The file is missing, of another kind or malformed, an identifier stands
            twice, or no document has text.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "toy.jsonl")
    ...     _ = path.write_text('{"_id": "a", "title": "Birds", "text": "They fly."}\n{"text": ""}')
    ...     made = read_documents(path)
    ...     made.ids, made.blank, list(made.shards(10))
    (('a', '2'), 1, [([0], ['Birds. They fly.'])])
    """
    if path.suffix not in SUFFIXES:
        raise TokalignError(f"{path}: a file of documents must end with {' or '.join(SUFFIXES)}")
    if not path.is_file():
        raise TokalignError(f"{path} is a folder" if path.is_dir() else f"no such file: {path}")
    sha256 = sha256_of(path)
    ids: dict[str, None] = {}
    blank = 0
    for number, identifier, text in _rows(path):
        if identifier in ids:
            raise bad_line(path, number, f"identifier {identifier!r} stands twice")
        _check_unicode(path, number, identifier + text)
        ids[identifier] = None
        blank += not text
    if blank == len(ids):
        raise TokalignError(f"{path} holds no document that is not blank")
    return Documents(path, sha256, tuple(ids), blank)


def _rows(path: Path) -> Iterator[tuple[int, str, str]]:
    """Line number, identifier and text of every document; the text is empty where it is blank."""
    if path.suffix == ".txt":
        for number, line in _lines(path):
            yield number, str(number), line
        return
    for number, row in stream_json_lines(path):
        text, title = row.get("text"), row.get("title") or ""
        if not isinstance(text, str) or not isinstance(title, str):
            raise bad_line(
                path, number, 'needs a field "text" (and may have a "title") that is text'
            )
        yield number, _identifier(path, number, row), join_title(title, text)


def _identifier(path: Path, number: int, row: dict[str, Any]) -> str:
    found = next((row[name] for name in ("_id", "id") if name in row), number)
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    if not isinstance(found, str) or not found.strip():
        raise bad_line(path, number, 'the field "_id" must be a text that is not blank, or a whole '
                       "number")  # fmt: skip
    return found


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Number and text of every line that is not blank."""
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
            except UnicodeDecodeError:
                raise bad_line(path, number, "not UTF-8; save it as UTF-8") from None
            if text:
                yield number, text


def _check_unicode(path: Path, number: int, text: str) -> None:
    # JSON can write half of a surrogate pair, which no tokenizer takes.
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise bad_line(path, number, "holds half of a character, which is no text") from None
