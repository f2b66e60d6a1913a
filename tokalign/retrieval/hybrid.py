"""Hybrid runs: rankings of several systems fused by rank, so that scores need no common scale."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, isfinite

import numpy as np

from tokalign.errors import TokalignError
from tokalign.retrieval.run import TOP, Ranker, Run

#: The constant of the publication.
K = 60


def fuse(runs: Sequence[Run], name: str, *, k: float = K, top: int | None = TOP) -> Run:
    """Reciprocal rank fusion: a document scores the sum over the runs of ``1 / (k + rank)``.

    Ranks count from 1. A run that has not found a document adds nothing to it.

    Args:
        runs: One or more, over the same queries.
        name: Of the fused run.
        k: How little the first ranks stand out, 0 or more; 60 as published.
        top: Documents a query keeps; all where it is None.

    Returns:
        The run, its queries in the order of the first one's, equal scores by identifier. The order
        of the runs changes nothing else.

    Raises:
        TokalignError: There are no runs, they have other queries, k is below 0 or not finite, or
            `top` is below 1.

    Source: Cormack, Clarke and Buettcher, "Reciprocal Rank Fusion outperforms Condorcet and
    individual Rank Learning Methods", SIGIR 2009.

    >>> one = Run("one", {"q": {"a": 9.0, "b": 8.0}})
    >>> two = Run("two", {"q": {"b": 0.3}})
    >>> fuse([one, two], "both", k=0).rankings["q"]
    {'b': 1.5, 'a': 1.0}
    """
    if not runs:
        raise TokalignError("there is no run to fuse; one or more are needed")
    if not (isfinite(k) and k >= 0):
        raise TokalignError(f"k {k:g}; allowed: 0 or more")
    first = runs[0]
    for run in runs:
        if run.rankings.keys() != first.rankings.keys():
            raise TokalignError(
                f"{first.name} and {run.name} cannot be fused: both must have the same queries"
            )
    return Run(name, {query: _fused(runs, query, k, top) for query in first.rankings})


def _fused(runs: Sequence[Run], query: str, k: float, top: int | None) -> dict[str, float]:
    shares: dict[str, list[float]] = {}
    for run in runs:
        for rank, doc in enumerate(run.rankings[query], 1):
            shares.setdefault(doc, []).append(1 / (k + rank))
    # fsum rounds once, so that the order of the runs cannot break or make a tie.
    scores = np.array([fsum(parts) for parts in shares.values()])
    return Ranker(list(shares), top).rank(scores)
