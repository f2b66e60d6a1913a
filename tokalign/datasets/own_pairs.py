"""The project's own sentence pairs: minimal changes of meaning, and two scores for each pair.

Similarity asks how far two sentences mean the same, relatedness how far they are about the same
things: a denial is related to what it denies, and not similar to it. `data/pairs.md` says how both
were judged. Does not compare pairs with anything; `load_pairs("pairs")` gives them as a `PairSet`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from tokalign.datasets.files import Document, bad_line, read_document, text_field
from tokalign.datasets.own import own_data
from tokalign.datasets.sampling import sample_indices

OwnKind = Literal["negation", "antonym", "role-swap", "number", "related", "paraphrase"]
#: The kinds in the order of the file.
OWN_KINDS: tuple[OwnKind, ...] = get_args(OwnKind)
#: Its name in the data folder of the checkout.
FILE = "pairs.jsonl"


@dataclass(frozen=True)
class OwnPair:
    """One pair.

    Attributes:
        first: A sentence.
        second: What was made from it, or said beside it.
        kind: How the second differs from the first.
        changed: The words of the second that carry the change, as they stand in it and in their
            order; empty for `related` and `paraphrase`.
        changed_first: The words of the first in their place; empty where nothing was replaced.
        similarity: 0 (nothing in common) to 5 (the same meaning), in steps of 0.5.
        relatedness: 0 (about other things) to 5 (about the same things), in steps of 0.5.
    """

    first: str
    second: str
    kind: OwnKind
    changed: tuple[str, ...]
    changed_first: tuple[str, ...]
    similarity: float
    relatedness: float


def own_pairs(*, limit: int | None = None, seed: int = 0) -> tuple[OwnPair, ...]:
    """Load the project's own pairs.

    Args:
        limit: Size of a nested random sample, None for all; kinds are not balanced in it.
        seed: Seed of the sample.

    Returns:
        The pairs in the order of the file. `load_pairs` takes the same ones for equal arguments.

    Raises:
        TokalignError: If the file is missing or malformed, or `limit` is below 1.

    >>> pair = own_pairs()[2]
    >>> pair.second, pair.changed_first, pair.changed
    ('Nobody on the jury believed the second witness.', ('Everybody',), ('Nobody',))
    >>> pair.similarity < pair.relatedness
    True
    """
    pairs = own_pair_rows(read_document(own_data(FILE)))
    return tuple(pairs[i] for i in sample_indices(len(pairs), limit, seed))


def own_pair_rows(document: Document) -> list[OwnPair]:
    r"""Parse one JSON object a line, with the fields of `OwnPair`.

    Raises:
        TokalignError: If a line lacks a field or holds a wrong one.

    >>> line = ('{"first": "It rained.", "second": "It never rained.", "kind": "negation", '
    ...         '"changed": ["never"], "changed_first": [], "similarity": 1, "relatedness": 5}')
    >>> [pair.changed for pair in own_pair_rows(Document(Path("p.jsonl"), line, ""))]
    [('never',)]
    """
    pairs = []
    for number, row in document.json_lines():
        kind = row.get("kind")
        if kind not in OWN_KINDS:
            raise bad_line(document.path, number, f'"kind" must be one of {", ".join(OWN_KINDS)}')
        pairs.append(
            OwnPair(
                first=text_field(document.path, number, row, "first"),
                second=text_field(document.path, number, row, "second"),
                kind=kind,
                changed=_words(document.path, number, row, "changed"),
                changed_first=_words(document.path, number, row, "changed_first"),
                similarity=_score(document.path, number, row, "similarity"),
                relatedness=_score(document.path, number, row, "relatedness"),
            )
        )
    return pairs


def _words(path: Path, number: int, row: dict[str, Any], name: str) -> tuple[str, ...]:
    words = row.get(name)
    if not isinstance(words, list) or not all(isinstance(word, str) and word for word in words):
        raise bad_line(path, number, f'needs a field "{name}" that is a list of words')
    return tuple(words)


def _score(path: Path, number: int, row: dict[str, Any], name: str) -> float:
    score = row.get(name)
    if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 5:
        raise bad_line(path, number, f'needs a field "{name}" that is a number from 0 to 5')
    return float(score)
