"""Texts in single files of their own formats: Banking77, AG News, the MS MARCO pairs.

Broken characters and leftovers of HTML in these files are not repaired: what the paper's
authors measured is what is loaded.
"""

from __future__ import annotations

import csv

from tokalign.datasets.catalogue import CATALOGUE
from tokalign.datasets.files import Document, bad_line
from tokalign.datasets.pair_formats import labelled_rows
from tokalign.datasets.public import Located, locate
from tokalign.datasets.textset import TextSet, join_title
from tokalign.errors import TokalignError

AG_CLASSES = ("World", "Sports", "Business", "Sci/Tech")


def ag_rows(document: Document) -> list[tuple[str, str]]:
    r"""AG News: CSV without header: class 1 to 4, title, description; "\" stands for a line end.

    Returns:
        ("title. description", class name) for every item.

    Raises:
        TokalignError: If a row is malformed.

    >>> from pathlib import Path
    >>> ag_rows(Document(Path("a.csv"), '"2","Cup final","A late\\goal decides it."\n', ""))
    [('Cup final. A late goal decides it.', 'Sports')]
    """
    rows = []
    reader = csv.reader((f"{line}\n" for line in document.text.split("\n")), strict=True)
    try:
        for row in reader:
            if not row:
                continue
            if len(row) != 3 or row[0] not in ("1", "2", "3", "4"):
                raise bad_line(
                    document.path, reader.line_num, "needs a class 1 to 4, a title, a description"
                )
            text = join_title(row[1], row[2]).replace("\\", " ")
            rows.append((text, AG_CLASSES[int(row[0]) - 1]))
    except csv.Error as error:
        raise bad_line(document.path, reader.line_num, f"is not valid CSV ({error})") from None
    return rows


def passages_of_pairs(document: Document) -> list[str]:
    r"""Query, tab, passage: the passages.

    Raises:
        TokalignError: If a line has not exactly two fields.

    >>> from pathlib import Path
    >>> passages_of_pairs(Document(Path("p.txt"), "what eats plankton\tWhales do.\n", ""))
    ['Whales do.']
    """
    passages = []
    for number, line in document.lines():
        fields = line.split("\t")
        if len(fields) != 2 or not fields[1].strip():
            raise bad_line(document.path, number, "needs a query, one tab, a passage")
        passages.append(fields[1].strip())
    return passages


def load_msmarco_pairs() -> TextSet:
    """Load the passages of the 500 MS MARCO pairs that the paper's authors sampled."""
    located = locate(CATALOGUE["msmarco-pairs"], "all")
    document = located.read()
    texts = tuple(passages_of_pairs(document))
    if not texts:
        raise TokalignError(f"{located.path} holds no passage")
    licence = CATALOGUE["msmarco-pairs"].licence
    return TextSet("msmarco-pairs", texts, None, located.source, document.sha256, licence)


def load_banking77() -> TextSet:
    """Load Banking77's test split: 3,080 customers' questions, labelled by 77 intents."""
    located = locate(CATALOGUE["banking77"], "test")
    document = located.read()
    return _labelled("banking77", labelled_rows(document, ("text", "category")), located, document)


def load_ag_news() -> TextSet:
    """Load AG News' test split: 7,600 news items, labelled by four topics."""
    located = locate(CATALOGUE["ag_news"], "test")
    document = located.read()
    return _labelled("ag_news", ag_rows(document), located, document)


def _labelled(
    name: str, rows: list[tuple[str, str]], located: Located, document: Document
) -> TextSet:
    rows = [row for row in rows if row[0]]
    if not rows:
        raise TokalignError(f"{located.path} holds no text")
    texts, labels = zip(*rows, strict=True)
    licence = CATALOGUE[name].licence
    return TextSet(name, texts, labels, located.source, document.sha256, licence)
