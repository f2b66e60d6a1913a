"""Evaluation of runs by ir-measures: nDCG@10, RR@10 and R@100, with intervals over queries.

The order of a run is judged as it stands. trec_eval, which ir-measures calls, would sort equal
scores by itself (and in float32), so it is given ranks in the place of scores.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from tokalign.datasets import RetrievalSet
from tokalign.errors import TokalignError, unknown
from tokalign.measures import Interval
from tokalign.measures.intervals import LEVEL, RESAMPLES, mean_interval
from tokalign.retrieval.libraries import library
from tokalign.retrieval.run import Run

#: In the notation of ir-measures. The mean of RR@10 is what is called MRR@10.
MEASURES = ("nDCG@10", "RR@10", "R@100")


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a run is worth, query by query.

    Attributes:
        run: Name of the run.
        dataset: Name of the collection.
        per_query: One row a judged query, in the order of the collection; one column a measure.
        missing: Judged queries for which the run has nothing; they count 0.
        outside: How many judged documents the corpus lacks, over all queries.
        relevant_outside: How many of these are relevant (grade above 0). No system can find them,
            and yet nDCG and recall count them.
    """

    run: str
    dataset: str
    per_query: pd.DataFrame = field(repr=False)
    missing: tuple[str, ...]
    outside: int
    relevant_outside: int

    def values(self, measure: str = "nDCG@10") -> np.ndarray:
        """``(Q,)`` one value a query.

        Raises:
            TokalignError: The measure was not computed.
        """
        if measure not in self.per_query:
            raise unknown("measure", measure, map(str, self.per_query.columns))
        return self.per_query[measure].to_numpy(dtype=np.float64)

    def mean(self, measure: str = "nDCG@10", seed: int = 0) -> Interval:
        """The mean over queries, with a percentile bootstrap over them."""
        return mean_interval(self.values(measure), seed)

    def frame(self, seed: int = 0) -> pd.DataFrame:
        """A tidy frame of means: run, dataset, measure, n, value, low, high."""
        rows = [
            {"run": self.run, "dataset": self.dataset, "measure": measure,
             "n": len(self.per_query), **vars(self.mean(measure, seed))}
            for measure in map(str, self.per_query.columns)
        ]  # fmt: skip
        return pd.DataFrame(rows)


def evaluate(run: Run, data: RetrievalSet, measures: Sequence[str] = MEASURES) -> Evaluation:
    """Judge a run.

    Args:
        run: The run; queries without judgements are not looked at.
        data: The collection with its judgements. Grades are used as they are: nDCG takes them as
            gains (as trec_eval and BEIR do), the other measures take every grade above 0 alike.
        measures: As ir-measures writes them, ``NAME`` or ``NAME@K``.

    Raises:
        TokalignError: A measure is unknown or cannot be computed here, ir-measures is missing, or
            there are no measures.

    Source: https://ir-measur.es
    """
    ir_measures = library("ir_measures")
    if not measures:
        raise TokalignError(f"no measure to compute; the usual ones: {', '.join(MEASURES)}")
    parsed = {name: _parsed(ir_measures, name) for name in measures}
    judged = {query: data.qrels[query] for query in data.query_ids}
    ranks = {
        query: {doc: -float(rank) for rank, doc in enumerate(run.rankings[query])}
        for query in judged
        if run.rankings.get(query)
    }
    names = {measure: name for name, measure in parsed.items()}
    values = {name: dict.fromkeys(data.query_ids, 0.0) for name in parsed}
    for found in ir_measures.iter_calc(list(names), judged, ranks):
        values[names[found.measure]][found.query_id] = float(found.value)
    corpus = set(data.doc_ids)
    lost = [g for docs in judged.values() for doc, g in docs.items() if doc not in corpus]
    return Evaluation(
        run=run.name,
        dataset=data.name,
        per_query=pd.DataFrame(values, index=pd.Index(data.query_ids, name="query")),
        missing=tuple(query for query in data.query_ids if query not in ranks),
        outside=len(lost),
        relevant_outside=sum(grade > 0 for grade in lost),
    )


def _parsed(ir_measures: Any, written: str) -> Any:
    name, _, cutoff = written.partition("@")
    known = ir_measures.measures.registry
    with contextlib.suppress(KeyError, ValueError, AssertionError):
        measure = known[name] @ int(cutoff) if cutoff else known[name]
        # Some measures are known whose libraries are not installed.
        if ir_measures.DefaultPipeline.supports(measure):
            return measure
    raise TokalignError(
        f"{written!r} cannot be computed; allowed: measures of ir-measures such as "
        f"{', '.join(MEASURES)}"
    )


def difference(
    first: Evaluation, second: Evaluation, measure: str = "nDCG@10", seed: int = 0
) -> Interval:
    """How much better the first run is than the second, by a bootstrap paired over queries.

    Raises:
        TokalignError: The two judge other queries, or fewer than two.
    """
    left, right = _paired(first, second, measure)
    return mean_interval(left - right, seed)


def retained(
    first: Evaluation, second: Evaluation, measure: str = "nDCG@10", seed: int = 0
) -> Interval:
    """Which share of the second run's mean the first run's is, by a bootstrap paired over queries.

    Returns:
        The ratio of the means, and its 95 % interval.

    Raises:
        TokalignError: The two judge other queries, or fewer than two; or the second run's mean is
            0, in a resample too.
    """
    left, right = _paired(first, second, measure)
    drawn = np.random.default_rng(seed).integers(0, len(left), (RESAMPLES, len(left)))
    below = right[drawn].mean(axis=1)
    if not right.mean() > 0 or not below.all():
        raise TokalignError(f"{second.run} has a mean {measure} of 0, of which nothing is a share")
    value = float(left.mean() / right.mean())
    low, high = np.quantile(left[drawn].mean(axis=1) / below, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(value, min(float(low), value), max(float(high), value))


def _paired(first: Evaluation, second: Evaluation, measure: str) -> tuple[np.ndarray, np.ndarray]:
    if list(first.per_query.index) != list(second.per_query.index) or len(first.per_query) < 2:
        raise TokalignError(
            f"{first.run} on {first.dataset} and {second.run} on {second.dataset} cannot be "
            "compared query by query; two or more queries, the same for both, are needed"
        )
    return first.values(measure), second.values(measure)
