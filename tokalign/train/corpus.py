"""The articles that the miniatures are trained on, read from ``*.jsonl.xz`` files.

A file is one article a line: ``id``, ``title``, ``paragraphs``. Parts of a file are named by the
numbers of its articles, so that what is held out is a line in a table and not a matter of chance.
"""

from __future__ import annotations

import lzma
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from tokalign.datasets.files import bad_line, json_object
from tokalign.datasets.wiki import LEAST_WORDS, first_sentence
from tokalign.errors import TokalignError

#: First articles of the held-out file. No model is trained on them: the data set ``wiki`` and
#: every other held-out sentence come from them.
RESERVED = 5000
#: Articles of the held-out file, right after the reserved ones, that only validate.
VALIDATION = 1000


@dataclass(frozen=True)
class Article:
    """One article: its title and its paragraphs, none of them blank."""

    title: str
    paragraphs: tuple[str, ...]


def read_articles(path: Path, start: int = 0, stop: int | None = None) -> Iterator[Article]:
    """Yield the articles of a file in its order.

    Args:
        path: A ``.jsonl.xz`` file.
        start: Number of the first article, from 0.
        stop: One past the last; the end of the file where it is None.

    Raises:
        TokalignError: The file cannot be read, or a line is no article.
    """
    try:
        with lzma.open(path, "rt", encoding="utf-8", newline="\n") as lines:
            for number, line in islice(enumerate(lines, start=1), start, stop):
                row = json_object(path, number, line)
                title, paragraphs = row.get("title"), row.get("paragraphs")
                if not isinstance(title, str) or not isinstance(paragraphs, list):
                    raise bad_line(path, number, 'needs a text "title" and a list "paragraphs"')
                kept = tuple(p.strip() for p in paragraphs if isinstance(p, str) and p.strip())
                yield Article(title.strip(), kept)
    except (OSError, lzma.LZMAError, EOFError, UnicodeDecodeError) as error:
        raise TokalignError(f"cannot read {path}: {error}") from None


def held_out_sentences(path: Path, reserved: int = RESERVED) -> Iterator[str]:
    """Yield the first sentence of each reserved article, as the data set ``wiki`` takes it.

    Articles without a paragraph of some length have none.

    Args:
        path: The held-out file.
        reserved: Articles at its start that no model is trained on.
    """
    for article in read_articles(path, stop=reserved):
        for paragraph in article.paragraphs:
            if len(paragraph.split()) >= LEAST_WORDS:
                yield first_sentence(paragraph)
                break
