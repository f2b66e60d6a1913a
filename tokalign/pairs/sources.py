"""Which pairs belong together, and which may be scored: sentences shared between pairs and sets.

SICK was made from 8K ImageFlickr and from the video captions of SemEval-2012, which are in STS-B
too, and its splits share sentences (Marelli et al. 2014). An interval over its pairs must draw
pairs of one source together, and a pair whose sentence, or whose source, is in the training data
tells nothing about an embedder. Near duplicates are not looked for.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from tokalign.datasets.catalogue import CATALOGUE
from tokalign.datasets.public import locate
from tokalign.errors import TokalignError

_WORD = re.compile(r"[^\W_]+")


@lru_cache(maxsize=200_000)
def wording(text: str) -> str:
    """A text by its words alone: NFKC, case folded, one blank between them.

    >>> wording("A man , playing the FLUTE.")
    'a man playing the flute'
    """
    return " ".join(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def pair_groups(*columns: Sequence[str]) -> np.ndarray:
    """Pairs that share a text, or are linked by others that do, form a group.

    Args:
        columns: The first texts, the second ones, and further ones, such as the sentences that
            they were made from; N each. Texts are compared by `wording`.

    Returns:
        ``(N,)`` int, the group of each pair, from 0.

    Raises:
        TokalignError: No columns, or columns of different lengths.

    >>> pair_groups(["a b", "c", "d"], ["c!", "e", "f"]).tolist()
    [0, 0, 1]
    """
    lengths = {len(column) for column in columns}
    if len(lengths) != 1:
        raise TokalignError(f"columns of {sorted(lengths)} texts; all of one length are needed")
    (pairs,) = lengths
    number: dict[str, int] = {}
    texts = [number.setdefault(wording(text), len(number)) for column in columns for text in column]
    rows = np.tile(np.arange(pairs), len(columns))
    size = pairs + len(number)
    links = coo_array((np.ones(len(texts)), (rows, pairs + np.array(texts, int))), (size, size))
    labels: np.ndarray = connected_components(links, directed=False)[1][:pairs]
    return np.unique(labels, return_inverse=True)[1]


def disjoint(training: Iterable[str], *columns: Sequence[str]) -> np.ndarray:
    """Pairs of which no text is among the training texts, as `wording` compares them.

    Args:
        training: Every text that anything was trained on.
        columns: See `pair_groups`.

    Returns:
        ``(N,)`` bool, true where all of a pair's texts are new.

    >>> disjoint(["A dog runs."], ["a dog runs", "a cat"], ["x", "y"]).tolist()
    [False, True]
    """
    seen = {wording(text) for text in training}
    rows = zip(*columns, strict=True)
    return np.array([not any(wording(text) in seen for text in row) for row in rows], dtype=bool)


@dataclass(frozen=True)
class SickSources:
    """From which sentence of the older sets each sentence of SICK was made.

    Attributes:
        sources: ``(first, second)`` of a pair -> the sentences that the two were made from.
    """

    sources: dict[tuple[str, str], tuple[str, str]]

    @classmethod
    def read(cls) -> SickSources:
        """Read SICK's own file.

        Raises:
            TokalignError: It is nowhere, or has not the columns.
        """
        document = locate(CATALOGUE["sick"], "all").read()
        rows = csv.DictReader(document.text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
        names = ("sentence_A", "sentence_B", "sentence_A_original", "sentence_B_original")
        if missing := [name for name in names if name not in (rows.fieldnames or ())]:
            raise TokalignError(f"{document.path} has no column {', '.join(missing)}")
        found = [[(row[name] or "").strip() for name in names] for row in rows]
        return cls({(a, b): (one, other) for a, b, one, other in found})

    def of(
        self, first: Sequence[str], second: Sequence[str]
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The sources of pairs of SICK.

        Args:
            first: N first sentences.
            second: N second ones.

        Returns:
            N sources of the first ones and N of the second ones.

        Raises:
            TokalignError: A pair is not SICK's.

        >>> SickSources({("a", "b"): ("x", "y")}).of(["a"], ["b"])
        (('x',), ('y',))
        """
        made = []
        for number, pair in enumerate(zip(first, second, strict=True), 1):
            if pair not in self.sources:
                raise TokalignError(f"pair {number} ({pair[0]!r} ...) is not one of SICK's")
            made.append(self.sources[pair])
        return tuple(a for a, _ in made), tuple(b for _, b in made)
