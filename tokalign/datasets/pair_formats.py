"""Parsers of the published pair files: one function a format, from a document to rows.

Scores are taken as the files give them, on their own scales. Nothing is normalised but space at
both ends of a text.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from typing import NamedTuple

from tokalign.datasets.files import Document, bad_line
from tokalign.datasets.xmlsafe import parse_xml, squeeze
from tokalign.errors import TokalignError


class PairRow(NamedTuple):
    """One pair; `score` or `label` is None where the set has none."""

    first: str
    second: str
    score: float | None
    label: str | None = None


def _score(document: Document, number: int, value: str) -> float:
    try:
        score = float(value)
    except ValueError:
        score = math.nan
    if not math.isfinite(score):
        raise bad_line(document.path, number, f"score {value!r} is not a number")
    return score


def _fields(document: Document, number: int, line: str, least: int) -> list[str]:
    fields = [field.strip() for field in line.split("\t")]
    if len(fields) < least:
        raise bad_line(
            document.path, number, f"{len(fields)} fields between tabs, at least {least} needed"
        )
    return fields


def _csv_rows(document: Document, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line number, row) of a CSV file that has at least these columns."""
    # split() takes away the line feeds that a quoted field may hold: give them back.
    reader = csv.DictReader((f"{line}\n" for line in document.text.split("\n")), strict=True)
    missing = set(columns) - set(reader.fieldnames or ())
    if missing:
        raise bad_line(document.path, 1, f"no column {', '.join(sorted(missing))}")
    try:
        for row in reader:
            values = [row[column] for column in columns]
            if any(value is None for value in values):
                raise bad_line(document.path, reader.line_num, "too few columns")
            if any(value.strip() for value in values):  # the WordSim files end with an empty row
                yield reader.line_num, row
    except csv.Error as error:
        raise bad_line(document.path, reader.line_num, f"is not valid CSV ({error})") from None


def stsb_rows(document: Document) -> list[PairRow]:
    """STS-B: genre, file, year, id, score (0 to 5), two sentences; tabs, no quoting, no header."""
    rows = []
    for number, line in document.lines():
        fields = _fields(document, number, line, 7)
        rows.append(PairRow(fields[5], fields[6], _score(document, number, fields[4])))
    return rows


def sts_rows(document: Document) -> list[PairRow]:
    """SemEval STS: score (0 to 5), two sentences; pairs without a score are left out."""
    rows = []
    for number, line in document.lines():
        fields = _fields(document, number, line, 3)
        if fields[0]:
            rows.append(PairRow(fields[1], fields[2], _score(document, number, fields[0])))
    return rows


def sick_rows(document: Document, split: str) -> list[PairRow]:
    """SICK: tabs and a header; relatedness (1 to 5) and entailment label; all splits in one file.

    Raises:
        TokalignError: If a column is missing or a row malformed.
    """
    wanted = {"train": "TRAIN", "dev": "TRIAL", "test": "TEST"}[split]
    columns = ("sentence_A", "sentence_B", "relatedness_score", "entailment_label", "SemEval_set")
    lines = document.lines()
    header = [name.strip() for name in next(lines, (1, ""))[1].split("\t")]
    missing = [column for column in columns if column not in header]
    if missing:
        raise bad_line(document.path, 1, f"no column {', '.join(missing)}")
    at = [header.index(column) for column in columns]
    rows = []
    for number, line in lines:
        fields = _fields(document, number, line, len(header))
        first, second, score, label, part = (fields[i] for i in at)
        if part == wanted:
            rows.append(PairRow(first, second, _score(document, number, score), label.lower()))
    return rows


def str2022_rows(document: Document) -> list[PairRow]:
    """STR-2022: CSV with Text (two sentences, a line feed between) and Score (0 to 1)."""
    rows = []
    for number, row in _csv_rows(document, ("Text", "Score")):
        sentences = [part.strip() for part in row["Text"].split("\n")]
        if len(sentences) != 2:
            raise bad_line(document.path, number, f"{len(sentences)} sentences instead of 2")
        rows.append(PairRow(sentences[0], sentences[1], _score(document, number, row["Score"])))
    return rows


def word_rows(document: Document) -> list[PairRow]:
    """Word lists: CSV with word1, word2, similarity. MEN's word classes ("sun-n") are cut off."""
    men = document.path.name == "men.csv"
    rows = []
    for number, row in _csv_rows(document, ("word1", "word2", "similarity")):
        words = [row["word1"].strip(), row["word2"].strip()]
        if men:
            words = [word[:-2] if word[-2:] in ("-n", "-v", "-j") else word for word in words]
        rows.append(PairRow(words[0], words[1], _score(document, number, row["similarity"])))
    return rows


def labelled_rows(document: Document, columns: tuple[str, str]) -> list[tuple[str, str]]:
    """CSV with a text and its class, such as Banking77's `text,category`."""
    return [
        (row[columns[0]].strip(), row[columns[1]].strip())
        for _, row in _csv_rows(document, columns)
    ]


def rte_rows(document: Document) -> list[PairRow]:
    """RTE: XML; text, hypothesis, and whether the one entails the other. No score.

    Raises:
        TokalignError: If a pair lacks text, hypothesis or value.
    """
    labels = {"YES": "entailment", "TRUE": "entailment"}
    labels |= {"NO": "not entailment", "FALSE": "not entailment"}
    rows = []
    for pair in parse_xml(document).iter("pair"):
        text, hypothesis = squeeze(pair.findtext("t")), squeeze(pair.findtext("h"))
        label = labels.get(pair.get("entailment") or pair.get("value") or "")
        if not text or not hypothesis or label is None:
            raise TokalignError(
                f"{document.path}: pair {pair.get('id')} lacks its text, hypothesis or value"
            )
        rows.append(PairRow(text, hypothesis, None, label))
    return rows
