"""What each filter does to what vectors are good for: similarity, retrieval, content words.

A filter is fitted on some vectors and scored on others. What is scored comes in as data, so nothing
here knows of data sets, and whatever gives one number a pair, a query or a text can be scored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from tokalign.errors import TokalignError
from tokalign.measures import Interval
from tokalign.measures.paired import bootstrap_bounds
from tokalign.measures.similarity import rank_correlation, rank_correlation_difference
from tokalign.spectrum.filters import Parameters, Rival
from tokalign.tokens import Head

#: ``(N, d)`` to ``(N, d)``: what is done to every vector before it is scored.
Change = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Score:
    """One thing that vectors are good for, scored item by item.

    Attributes:
        items: Given what is done to the vectors, one number for each of n items (pairs, queries,
            texts), ``(n,)``, n at least 2; it holds the vectors before that.
        gold: ``(n,)`` people's scores: the score is Spearman's correlation with them. None: it is
            the mean over the items.

    >>> length = Score(lambda change: np.linalg.norm(change(np.ones((2, 4))), axis=1))
    >>> length.interval(length.items(lambda vectors: 3 * vectors)).value
    6.0
    """

    items: Callable[[Change], np.ndarray]
    gold: np.ndarray | None = field(default=None, repr=False)

    def of(self, change: Change) -> np.ndarray:
        """The items as ``(n,)`` float64.

        Raises:
            TokalignError: Another shape, fewer than two, or numbers that are not finite.
        """
        found = np.asarray(self.items(change), dtype=np.float64)
        if found.ndim != 1 or len(found) < 2 or not np.isfinite(found).all():
            raise TokalignError(
                f"scores of shape {found.shape}; (n,) finite numbers with n at least 2 are needed"
            )
        return found

    def interval(self, items: np.ndarray, seed: int = 0) -> Interval:
        """The score of items with its 95 % interval over them."""
        if self.gold is None:
            return _mean(items, seed)
        return rank_correlation(items, self.gold, seed)

    def difference(self, items: np.ndarray, before: np.ndarray, seed: int = 0) -> Interval:
        """How much the score is above another one, paired over items, with its 95 % interval."""
        if self.gold is None:
            return _mean(items - before, seed)
        return rank_correlation_difference(items, before, self.gold, seed)


def _mean(items: np.ndarray, seed: int) -> Interval:
    low, high = bootstrap_bounds(items[:, None], seed)
    mean = float(items.mean())
    return Interval(mean, min(float(low[0]), mean), max(float(high[0]), mean))


def effects(
    fitted: np.ndarray,
    scores: Mapping[str, Score],
    rivals: Sequence[Rival],
    *,
    head: Head | None = None,
    seed: int = 0,
    progress: bool = False,
) -> pd.DataFrame:
    """Score vectors as every rival's filter leaves them.

    Args:
        fitted: ``(N, d)`` vectors of texts that are scored nowhere; every rival is fitted on them.
        scores: What the vectors are scored by, by name.
        rivals: The rivals, see `rivals`.
        head: The backbone's head, for those rivals that are fitted on it.
        seed: Of the intervals.
        progress: Show a progress bar on standard error.

    Returns:
        A tidy frame: rival, parameters (in words), score, n, value, low, high; and change,
        change_low, change_high against the vectors as they are, paired over items.

    Raises:
        TokalignError: There is nothing to score or no rival, two rivals have one name, or what the
            rivals and the scores raise.

    >>> from tokalign.spectrum import MeanSubtraction
    >>> vectors = np.array([[1.0, 0.0], [3.0, 0.0]])
    >>> first = Score(lambda change: change(vectors)[:, 0])
    >>> effects(vectors, {"first": first}, [MeanSubtraction()])[["value", "change"]].values.tolist()
    [[0.0, -2.0]]
    """
    if not scores or not rivals:
        raise TokalignError("effects need at least one score and one rival")
    names = [rival.name for rival in rivals]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise TokalignError(f"two rivals are called {twice[0]!r}; give each a name of its own")
    before = {name: score.of(_as_it_is) for name, score in scores.items()}
    rows = []
    for rival in tqdm(rivals, disable=not progress, unit="rival", desc="filters"):
        made = rival.fit(fitted, head)
        for name, score in scores.items():
            items = score.of(made.filter)
            change = score.difference(items, before[name], seed)
            rows.append(
                {"rival": made.name, "parameters": in_words(made.parameters), "score": name,
                 "n": len(items), **vars(score.interval(items, seed)), "change": change.value,
                 "change_low": change.low, "change_high": change.high}
            )  # fmt: skip
    return pd.DataFrame(rows)


def _as_it_is(vectors: np.ndarray) -> np.ndarray:
    return vectors


def in_words(parameters: Parameters) -> str:
    """A filter's parameters on one line.

    >>> in_words({"lambda": -47.03125, "lambda_from": "v_1"})
    'lambda -47.03, lambda_from v_1'
    """
    return ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in parameters.items()
    )
