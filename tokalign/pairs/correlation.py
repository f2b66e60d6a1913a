"""Do an embedder's cosines follow people's judgements of similarity, or those of relatedness?

Spearman's correlation with each set of judged pairs, and the contrast of the two kinds. Sets differ
in how hard they are, so the contrast of one embedder is no verdict: compare it between embedders,
on the same pairs (`correlation_differences`, `two_by_two`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal
from zlib import crc32

import numpy as np
import pandas as pd

from tokalign.datasets import PairSet
from tokalign.embedders import Embedder
from tokalign.errors import TokalignError
from tokalign.pairs.cosines import pair_cosines
from tokalign.pairs.estimates import Estimate, estimate, mean_of, weighted_spearman
from tokalign.pairs.sources import pair_groups
from tokalign.store import Store

Judgement = Literal["similarity", "relatedness"]
KINDS: tuple[Judgement, ...] = ("similarity", "relatedness")
#: How the mean over the similarity sets less that over the relatedness sets is called.
CONTRAST = "similarity minus relatedness"


@dataclass(frozen=True, eq=False)
class Judged:
    """N pairs of texts or words with people's judgement of one kind.

    Attributes:
        name: Name of the set.
        kind: What was judged.
        first: N texts.
        second: N texts.
        gold: ``(N,)`` judgements, on any scale.
        groups: ``(N,)`` int, pairs that are drawn together.

    >>> Judged.of("mine", "similarity", ["a", "b"], ["c", "c"], [1.0, 2.0]).groups.tolist()
    [0, 0]
    """

    name: str
    kind: Judgement
    first: tuple[str, ...]
    second: tuple[str, ...]
    gold: np.ndarray
    groups: np.ndarray

    @classmethod
    def of(
        cls,
        name: str,
        kind: str,
        first: Sequence[str],
        second: Sequence[str],
        gold: Sequence[float] | np.ndarray,
        groups: np.ndarray | None = None,
    ) -> Judged:
        """Check the columns; groups are pairs that share texts, unless others are given.

        Raises:
            TokalignError: Another kind, different numbers of entries, or judgements that are not
                finite.
        """
        if kind not in KINDS:
            raise TokalignError(f"pairs of {name} were judged for {kind!r}; {KINDS} are allowed")
        made = np.asarray(gold, dtype=np.float64)
        groups = pair_groups(first, second) if groups is None else np.asarray(groups)
        if not len(first) == len(second) == len(made) == len(groups):
            raise TokalignError(
                f"{name} has {len(first)} first texts, {len(second)} second ones, {len(made)} "
                f"judgements and {len(groups)} groups; the same number of each is needed"
            )
        if not np.isfinite(made).all():
            raise TokalignError(f"a judgement of {name} is not finite; only finite are allowed")
        checked: Judgement = "similarity" if kind == "similarity" else "relatedness"
        return cls(name, checked, tuple(first), tuple(second), made, groups)

    @classmethod
    def from_set(cls, pairs: PairSet, groups: np.ndarray | None = None) -> Judged:
        """The pairs of `load_pairs`, called by set and split."""
        if pairs.score is None:
            raise TokalignError(f"the pairs of {pairs.name} have no scores to compare with")
        name = f"{pairs.name} {pairs.split}"
        return cls.of(name, pairs.kind, pairs.first, pairs.second, pairs.score, groups)

    def select(self, keep: np.ndarray) -> Judged:
        """Some of the pairs: ``(N,)`` bool, or indices."""
        chosen = np.arange(len(self))[keep]
        first, second = (tuple(side[i] for i in chosen) for side in (self.first, self.second))
        return Judged(self.name, self.kind, first, second, self.gold[chosen], self.groups[chosen])

    def __len__(self) -> int:
        return len(self.first)

    @property
    def stream(self) -> int:
        """Of the draws: the same for the same pairs, whatever was judged; else independent."""
        return crc32("\n".join((*self.first, *self.second)).encode())


def correlation(scores: np.ndarray, judged: Judged, seed: int = 0) -> Estimate:
    """Spearman's correlation of scores with people's, drawn by groups of pairs.

    Args:
        scores: ``(N,)``, such as cosines.
        judged: The N pairs.
        seed: Of the draws; the same ones whatever the scores are.

    Raises:
        TokalignError: Another number of scores, fewer than three, one that is not finite, or all
            equal on either side.

    >>> few = Judged.of("x", "similarity", ["a", "b", "c"], ["d", "e", "f"], [1.0, 2.0, 4.0])
    >>> correlation(np.array([0.1, 0.3, 0.2]), few).value
    0.5
    """
    given = np.asarray(scores, dtype=np.float64)
    if given.shape != judged.gold.shape or len(given) < 3:
        raise TokalignError(
            f"scores of shape {given.shape} for {len(judged)} pairs of {judged.name}; one a pair "
            "and at least 3 are needed"
        )
    for whose, side in (("the scores", given), ("people's judgements", judged.gold)):
        if not np.isfinite(side).all() or (side == side[0]).all():
            raise TokalignError(
                f"{whose} of {judged.name} are all equal or not finite, so they order nothing"
            )
    return estimate(
        partial(weighted_spearman, given, judged.gold),
        judged.groups,
        (seed, judged.stream),
    )


def correlations(
    embedder: Embedder,
    sets: Sequence[Judged],
    *,
    store: Store | None = None,
    seed: int = 0,
    progress: bool = False,
) -> dict[str, Estimate]:
    """An embedder's cosines against every set.

    Args:
        embedder: Who embeds.
        sets: Sets of different names.
        store: Where vectors are kept.
        seed: Of the draws.
        progress: Show progress bars on standard error.

    Returns:
        Name of the set -> correlation. With sets of both kinds, further `similarity` and
        `relatedness`, the means over the sets of a kind, and `CONTRAST`, their difference.

    Raises:
        TokalignError: See `pair_cosines` and `correlation`; or two sets of one name.
    """
    found: dict[str, Estimate] = {}
    for judged in sets:
        if judged.name in found:
            raise TokalignError(f"two of the sets are called {judged.name}")
        made = pair_cosines(embedder, judged.first, judged.second, store=store, progress=progress)
        found[judged.name] = correlation(made, judged, seed)
    return found | summed_up(found, sets)


def summed_up(found: Mapping[str, Estimate], sets: Sequence[Judged]) -> dict[str, Estimate]:
    """Means over the sets of each kind and their contrast; empty unless both kinds are there."""
    named = {kind: [found[s.name] for s in sets if s.kind == kind] for kind in KINDS}
    if not all(named.values()):
        return {}
    means = {str(kind): mean_of(some) for kind, some in named.items()}
    return means | {CONTRAST: means["similarity"] - means["relatedness"]}


def correlation_table(
    found: Mapping[str, Mapping[str, Estimate]], sets: Sequence[Judged]
) -> pd.DataFrame:
    """Correlations of several embedders in one frame.

    Args:
        found: Embedder -> what `correlations` gave.
        sets: The sets.

    Returns:
        One row for each embedder and quantity: ``embedder``, ``quantity`` (a set, a kind or
        `CONTRAST`), ``kind``, ``n`` pairs, ``groups`` (how many were drawn from), ``value``,
        ``low``, ``high`` (95 %, bootstrap over groups of pairs that share sentences).
    """
    about: dict[str, dict[str, object]] = {
        s.name: {"kind": s.kind, "n": len(s), "groups": len(np.unique(s.groups))} for s in sets
    }
    rows = []
    for embedder, by_name in found.items():
        for quantity, one in by_name.items():
            known = about.get(quantity, {"kind": quantity, "n": pd.NA, "groups": pd.NA})
            rows.append({"embedder": embedder, "quantity": quantity, **known,
                         **vars(one.interval())})  # fmt: skip
    return pd.DataFrame(rows).astype({"n": "Int64", "groups": "Int64"})


def correlation_differences(
    one: Mapping[str, Estimate], other: Mapping[str, Estimate]
) -> pd.DataFrame:
    """How much better the one follows people than the other, paired over the same pairs.

    Args:
        one: What `correlations` gave for an embedder.
        other: The same for another, with the same sets and seed.

    Returns:
        One row a quantity that both have: ``quantity``, ``value`` (the one less the other),
        ``low``, ``high``.

    Raises:
        TokalignError: They have no set in common.
    """
    both = [name for name in one if name in other]
    if not both:
        raise TokalignError(f"no set in common: {', '.join(one)} and {', '.join(other)}")
    rows = [{"quantity": name, **vars((one[name] - other[name]).interval())} for name in both]
    return pd.DataFrame(rows)
