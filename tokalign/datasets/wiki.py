"""First sentences of English Wikipedia articles, from the `enwiki2014-*.jsonl.xz` files.

The files are `id`, `title`, `paragraphs` a line. Of several the last in name order is read, so
that the others stay free for training. Does not parse wiki markup, and there is no download: no
public file holds these paragraphs.
"""

from __future__ import annotations

import lzma
import re
from collections.abc import Iterator
from pathlib import Path

from tokalign.datasets.files import bad_line, json_object, sha256_of
from tokalign.datasets.public import folders
from tokalign.datasets.textset import TextSet, unique
from tokalign.errors import TokalignError

ARTICLES = 1000
LEAST_WORDS = 8
PATTERN = "enwiki2014-*.jsonl.xz"
LICENCE = "CC BY-SA 3.0"

_END = re.compile(r"""[.!?]["'”’)\]]*(?=\s+["'“‘(]?[A-Z0-9])""")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:[A-Za-z]|(?:[A-Za-z]\.)+[A-Za-z]|Mr|Mrs|Ms|Dr|Rev|St|Sr|Jr|Prof|Gen|Col|Capt"
    r"|Lt|Sgt|Gov|Sen|Rep|Hon|No|no|nos|vs|ca|cf|approx|lit|Inc|Ltd|Co|Corp|Mt|Ft|pp|vol|ed|fl)$"
)


def first_sentence(paragraph: str, least: int = LEAST_WORDS) -> str:
    """Cut a paragraph after its first sentence end that leaves at least `least` words.

    A full stop after a known abbreviation, an initial, or inside an open bracket ends nothing.
    Where no end is found the whole paragraph is given.

    >>> first_sentence("Dr. A. Bell (b. 1901) was a Scottish doctor and poet. He died in Ayr.")
    'Dr. A. Bell (b. 1901) was a Scottish doctor and poet.'
    """
    for end in _END.finditer(paragraph):
        sentence = paragraph[: end.end()]
        before = paragraph[: end.start()]
        inside = sentence.count("(") > sentence.count(")")
        if inside or (end.group().startswith(".") and _ABBREVIATION.search(before)):
            continue
        if len(sentence.split()) >= least:
            return sentence
    return paragraph


def corpus_file() -> Path:
    """Find the Wikipedia file in `corpora/`, inside a data folder or beside it.

    Raises:
        TokalignError: If there is none.
    """
    for folder in folders():
        for place in (folder / "corpora", folder.parent / "corpora"):
            found = sorted(place.glob(PATTERN))
            if found:
                return found[-1]
    raise TokalignError(
        "data set 'wiki' is not on this machine and there is no public file to download: set "
        f"TOKALIGN_DATA to a folder that holds corpora/{PATTERN}, each line an object with a "
        'list "paragraphs" (texts of en.wikipedia.org, CC BY-SA)'
    )


def _openings(path: Path) -> Iterator[str]:
    """Yield, for every article, the start of its first paragraph that is long enough."""
    try:
        with lzma.open(path, "rt", encoding="utf-8", newline="\n") as lines:
            for number, line in enumerate(lines, start=1):
                paragraphs = json_object(path, number, line).get("paragraphs")
                if not isinstance(paragraphs, list):
                    raise bad_line(path, number, 'needs a list "paragraphs"')
                for paragraph in paragraphs:
                    if isinstance(paragraph, str) and len(paragraph.split()) >= LEAST_WORDS:
                        yield first_sentence(paragraph.strip())
                        break
    except (OSError, lzma.LZMAError, EOFError, UnicodeDecodeError) as error:
        raise TokalignError(f"cannot read {path}: {error}") from None


def load_wiki() -> TextSet:
    """Load the first sentences of the first 1,000 articles that have one of 8 words or more.

    Raises:
        TokalignError: If there is no file, or it is broken.
    """
    path = corpus_file()
    texts: dict[str, None] = {}
    for text in _openings(path):
        texts.setdefault(text)
        if len(texts) == ARTICLES:
            break
    if not texts:
        raise TokalignError(f"{path} holds no paragraph of {LEAST_WORDS} words or more")
    return TextSet("wiki", unique(texts), None, str(path), sha256_of(path), LICENCE)
