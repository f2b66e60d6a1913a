"""The Cranfield collection in TREC's XML: 1,400 abstracts on aerodynamics, 225 queries.

Two traps of the published files, both handled here. The queries carry the numbers of the original
study (1, 2, 4, 8 ...), while the judgements count them from 1 to 225: queries are named by their
position. And a text begins by repeating its title, which is then not put before it again. Two
documents (471, 995) are empty; they stay, since one of them is judged.
"""

from __future__ import annotations

from collections.abc import Callable

from tokalign.datasets.beir import Qrels, RetrievalSet, read_qrels
from tokalign.datasets.catalogue import CATALOGUE
from tokalign.datasets.files import Document
from tokalign.datasets.public import locate
from tokalign.datasets.textset import combined_sha256, join_title
from tokalign.datasets.xmlsafe import parse_xml, squeeze
from tokalign.errors import TokalignError, unknown

#: Split -> whether a query at a position, from 1, belongs to it.
SPLITS: dict[str, Callable[[int], bool]] = {
    "test": lambda position: True,
    "even": lambda position: position % 2 == 0,
    "odd": lambda position: position % 2 == 1,
}


def cranfield_docs(document: Document) -> dict[str, str]:
    """Read the documents: identifier -> text, the title in front where the text lacks it.

    Raises:
        TokalignError: If there is none, or one has no number or another's.

    >>> from pathlib import Path
    >>> xml = "<doc><docno>7</docno><title>a wing</title><text>a wing is tested</text></doc>"
    >>> cranfield_docs(Document(Path("docs.xml"), xml, ""))
    {'7': 'a wing is tested'}
    """
    docs: dict[str, str] = {}
    for doc in parse_xml(document).iter("doc"):
        identifier = squeeze(doc.findtext("docno"))
        if not identifier or identifier in docs:
            raise TokalignError(f"{document.path}: document number {identifier!r} missing or twice")
        title, text = squeeze(doc.findtext("title")), squeeze(doc.findtext("text"))
        docs[identifier] = text if text.startswith(title) else join_title(title, text)
    if not docs:
        raise TokalignError(f"{document.path} holds no document")
    return docs


def cranfield_queries(document: Document) -> dict[str, str]:
    """Read the queries: position from 1 -> text.

    >>> from pathlib import Path
    >>> xml = "<top><num>1</num><title>a</title></top><top><num>4</num><title>b</title></top>"
    >>> cranfield_queries(Document(Path("queries.xml"), xml, ""))
    {'1': 'a', '2': 'b'}
    """
    tops = parse_xml(document).iter("top")
    return {str(n): squeeze(top.findtext("title")) for n, top in enumerate(tops, start=1)}


def load_cranfield(split: str = "test") -> RetrievalSet:
    """Load the collection, with binary grades.

    The file has grade 1 for every relevant document but one, whose 3 is a code of the original
    study that was not converted: every grade above 0 counts as 1.

    Args:
        split: ``test`` for all queries; ``even`` or ``odd`` for those whose position is, so that
            what is chosen on one half can be reported on the other.

    Raises:
        TokalignError: If the split is unknown, a file is nowhere or malformed, or a judged query is
            missing.
    """
    if split not in SPLITS:
        raise unknown("split of cranfield", split, SPLITS)
    data = CATALOGUE["cranfield"]
    located = [locate(data, role) for role in ("docs", "queries", "qrels")]
    documents = [place.read() for place in located]
    docs, queries = cranfield_docs(documents[0]), cranfield_queries(documents[1])
    grades = read_qrels(documents[2])
    qrels: Qrels = {
        query: {doc: int(grade > 0) for doc, grade in judged.items()}
        for query, judged in grades.items()
    }
    if not set(qrels) <= set(queries):
        raise TokalignError(f"{located[2].path} judges queries that {located[1].path} lacks")
    ids = tuple(query for query in queries if query in qrels and SPLITS[split](int(query)))
    return RetrievalSet(
        name="cranfield",
        doc_ids=tuple(docs),
        docs=tuple(docs.values()),
        query_ids=ids,
        queries=tuple(queries[query] for query in ids),
        qrels={query: qrels[query] for query in ids},
        split=split,
        source=" ".join(place.source for place in located),
        sha256=combined_sha256([document.sha256 for document in documents]),
        licence=data.licence,
    )
