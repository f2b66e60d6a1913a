"""A run: what a system finds for each query, best first.

In the sense of TREC: the system may be anything that gives documents scores. Does not judge what
was found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from tokalign.errors import TokalignError

#: How many documents a query keeps, unless another number is asked for.
TOP = 1000


@dataclass(frozen=True)
class Run:
    """Ranked documents of Q queries.

    Attributes:
        name: The system.
        rankings: Query -> document -> score, the best document first. A query for which nothing
            was found is there without documents.

    >>> run = Run("toy", {"q1": {"d2": 3.0, "d1": 1.0}, "q2": {}})
    >>> len(run), run.top(1).rankings["q1"]
    (2, {'d2': 3.0})
    """

    name: str
    rankings: Mapping[str, Mapping[str, float]] = field(repr=False)

    def __post_init__(self) -> None:
        for query, found in self.rankings.items():
            scores = np.fromiter(found.values(), dtype=np.float64, count=len(found))
            if not np.isfinite(scores).all() or (np.diff(scores) > 0).any():
                raise ValueError(f"scores of query {query!r} are not finite, or do not fall")

    def __len__(self) -> int:
        return len(self.rankings)

    def top(self, k: int) -> Run:
        """The first k documents of each query."""
        cut = {query: dict(list(found.items())[:k]) for query, found in self.rankings.items()}
        return Run(self.name, cut)

    def frame(self) -> pd.DataFrame:
        """A tidy frame: query, rank (from 1), document, score."""
        rows = [
            (query, rank, doc, score)
            for query, found in self.rankings.items()
            for rank, (doc, score) in enumerate(found.items(), 1)
        ]
        return pd.DataFrame(rows, columns=["query", "rank", "document", "score"])


class Ranker:
    """Turns scores of the same D documents into rankings, equal scores by identifier.

    Identifiers are compared as strings, so "10" comes before "9": what matters is that the order
    does not depend on where a document stands in the corpus.

    Args:
        doc_ids: D identifiers, each once.
        top: How many documents a ranking keeps; all where it is None.

    Raises:
        TokalignError: `top` is below 1, or an identifier occurs twice.

    >>> Ranker(["b", "a", "c"], top=2).rank(np.array([1.0, 1.0, 0.5]))
    {'a': 1.0, 'b': 1.0}
    """

    def __init__(self, doc_ids: Sequence[str], top: int | None = TOP) -> None:
        if top is not None and top < 1:
            raise TokalignError(f"top must be at least 1, not {top}")
        if len(set(doc_ids)) != len(doc_ids):
            raise TokalignError("an identifier of a document occurs twice; each must be its own")
        self._ids = list(doc_ids)
        self._top = len(doc_ids) if top is None else min(top, len(doc_ids))
        self._place = np.empty(len(doc_ids), dtype=np.int64)
        self._place[sorted(range(len(doc_ids)), key=self._ids.__getitem__)] = np.arange(
            len(doc_ids)
        )

    def rank(self, scores: np.ndarray, above: float = -np.inf) -> dict[str, float]:
        """The ranking of one query.

        Args:
            scores: ``(D,)``.
            above: Documents that score this or less are not found.

        Returns:
            Document -> score, best first.

        Raises:
            ValueError: Another number of scores than of documents.
        """
        if scores.shape != (len(self._ids),):
            raise ValueError(f"scores of shape {scores.shape} for {len(self._ids)} documents")
        kept = np.flatnonzero(scores > above)
        if len(kept) > self._top:
            # All that are level with the last one stay, so that the identifier decides.
            least = np.partition(scores[kept], -self._top)[-self._top]
            kept = kept[scores[kept] >= least]
        kept = kept[np.lexsort((self._place[kept], -scores[kept]))][: self._top]
        return {self._ids[i]: float(scores[i]) for i in kept}
