"""Loading texts with facets: the project's own, public sets with one label, files of the user.

Our own stand in `data/facets.jsonl`: each pair of labels of a group has the same number of texts,
so that one facet says nothing about the other. Does not embed, and does not judge what an
embedding decodes to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tokalign.datasets.facet_instructions import (
    Facet,
    FacetLabel,
    Instruction,
    facet_instructions,
    read_facets,
)
from tokalign.datasets.facet_texts import FacetTexts, balanced_indices
from tokalign.datasets.files import Document, bad_line, read_document, text_field
from tokalign.datasets.labelled import load_ag_news, load_banking77
from tokalign.datasets.textset import TextSet
from tokalign.errors import TokalignError, unknown
from tokalign.paths import book_data, user_path

__all__ = [
    "Facet",
    "FacetLabel",
    "FacetTexts",
    "Instruction",
    "balanced_indices",
    "facet_instructions",
    "load_facets",
    "load_labelled_facet",
]

LICENCE = "CC BY 4.0"
# Public sets with one label: which facet it is, and who loads them.
_LABELLED: dict[str, tuple[str, Callable[[], TextSet]]] = {
    "banking77": ("intent", load_banking77),
    "ag_news": ("topic", load_ag_news),
}


class FacetRow(NamedTuple):
    """A text, its labels by facet, and whether it is kept from training."""

    text: str
    labels: dict[str, str]
    held_out: bool


def load_facets(group: str | None = None, limit: int | None = None, seed: int = 0) -> FacetTexts:
    """Load the project's own faceted texts.

    Args:
        group: "reviews" (topic and emotion) or "requests" (intent and place); None for both.
        limit: Size of a balanced sample in the original order; samples nest. None takes all.
        seed: Seed of the sample.

    Raises:
        TokalignError: The group is unknown, `limit` is below 1, or a file is missing or malformed.

    >>> held = load_facets("reviews", limit=36)
    >>> held.label("topic", 0).word, held.label("emotion", 0).word
    ('food', 'anger')
    """
    facets = read_facets().values()
    groups = {facet.group for facet in facets}
    if group is not None and group not in groups:
        raise unknown("group of texts", group, groups)
    path = book_data("facets.jsonl")
    if not path.is_file():
        raise TokalignError(
            "data set 'facets' lies in data/ of the project's checkout, which is not beside "
            f"this installation ({path} is missing): install from a checkout with pip install -e ."
        )
    document = read_document(path)
    wanted = [facet for facet in facets if group in (None, facet.group)]
    names = {facet.name for facet in wanted}
    rows = [row for row in own_facet_rows(document, facets) if names & set(row.labels)]
    origin = (str(document.path), document.sha256, LICENCE)
    return _texts("facets", rows, wanted, *origin).sample(limit, seed)


def load_labelled_facet(name_or_file: str, limit: int | None = None, seed: int = 0) -> FacetTexts:
    """Load a labelled set as texts with facets; its class names, cleaned, are the label words.

    Args:
        name_or_file: "banking77" (its facet is called intent) or "ag_news" (topic); or a file
            `.jsonl`, each line ``{"text": ..., "facets": {"emotion": "anger", ...}}`` with the
            same facets, and ``"held_out": true`` where a text is kept from training. InBedder's
            sets (arXiv 2402.09642) are read once they are brought to that form.
        limit: Size of a balanced sample in the original order; samples nest. None takes all.
        seed: Seed of the sample.

    Raises:
        TokalignError: The name is unknown, the set is nowhere, a file is malformed, or `limit` is
            below 1.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "toy.jsonl")
    ...     _ = path.write_text('{"text": "Out!", "facets": {"emotion": "Cold_rage"}}')
    ...     load_labelled_facet(str(path)).label("emotion", 0)
    FacetLabel(name='Cold_rage', word='cold rage', variants=())
    """
    if limit is not None and limit < 1:  # before anything is downloaded
        raise TokalignError(f"limit must be at least 1, not {limit}")
    if name_or_file in _LABELLED:
        facet, load = _LABELLED[name_or_file]
        held = load()
        pairs = zip(held.texts, held.labels or (), strict=True)
        rows = [FacetRow(text, {facet: label}, False) for text, label in pairs]
        origin = (held.source, held.sha256, held.licence)
        return _texts(held.name, rows, _facets_of(rows, held.name), *origin).sample(limit, seed)
    path = user_path(name_or_file)
    if path.suffix != ".jsonl":
        besides = 'a file .jsonl with "text" and "facets"'
        raise unknown("labelled set", name_or_file, _LABELLED, besides)
    document = read_document(path)
    rows = facet_rows(document)
    origin = (str(path), document.sha256, "not stated")
    return _texts(path.name, rows, _facets_of(rows, path.stem), *origin).sample(limit, seed)


def facet_rows(document: Document) -> list[FacetRow]:
    r"""Parse a file with the same facets in each line.

    Raises:
        TokalignError: If a line is malformed or has other facets than the first, or there is none.

    >>> line = '{"text": "Out!", "facets": {"emotion": "anger"}}'
    >>> facet_rows(Document(Path("t.jsonl"), line, ""))
    [FacetRow(text='Out!', labels={'emotion': 'anger'}, held_out=False)]
    """
    rows: list[FacetRow] = []
    for number, found in document.json_lines():
        row = _row(document.path, number, found)
        if rows and set(row.labels) != set(rows[0].labels):
            names = ", ".join(rows[0].labels)
            raise bad_line(document.path, number, f"must have the facets of the first: {names}")
        rows.append(row)
    if not rows:
        raise TokalignError(f"{document.path} holds no text")
    return rows


def own_facet_rows(document: Document, facets: Collection[Facet]) -> list[FacetRow]:
    """Parse a file in which each text has all facets of one group, with labels that are known.

    Raises:
        TokalignError: If a line is malformed or not so.
    """
    groups: dict[str, dict[str, set[str]]] = {}
    for facet in facets:
        names = {label.name for label in facet.labels}
        groups.setdefault(facet.group, {})[facet.name] = names
    rows = []
    for number, found in document.json_lines():
        row = _row(document.path, number, found)
        known = next((group for group in groups.values() if set(group) == set(row.labels)), None)
        if known is None:
            allowed = "; or ".join(", ".join(group) for group in groups.values())
            raise bad_line(document.path, number, f"its facets must be {allowed}")
        for name, label in row.labels.items():
            if label not in known[name]:
                raise bad_line(document.path, number, str(unknown(name, label, known[name])))
        rows.append(row)
    return rows


def _row(path: Path, number: int, row: dict[str, Any]) -> FacetRow:
    text = text_field(path, number, row, "text").strip()
    labels, held_out = row.get("facets"), row.get("held_out", False)
    if not isinstance(labels, dict) or not labels:
        raise bad_line(path, number, 'needs a field "facets" of names and labels')
    for label in labels.values():
        if not isinstance(label, str) or not _clean(label):
            raise bad_line(path, number, f"a label must be a word, not {label!r}")
    if not isinstance(held_out, bool):
        raise bad_line(path, number, f'"held_out" must be true or false, not {held_out!r}')
    return FacetRow(text, labels, held_out)


def _clean(name: str) -> str:
    """Make words of a class name.

    >>> _clean("Refund_not_showing_up"), _clean("Sci/Tech")
    ('refund not showing up', 'sci tech')
    """
    return " ".join(re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", name)).lower()


def _facets_of(rows: Sequence[FacetRow], group: str) -> list[Facet]:
    """Make facets of the labels that occur, in the order of the alphabet."""
    found: dict[str, set[str]] = {}
    for row in rows:
        for name, label in row.labels.items():
            found.setdefault(name, set()).add(label)
    return [
        Facet(name, group, tuple(FacetLabel(label, _clean(label)) for label in sorted(labels)))
        for name, labels in found.items()
    ]


def _texts(
    name: str,
    rows: Sequence[FacetRow],
    facets: Sequence[Facet],
    source: str,
    sha256: str,
    licence: str,
) -> FacetTexts:
    labels = {}
    for facet in facets:
        numbers = {label.name: number for number, label in enumerate(facet.labels)}
        of_each = [numbers.get(row.labels.get(facet.name, ""), -1) for row in rows]
        labels[facet.name] = np.array(of_each, dtype=np.int64)
    return FacetTexts(
        name=name,
        texts=tuple(row.text for row in rows),
        facets=tuple(facets),
        labels=labels,
        held_out=np.array([row.held_out for row in rows], dtype=np.bool_),
        source=source,
        sha256=sha256,
        licence=licence,
    )
