"""Keep sentences of the evaluation sets out of the training data.

Texts are compared as sequences of words: NFKC, case-folded, everything between words dropped. A
paragraph is left out when it contains such a sequence of at least `SHORTEST` words anywhere, or
consists of a shorter one. Near duplicates (a changed word) are not looked for.
"""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from xml.etree import ElementTree

from tokalign.errors import TokalignError

#: Words from which on a sentence is looked for inside a text; shorter ones are common phrases.
SHORTEST = 5
_WORD = re.compile(r"\w+")
_END = re.compile(r"(?<=[.!?])[\"'”’)\]]*\s+|\n+")
#: Files beside the data that describe it.
_NOTES = ("readme", "source", "license", "licence", "classes", "categories", "correct-output")


def normalise(text: str) -> tuple[str, ...]:
    """The words of a text, such that spelling alone tells two texts apart.

    >>> normalise("The ﬁrst album -- of 1995!")
    ('the', 'first', 'album', 'of', '1995')
    """
    return tuple(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


class Forbidden:
    """Sentences that may not occur in the training data.

    Args:
        texts: Evaluation texts of any length; each is taken whole and sentence by sentence.

    >>> forbidden = Forbidden(["A man is playing a flute. Yes."])
    >>> forbidden.within("They said: a man is playing a FLUTE, badly."), forbidden.within("Yes!")
    (True, True)
    >>> forbidden.within("Yes, a man is playing the flute.")
    False
    """

    def __init__(self, texts: Iterable[str]) -> None:
        # By the first words: one look-up a position, and the rest is compared only on a hit.
        self._long: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
        self._short: set[tuple[str, ...]] = set()
        seen: set[tuple[str, ...]] = set()
        for text in texts:
            for part in {text, *_END.split(text)}:
                words = normalise(part)
                if not words or words in seen:
                    continue
                seen.add(words)
                if len(words) < SHORTEST:
                    self._short.add(words)
                else:
                    self._long.setdefault(words[:SHORTEST], []).append(words)
        self._count = len(seen)

    def __len__(self) -> int:
        """Different sentences."""
        return self._count

    def within(self, text: str) -> bool:
        """Whether a text contains a forbidden sentence, or is one."""
        words = normalise(text)
        if words in self._short:
            return True
        for start in range(len(words) - SHORTEST + 1):
            for sentence in self._long.get(words[start : start + SHORTEST], ()):
                if words[start : start + len(sentence)] == sentence:
                    return True
        return False


def evaluation_texts(places: Iterable[Path]) -> Iterator[str]:
    """Yield every text of the data sets in folders or files, whatever their layout.

    All cells of tables, all strings of JSON, all elements of XML are taken: what is no sentence
    does no harm.

    Args:
        places: Files, or folders that are searched to any depth.

    Raises:
        TokalignError: A place is missing, or a file is malformed.
    """
    for place in places:
        if not place.exists():
            raise TokalignError(f"no such file or folder: {place}")
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.is_file() and not any(note in path.name.lower() for note in _NOTES):
                yield from _texts_of(path)


def _texts_of(path: Path) -> Iterator[str]:
    if path.suffix not in _READERS:
        return
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    try:
        yield from _READERS[path.suffix](text)
    except (ValueError, csv.Error, ElementTree.ParseError) as error:
        raise TokalignError(f"cannot read {path}: {error}") from error


def _csv(text: str) -> Iterator[str]:
    # Files of this name may be parted by commas or by tabs, and a quotation mark may be part of
    # a text: read both ways.
    yield from _lines(text)
    for row in csv.reader(io.StringIO(text, newline="")):
        for cell in row:
            # Pairs may share one cell, one text a line.
            yield from cell.split("\n")


def _lines(text: str) -> Iterator[str]:
    for line in text.split("\n"):
        yield from line.split("\t")


def _json_lines(text: str) -> Iterator[str]:
    for line in text.split("\n"):
        if line.strip():
            yield from _strings(json.loads(line))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (s for inner in value.values() for s in _strings(inner))
    elif isinstance(value, list):
        yield from (s for inner in value for s in _strings(inner))


def _xml(text: str) -> Iterator[str]:
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        # TREC files are several documents in a row, or bare text between tags.
        yield from re.split(r"<[^>]*>", text)
        return
    for element in root.iter():
        yield element.text or ""


_READERS = {
    ".csv": _csv, ".tsv": _lines, ".txt": _lines, ".jsonl": _json_lines, ".json": _json_lines,
    ".xml": _xml,
}  # fmt: skip
