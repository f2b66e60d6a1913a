"""Pairs of sentences or words with judgements: similarity, relatedness, entailment.

People judged the public sets, a language model the project's own. Does not score pairs and does
not bring the sets to one scale.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from tokalign.datasets import pair_formats as formats
from tokalign.datasets.catalogue import CATALOGUE
from tokalign.datasets.files import Document
from tokalign.datasets.own import LICENCE, own_data
from tokalign.datasets.own_pairs import FILE, own_pair_rows
from tokalign.datasets.public import Located, locate
from tokalign.datasets.sampling import sample_indices
from tokalign.datasets.textset import combined_sha256
from tokalign.errors import TokalignError, unknown

Kind = Literal["similarity", "relatedness", "entailment"]
Parser = Callable[[Document], list[formats.PairRow]]


@dataclass(frozen=True, eq=False)
class PairSet:
    """N pairs in the order of their files.

    Attributes:
        name: Name of the set.
        first: The N first texts.
        second: The N second texts.
        score: float64 of shape (N,), on the set's own scale (see `load_pairs`); None if unscored.
        kind: What was judged.
        label: N entailment labels, where the set has them; for `pairs`, how the second text
            differs from the first (`OWN_KINDS` of `own_pairs`).
        split: Which part of the set.
        source: File or URL; where there are several, joined by a space.
        sha256: Of the file; of several, of their digests (see `TextSet`).
        licence: What the owners allow, in a few words.
    """

    name: str
    first: tuple[str, ...]
    second: tuple[str, ...]
    score: npt.NDArray[np.float64] | None
    kind: Kind
    label: tuple[str, ...] | None
    split: str
    source: str
    sha256: str
    licence: str

    def __len__(self) -> int:
        return len(self.first)


@dataclass(frozen=True)
class _Part:
    """One split: the keys of its files in the catalogue (any for `pairs`), how to read them."""

    keys: tuple[str, ...]
    parser: Parser
    kind: Kind


def _parts() -> dict[str, dict[str, _Part]]:
    """List every set and split that `load_pairs` knows."""
    splits = ("train", "dev", "test")
    sick: dict[str, Parser] = {
        "train": lambda document: formats.sick_rows(document, "train"),
        "dev": lambda document: formats.sick_rows(document, "dev"),
        "test": lambda document: formats.sick_rows(document, "test"),
    }
    sts = list(CATALOGUE["sts"].files)
    years: dict[str, _Part] = {}
    for year in dict.fromkeys(key.split("/")[0] for key in sts):
        keys = tuple(key for key in sts if key.startswith(f"{year}/"))
        years[year] = _Part(keys, formats.sts_rows, "similarity")
        years |= {key: _Part((key,), formats.sts_rows, "similarity") for key in keys}
    related = ("men", "mturk-287", "mturk-771", "wordsim353-rel")
    words = {
        key: _Part((key,), formats.word_rows, "relatedness" if key in related else "similarity")
        for key in CATALOGUE["word_similarity"].files
    }
    rte = {
        split: _Part(tuple(f"rte{n}-{split}" for n in (1, 2, 3)), formats.rte_rows, "entailment")
        for split in ("dev", "test")
    }
    return {
        "pairs": {"test": _Part(("all",), _own_rows, "similarity")},
        "stsb": {split: _Part((split,), formats.stsb_rows, "similarity") for split in splits},
        "sick": {split: _Part(("all",), sick[split], "relatedness") for split in splits},
        "str2022": {
            split: _Part((split,), formats.str2022_rows, "relatedness") for split in splits
        },
        "sts": years,
        "word_similarity": words,
        "rte": rte,
    }


def _own_rows(document: Document) -> list[formats.PairRow]:
    return [
        formats.PairRow(pair.first, pair.second, pair.similarity, pair.kind)
        for pair in own_pair_rows(document)
    ]


def _locate(name: str, key: str) -> Located:
    """Find a file: the project's own beside the package, the others as `public` says."""
    if name == "pairs":
        path = own_data(FILE)
        return Located(path, str(path))
    return locate(CATALOGUE[name], key)


_PARTS = _parts()


def load_pairs(
    name: str, split: str = "test", *, limit: int | None = None, seed: int = 0
) -> PairSet:
    """Load a set of judged pairs.

    Args:
        name: `pairs` (the project's own: similarity, 0 to 5, with kinds as labels; `own_pairs`
            gives their relatedness and changed words as well), `stsb` (similarity, 0 to 5),
            `sick` (relatedness, 1 to 5, with entailment labels), `str2022` (relatedness, 0 to 1;
            `train` is STR-2022 itself, `dev` and `test` are what SemRel-2024 added), `sts`
            (SemEval, similarity, 0 to 5; pairs without a score are left out), `word_similarity`
            (each list on its own scale) or `rte` (no score).
        split: `train`, `dev` or `test`; for `pairs` only `test`; for `rte` `dev` or `test`, each
            over RTE-1 to 3; for `sts` a year (`2015`) or one of its files (`2015/images`); for
            `word_similarity` a list (`wordsim353-sim`, `wordsim353-rel`, `simlex999`, `men` ...).
        limit: Size of a nested random sample, None for all.
        seed: Seed of the sample.

    Returns:
        The pairs in the order of their files.

    Raises:
        TokalignError: If name or split is unknown, a file is nowhere or malformed, or `limit` is
            below 1.

    >>> load_pairs("stsb", "tests")
    Traceback (most recent call last):
    ...
    tokalign.errors.TokalignError: unknown split of stsb 'tests': did you mean test? Known: ...
    """
    if name not in _PARTS:
        raise unknown("set of pairs", name, _PARTS)
    if split not in _PARTS[name]:
        raise unknown(f"split of {name}", split, _PARTS[name])
    part = _PARTS[name][split]
    rows, sources, digests = [], [], []
    for key in part.keys:
        located = _locate(name, key)
        document = located.read()
        found = part.parser(document)
        if not found:
            raise TokalignError(f"{located.path} holds no pairs of the split {split}")
        rows += found
        sources.append(located.source)
        digests.append(document.sha256)
    chosen = [rows[i] for i in sample_indices(len(rows), limit, seed)]
    scores = [row.score for row in chosen if row.score is not None]
    labels = tuple(row.label for row in chosen if row.label is not None)
    return PairSet(
        name=name,
        first=tuple(row.first for row in chosen),
        second=tuple(row.second for row in chosen),
        score=np.array(scores, dtype=np.float64) if scores else None,
        kind=part.kind,
        label=labels or None,
        split=split,
        source=" ".join(sources),
        sha256=combined_sha256(digests),
        licence=LICENCE if name == "pairs" else CATALOGUE[name].licence,
    )
