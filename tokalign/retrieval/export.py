"""Sparse vectors as the files that Anserini and Pyserini index and search.

    FOLDER/documents/0000.jsonl   {"id", "contents", "vector": {token: whole number}} a line
    FOLDER/queries.tsv            identifier, tab, every token as often as its weight says
    FOLDER/export.json            factor, counts, and the commands that take it from here

The first is Anserini's JsonVectorCollection, indexed with ``--impact --pretokenized``: Lucene reads
a vector as a text in which a token stands as often as its weight says, cut at blanks. So weights
are whole numbers and names hold no blanks. Does NOT index or search.
"""

from __future__ import annotations

import gzip
import json
import os
import secrets
import shutil
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from urllib.parse import quote

import numpy as np
import scipy.sparse as sp

from tokalign.errors import TokalignError
from tokalign.retrieval.sparse import SparseVectors

#: What weights are multiplied by before they are rounded; 100 as SPLADE's and PromptReps' exports.
FACTOR = 100.0
#: Lines in a file of documents.
LINES = 100_000
#: Most characters of a name. Lucene cuts tokens at 255, and some characters count twice there.
_LONGEST = 120


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        documents: How many documents.
        queries: How many queries. Those without any weight are left out: a line without a token is
            an error to Anserini.
        factor: What weights were multiplied by before they were rounded to whole numbers, 1 at
            least.
        files: The files of documents, relative to the folder.
        index: The command that indexes them, to be run in the folder.
        search: The command that searches, likewise; empty where there are no queries.
    """

    documents: int
    queries: int
    factor: float
    files: tuple[str, ...]
    index: str
    search: str


def export_vectors(
    documents: SparseVectors,
    names: Sequence[str],
    folder: Path,
    *,
    queries: sp.csr_array | None = None,
    query_ids: Sequence[str] = (),
    contents: Sequence[str] | None = None,
    factor: float = FACTOR,
    lines: int = LINES,
    compressed: bool = False,
) -> Exported:
    """Write documents, and queries, for Anserini and Pyserini.

    Args:
        documents: N documents over C columns.
        names: What the C columns stand for; see `exported_names` for how they are written.
        folder: Must not be there; it appears whole or not at all. A run that is killed may leave a
            hidden folder ``.NAME.*.tmp`` beside it.
        queries: ``(Q, C)``, final weights. They are rounded as the documents are, and then each
            query's are divided by their greatest common divisor, which changes no ranking.
        query_ids: Q identifiers.
        contents: The N texts, which an index can keep beside the vectors; empty where it is None.
        factor: See `whole_weights`.
        lines: Most documents in a file.
        compressed: Write documents as ``.jsonl.gz``.

    Returns:
        What was written; the same stands in ``export.json``.

    Raises:
        TokalignError: The folder is there or cannot be written; names, contents or identifiers are
            not as many as needed; an identifier of a query is empty, holds a blank or
            occurs twice; `factor` is not above 0 or `lines` is below 1.
    """
    if queries is None:
        queries = sp.csr_array(np.zeros((0, len(names)), dtype=np.float32))
    _check(documents, names, queries, query_ids, contents, lines)
    if os.path.lexists(folder):
        raise TokalignError(f"{folder} is there already; name a folder that is not")
    written = exported_names(names)
    rows = _rows(whole_weights(documents.matrix, factor), written)
    texts = contents if contents is not None else [""] * len(documents)
    records = (
        json.dumps({"id": name, "contents": text, "vector": row})
        for name, text, row in zip(documents.ids, texts, rows, strict=True)
    )
    asked = [
        (name, row)
        for name, row in zip(query_ids, _rows(whole_weights(queries, factor), written), strict=True)
        if row
    ]
    temporary = folder.parent / f".{folder.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp"
    try:
        (temporary / "documents").mkdir(parents=True)
        files = _write_documents(records, temporary, lines, compressed)
        if asked:
            _write(temporary / "queries.tsv", (f"{name}\t{_topic(row)}" for name, row in asked))
        made = Exported(len(documents), len(asked), factor, files, _INDEX, _SEARCH if asked else "")
        _write(temporary / "export.json", [json.dumps(asdict(made), indent=2)])
        os.rename(temporary, folder)
    except OSError as error:
        raise TokalignError(f"{folder} cannot be written: {error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return made


def whole_weights(weights: sp.csr_array, factor: float = FACTOR) -> sp.csr_array:
    """Weights as whole numbers: times the factor, rounded, and 1 where that would be 0.

    Args:
        weights: ``(N, C)``, stored weights above 0.
        factor: Above 0; 1 leaves whole numbers as they are.

    Returns:
        ``(N, C)`` int64, the same places filled.

    Raises:
        TokalignError: The factor is not above 0 or not finite.

    >>> whole_weights(sp.csr_array(np.array([[0.001, 0, 1.234]]))).toarray().tolist()
    [[1, 0, 123]]
    """
    if not 0 < factor < np.inf:
        raise TokalignError(f"factor {factor:g}; allowed: above 0")
    whole = np.maximum(np.rint(weights.data.astype(np.float64) * factor), 1).astype(np.int64)
    return sp.csr_array((whole, weights.indices, weights.indptr), shape=weights.shape)


def exported_names(names: Sequence[str]) -> list[str]:
    """Names of columns as Lucene can take them: without blanks, each once, none empty, none long.

    Blanks, control characters and ``%`` become the ``%``-escapes of URLs, by their UTF-8 bytes, so
    that ``urllib.parse.unquote`` gives the name back. A name that is empty, too long (it is cut
    then) or not the only one of its kind ends in ``%%`` and the number of its column.

    >>> exported_names([" game", "game", "100%", "", "x", "x"])
    ['%20game', 'game', '100%25', '%%3', 'x%%4', 'x%%5']
    """
    escaped = ["".join(_escaped(character) for character in name) for name in names]
    count = Counter(escaped)
    return [
        name if name and count[name] == 1 and len(name) <= _LONGEST
        else f"{name[: _LONGEST - 20]}%%{column}"
        for column, name in enumerate(escaped)
    ]  # fmt: skip


_INDEX = (
    "python -m pyserini.index.lucene --collection JsonVectorCollection --input documents "
    "--index index --generator DefaultLuceneDocumentGenerator --impact --pretokenized"
)
_SEARCH = (
    "python -m pyserini.search.lucene --index index --topics queries.tsv --output run.txt "
    "--impact --pretokenized"
)


def _escaped(character: str) -> str:
    # Separators and control characters, formats and halves of surrogate pairs among them.
    unsafe = character == "%" or unicodedata.category(character)[0] in "ZC"
    return quote(character, safe="", errors="surrogatepass") if unsafe else character


def _check(
    documents: SparseVectors,
    names: Sequence[str],
    queries: sp.csr_array,
    query_ids: Sequence[str],
    contents: Sequence[str] | None,
    lines: int,
) -> None:
    columns = documents.matrix.shape[1]
    if not (len(names) == columns == queries.shape[1] and len(query_ids) == queries.shape[0]):
        raise TokalignError(
            f"{len(names)} names and {len(query_ids)} identifiers for documents of {columns} "
            f"columns and queries {queries.shape}; needed: a name a column, an identifier a query"
        )
    if contents is not None and len(contents) != len(documents):
        raise TokalignError(f"{len(contents)} contents for {len(documents)} documents")
    if len(set(query_ids)) != len(query_ids):
        raise TokalignError("an identifier of a query occurs twice; each must be its own")
    for name in query_ids:
        if not name or " " in name or not name.isprintable():
            raise TokalignError(
                f"{name!r} cannot name a query: it is empty, or holds blanks or control characters"
            )
    if lines < 1:
        raise TokalignError(f"lines must be at least 1, not {lines}")


def _rows(weights: sp.csr_array, names: Sequence[str]) -> Iterator[dict[str, int]]:
    for start, stop in zip(weights.indptr[:-1], weights.indptr[1:], strict=True):
        row = zip(weights.indices[start:stop], weights.data[start:stop], strict=True)
        yield {names[column]: int(weight) for column, weight in row}


def _topic(row: dict[str, int]) -> str:
    divisor = int(np.gcd.reduce(list(row.values())))
    return " ".join(" ".join([token] * (weight // divisor)) for token, weight in row.items())


def _write_documents(
    records: Iterator[str], folder: Path, lines: int, compressed: bool
) -> tuple[str, ...]:
    files: list[str] = []
    while some := list(islice(records, lines)):
        name = f"documents/{len(files):04}.jsonl{'.gz' if compressed else ''}"
        _write(folder / name, some)
        files.append(name)
    return tuple(files)


def _write(path: Path, lines: Sequence[str] | Iterator[str]) -> None:
    with path.open("wb") as file:
        # No time and no name in it: the same vectors give the same bytes.
        out = gzip.GzipFile("", "wb", 6, fileobj=file, mtime=0) if path.suffix == ".gz" else file
        for line in lines:
            out.write(f"{line}\n".encode())
        if out is not file:
            out.close()
        file.flush()
        os.fsync(file.fileno())
