"""Retrieval collections in the BEIR layout: `corpus.jsonl`, `queries.jsonl`, `qrels/SPLIT.tsv`.

Judgements may stand with or without a header row, in three columns (query, document, grade) or
TREC's four. Does not hold sub-collections (CQADupStack) and does not build an index.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tokalign.datasets.files import (
    Document,
    bad_line,
    read_document,
    sha256_of,
    stream_json_lines,
    text_field,
)
from tokalign.datasets.sampling import sample_indices
from tokalign.datasets.textset import combined_sha256, join_title
from tokalign.errors import TokalignError

Qrels = dict[str, dict[str, int]]


@dataclass(frozen=True, eq=False)
class RetrievalSet:
    """Documents, judged queries and their judgements.

    Attributes:
        name: Name of the set, or of its folder.
        doc_ids: The D identifiers.
        docs: The D documents, "title. text"; a document may be empty where the set has it so.
        query_ids: The Q identifiers of the queries that the split judges, in the file's order.
        queries: The Q queries.
        qrels: query -> document -> grade, as the file gives them (0: judged, not relevant).
        split: Which judgements.
        source: Folder or URL.
        sha256: Of the digests of documents, queries and judgements, one a line.
        licence: What the owners allow, in a few words.
    """

    name: str
    doc_ids: tuple[str, ...]
    docs: tuple[str, ...]
    query_ids: tuple[str, ...]
    queries: tuple[str, ...]
    qrels: Qrels
    split: str
    source: str
    sha256: str
    licence: str

    def __len__(self) -> int:
        return len(self.doc_ids)

    def sample(self, limit: int | None, seed: int = 0) -> RetrievalSet:
        """The same documents with a nested random sample of the queries (see `sample_indices`)."""
        chosen = sample_indices(len(self.query_ids), limit, seed)
        ids = tuple(self.query_ids[i] for i in chosen)
        return replace(
            self,
            query_ids=ids,
            queries=tuple(self.queries[i] for i in chosen),
            qrels={query: self.qrels[query] for query in ids},
        )


def corpus_rows(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (identifier, "title. text") for every document of a `corpus.jsonl`.

    Raises:
        TokalignError: If a line is malformed or an identifier stands twice.
    """
    seen = set()
    for number, row in stream_json_lines(path):
        identifier = text_field(path, number, row, "_id")
        if identifier in seen:
            raise bad_line(path, number, f"identifier {identifier!r} stands twice")
        seen.add(identifier)
        text, title = row.get("text"), row.get("title") or ""
        if not isinstance(text, str) or not isinstance(title, str):
            raise bad_line(
                path, number, 'needs a field "text" (and may have a "title") that is text'
            )
        yield identifier, join_title(title, text)
    if not seen:
        raise TokalignError(f"{path} holds no document")


def read_qrels(document: Document) -> Qrels:
    r"""Read judgements, with or without a header row.

    Args:
        document: Lines of query, document, grade, or TREC's query, 0, document, grade; between
            tabs, or white space where there are no tabs.

    Returns:
        query -> document -> grade.

    Raises:
        TokalignError: If a line is malformed or nothing is judged.

    >>> read_qrels(Document(Path("q"), "query-id\tcorpus-id\tscore\nq1\td7\t2\n", ""))
    {'q1': {'d7': 2}}
    >>> read_qrels(Document(Path("q"), "1 0 184 1\r\n", ""))
    {'1': {'184': 1}}
    """
    qrels: Qrels = {}
    for position, (number, line) in enumerate(document.lines()):
        fields = [field.strip() for field in line.strip().split("\t" if "\t" in line else None)]
        if len(fields) not in (3, 4):
            raise bad_line(document.path, number, f"{len(fields)} columns instead of 3 or 4")
        query, doc, grade = fields[0], fields[-2], fields[-1]
        try:
            qrels.setdefault(query, {})[doc] = int(grade)
        except ValueError:
            if position:
                raise bad_line(document.path, number, f"grade {grade!r} is no integer") from None
            # else the header row
    if not qrels:
        raise TokalignError(f"{document.path} holds no judgement")
    return qrels


def load_beir_folder(
    folder: Path, split: str, *, name: str, source: str, licence: str
) -> RetrievalSet:
    """Load a folder in the BEIR layout.

    Args:
        folder: The folder.
        split: Which `qrels/SPLIT.tsv`.
        name: Name to note.
        source: Origin to note.
        licence: Licence to note.

    Returns:
        Every document, and the queries that the split judges.

    Raises:
        TokalignError: If a file is missing or malformed, a judged query has no text, or none of
            the judged documents is in the corpus.
    """
    corpus, queries, qrels_file = (
        folder / part for part in ("corpus.jsonl", "queries.jsonl", f"qrels/{split}.tsv")
    )
    for path in (corpus, queries, qrels_file):
        if not path.is_file():
            held = sorted(found.stem for found in (folder / "qrels").glob("*.tsv"))
            raise TokalignError(
                f"{folder} is no BEIR folder with the split {split!r}: it lacks "
                f"{path.relative_to(folder)} (splits there: {', '.join(held) or 'none'})"
            )
    judged = read_document(qrels_file)
    qrels = read_qrels(judged)
    docs = dict(corpus_rows(corpus))
    texts = {
        text_field(queries, number, row, "_id"): text_field(queries, number, row, "text").strip()
        for number, row in stream_json_lines(queries)
    }
    lost = [query for query in qrels if query not in texts]
    if lost:
        raise TokalignError(f"{qrels_file} judges the query {lost[0]!r}, which {queries} lacks")
    if not any(doc in docs for grades in qrels.values() for doc in grades):
        raise TokalignError(f"{qrels_file}: none of the judged documents is in {corpus}")
    ids = tuple(query for query in texts if query in qrels)
    return RetrievalSet(
        name=name,
        doc_ids=tuple(docs),
        docs=tuple(docs.values()),
        query_ids=ids,
        queries=tuple(texts[query] for query in ids),
        qrels=qrels,
        split=split,
        source=source,
        sha256=combined_sha256([sha256_of(corpus), sha256_of(queries), judged.sha256]),
        licence=licence,
    )
