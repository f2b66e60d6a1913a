"""What decides how high a word stands: each driver alone, and all of them together.

Texts are resampled whole, since the words of one text share its vector. Nothing here is causal: a
driver may stand for another that is not in the frame.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from tokalign.errors import TokalignError
from tokalign.measures.intervals import LEVEL, RESAMPLES
from tokalign.measures.keywords import ShapeClass

#: Classes by shape that are drivers; those left are what they are compared with, and names are
#: told by `capitalised`.
CLASSES: tuple[ShapeClass, ...] = (
    "number", "noun suffix", "adjective suffix", "-ing", "-ed", "-ly"
)  # fmt: skip
#: Columns of `word_ranks` and classes that stand together in the regression.
DRIVERS = ("idf", "position", "words", "count", "pieces", "capitalised", *CLASSES)
#: Looked at alone only: with the relative position and the length it would be told twice.
_ALONE = (*DRIVERS, "order")
_LEAST_TEXTS = 4


def drivers(words: pd.DataFrame, *, seed: int = 0, resamples: int = RESAMPLES) -> pd.DataFrame:
    """How each driver goes with the height of a word in its list.

    *Alone*: Spearman's rank correlation. *Together*: coefficients of a linear regression on ranks,
    outcome and drivers both turned into ranks and brought to variance 1 (Iman and Conover 1979,
    "The use of the rank transform in regression", Technometrics 21). Signs are turned so that plus
    means nearer the top. Words that no token matches, and texts that were cut, are left out.

    Args:
        words: `word_ranks` of one or more embedders, put together.
        seed: Of the resampling.
        resamples: How many bootstrap samples.

    Returns:
        One row for each embedder, ``view`` (``alone``, ``together``) and ``driver``: ``texts``,
        ``n`` words, ``value``, ``low`` and ``high`` (95 %, percentile bootstrap over texts), and
        ``chance``: the value where the rank is that in another text's list. A driver that never
        varies has NaN.

    Raises:
        TokalignError: An embedder with fewer than four texts.

    >>> frame = pd.DataFrame({"embedder": "e", "text": [0, 1, 2, 3], "rank": [4, 3, 2, 1],
    ...     "rank_elsewhere": [1.0, 1, 2, 2], "reachable": True, "cut": False,
    ...     "idf": [1.0, 2, 3, 4], "position": 0.5, "words": 1, "count": 1, "pieces": 1,
    ...     "capitalised": False, "shape_class": "no suffix", "order": 1})
    >>> drivers(frame, resamples=20).query("view == 'alone'")["value"].head(2).tolist()
    [1.0, nan]
    """
    parts = []
    for name, here in _usable(words):
        table = np.column_stack([-here["rank"], -here["rank_elsewhere"], _matrix(here, _ALONE)])
        codes, clusters = _codes(table), pd.factorize(here["text"])[0]
        drawn = [_both(codes, weights) for weights in _resampled(clusters, seed, resamples)]
        value, chance = _both(codes, np.ones(len(here)))
        if here["rank_elsewhere"].isna().any():
            chance = np.full_like(value, np.nan)
        low, high = _bounds(value, np.array([own for own, _ in drawn]))
        parts.append(
            pd.DataFrame(
                {
                    "embedder": name,
                    "view": ["alone"] * len(_ALONE) + ["together"] * len(DRIVERS),
                    "driver": [*_ALONE, *DRIVERS],
                    "texts": int(clusters.max()) + 1,
                    "n": len(here),
                    "value": value,
                    "low": low,
                    "high": high,
                    "chance": chance,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def explained(words: pd.DataFrame, *, seed: int = 0, resamples: int = RESAMPLES) -> pd.DataFrame:
    """How much of the ranks all drivers together foretell in texts that were not fitted.

    The regression of `drivers` is fitted on a random half of the texts and scored on the other,
    and the other way round.

    Args:
        words: `word_ranks` of one or more embedders, put together.
        seed: Of the halves and the resampling.
        resamples: How many bootstrap samples.

    Returns:
        One row an embedder: ``texts``, ``n`` words, ``value``, ``low`` and ``high`` of R^2, which
        is below 0 where the drivers foretell nothing. The interval is over the texts scored.

    Raises:
        TokalignError: An embedder with fewer than four texts.
    """
    rows = []
    for name, here in _usable(words):
        codes = _codes(np.column_stack([-here["rank"], _matrix(here, DRIVERS)]))
        clusters = pd.factorize(here["text"])[0]
        texts = int(clusters.max()) + 1
        first = np.isin(clusters, np.random.default_rng(seed).permutation(texts)[: texts // 2])
        wrong, spread = np.empty(len(here)), np.empty(len(here))
        for fitted, scored in ((first, ~first), (~first, first)):
            whole = _correlation(codes[fitted], np.ones(int(fitted.sum())))
            slopes = _slopes(whole[1:, 1:], whole[1:, 0])
            ranked = _standard(codes[scored], np.ones(int(scored.sum())))
            wrong[scored] = (ranked[:, 0] - ranked[:, 1:] @ slopes) ** 2
            spread[scored] = ranked[:, 0] ** 2
        value = 1 - wrong.sum() / spread.sum()
        drawn = [
            1 - (weights @ wrong) / (weights @ spread)
            for weights in _resampled(clusters, seed, resamples)
        ]
        low, high = _bounds(np.array([value]), np.array(drawn)[:, None])
        rows.append({"embedder": name, "texts": texts, "n": len(here), "value": float(value),
                     "low": float(low[0]), "high": float(high[0])})  # fmt: skip
    return pd.DataFrame(rows)


def weighted_ranks(codes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Average ranks of a sample in which each row occurs as often as its weight says.

    Args:
        codes: ``(n, p)`` int, equal values equal, in the order of the values.
        weights: ``(n,)``, 0 for a row that is not in the sample.

    Returns:
        ``(n, p)`` float64, each column ranked by itself, from 1.

    >>> weighted_ranks(np.array([[0], [1], [1]]), np.array([2.0, 1, 1]))[:, 0].tolist()
    [1.5, 3.5, 3.5]
    """
    made = np.empty(codes.shape)
    for column, code in enumerate(codes.T):
        size = np.bincount(code, weights)
        made[:, column] = (np.cumsum(size) - (size - 1) / 2)[code]
    return made


def _usable(words: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    if words.empty:
        raise TokalignError("there are no words to compare")
    for name, here in words.groupby("embedder", sort=False):
        kept = here[here["reachable"] & ~here["cut"]]
        if (texts := kept["text"].nunique()) < _LEAST_TEXTS:
            raise TokalignError(
                f"{name}: {texts} texts have words to compare; at least {_LEAST_TEXTS} are needed"
            )
        yield str(name), kept


def _matrix(words: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """The drivers as numbers, ``(n, len(names))`` float64."""
    columns = [
        words["shape_class"] == name if name in CLASSES else words[name].astype(float)
        for name in names
    ]
    return np.column_stack(columns).astype(np.float64)


def _codes(table: np.ndarray) -> np.ndarray:
    return np.column_stack([np.unique(column, return_inverse=True)[1] for column in table.T])


def _resampled(clusters: np.ndarray, seed: int, resamples: int) -> Iterator[np.ndarray]:
    """How often each word is in a sample of as many texts, drawn with repetition."""
    texts = int(clusters.max()) + 1
    generator = np.random.default_rng(seed)
    for _ in range(resamples):
        drawn = np.bincount(generator.integers(0, texts, texts), minlength=texts)
        yield drawn[clusters].astype(np.float64)


def _standard(codes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Ranks of mean 0 and variance 1; a column that does not vary is 0."""
    ranked = weighted_ranks(codes, weights)
    ranked -= np.average(ranked, axis=0, weights=weights)
    spread = np.sqrt(np.average(ranked**2, axis=0, weights=weights))
    made: np.ndarray = ranked / np.where(spread > 0, spread, np.inf)
    return made


def _correlation(codes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Spearman's correlations of all columns, ``(p, p)``; 0 for what does not vary."""
    ranked = _standard(codes, weights)
    found: np.ndarray = (ranked * weights[:, None]).T @ ranked / weights.sum()
    return found


def _slopes(inner: np.ndarray, outer: np.ndarray) -> np.ndarray:
    """Standardised coefficients: correlations among the drivers, and theirs with the outcome."""
    found: np.ndarray = np.linalg.lstsq(inner, outer, rcond=1e-10)[0]
    return found


def _both(codes: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Correlations, then coefficients, for the word's own rank and for that elsewhere."""
    whole, together = _correlation(codes, weights), len(DRIVERS)
    inner, still = whole[2 : 2 + together, 2 : 2 + together], np.diag(whole)[2:] == 0
    made = []
    for alone in (whole[2:, 0], whole[2:, 1]):
        joined = np.concatenate([alone, _slopes(inner, alone[:together])])
        joined[np.concatenate([still, still[:together]])] = np.nan
        made.append(joined)
    return made[0], made[1]


def _bounds(value: np.ndarray, drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Percentile bounds of each column, the value itself always between them."""
    tails = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    known = ~np.isnan(value)
    low, high = np.full_like(value, np.nan), np.full_like(value, np.nan)
    # In a resample a rare class may be missing: it tells nothing there.
    low[known], high[known] = np.nanquantile(drawn[:, known], tails, axis=0)
    return np.minimum(low, value), np.maximum(high, value)
