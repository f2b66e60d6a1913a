"""How far each kind of minimal pair is set apart: against paraphrases, the related, and strangers.

A cosine by itself says little: one embedder puts all texts near each other, another does not. So
each kind is held against pairs of the same texts that do not belong together, which is chance, and
against paraphrases. The order of the pairs (AUC) does not depend on any scale.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from tokalign.errors import TokalignError
from tokalign.pairs.estimates import Estimate, Statistic, estimates, weighted_auc, weighted_mean
from tokalign.pairs.marked import PARAPHRASE, RELATED, kind_masks

MEAN, MISMATCHED, ABOVE = "mean", "mismatched", "above mismatched"
BELOW, POSITION = "below paraphrases", "position"
PARAPHRASE_NEARER, RELATED_NEARER = "paraphrase nearer", "related nearer"
QUANTITIES = (MEAN, MISMATCHED, ABOVE, POSITION, BELOW, PARAPHRASE_NEARER, RELATED_NEARER)
#: What each quantity is where a kind cannot be told from what it is held against.
INDIFFERENT = {ABOVE: 0.5, PARAPHRASE_NEARER: 0.5, RELATED_NEARER: 0.5, BELOW: 0.0, POSITION: 0.0}


def kind_estimates(
    table: np.ndarray, kinds: Sequence[str], groups: np.ndarray, seed: int = 0
) -> dict[tuple[str, str], Estimate]:
    """Every quantity of every kind with its draws; see `gaps` for what they are.

    Args:
        table: ``(N, N)`` score of every first text with every second one, such as `cosine_table`
            gives; pair i on the diagonal.
        kinds: N kinds.
        groups: ``(N,)`` int; pairs of one group are drawn together, and never mismatched.
        seed: Of the draws.

    Returns:
        ``(kind, quantity)`` -> estimate.

    Raises:
        TokalignError: Shapes that do not fit, scores that are not finite, no paraphrases, or a
            single group, of which no pair can be mismatched.
    """
    n = len(kinds)
    if table.shape != (n, n) or groups.shape != (n,) or not np.isfinite(table).all():
        raise TokalignError(
            f"scores of shape {table.shape} and groups of shape {groups.shape} for {n} pairs; "
            "finite (N, N) and (N,) are needed"
        )
    if PARAPHRASE not in kinds:
        raise TokalignError(
            f"no pair of the kind {PARAPHRASE!r}, which the others are held against"
        )
    own = np.diagonal(table).copy()
    strange, above = _mismatched(table, groups)
    masks = kind_masks(kinds)
    everything = np.ones(n, dtype=bool)

    def mean(values: np.ndarray, mask: np.ndarray) -> Statistic:
        return lambda w: weighted_mean(values[mask], w[:, mask])

    def nearer(one: np.ndarray, other: np.ndarray) -> Statistic:
        return lambda w: weighted_auc(own[one], own[other], w[:, one], w[:, other])

    wanted = {("", MISMATCHED): mean(strange, everything)}
    for kind, mask in masks.items():
        wanted[kind, MEAN] = mean(own, mask)
        wanted[kind, MISMATCHED] = mean(strange, mask)
        wanted[kind, ABOVE] = mean(above, mask)
        if kind != PARAPHRASE:
            wanted[kind, PARAPHRASE_NEARER] = nearer(masks[PARAPHRASE], mask)
            if RELATED in masks and kind != RELATED:
                wanted[kind, RELATED_NEARER] = nearer(masks[RELATED], mask)
    found = estimates(wanted, groups, seed)
    chance, best = found.pop(("", MISMATCHED)), found[PARAPHRASE, MEAN]
    same = Estimate(1.0, np.ones_like(chance.draws))
    for kind in masks:
        found[kind, POSITION] = (found[kind, MEAN] - chance) / (same - chance)
        if kind != PARAPHRASE:
            found[kind, BELOW] = best - found[kind, MEAN]
    order = [(kind, quantity) for kind in masks for quantity in QUANTITIES]
    return {place: found[place] for place in order if place in found}


def _mismatched(table: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each pair, the mean score with texts of other groups, and the share that it is above."""
    other = groups[:, None] != groups[None]
    counts = 2 * other.sum(axis=1)
    if not counts.all():
        raise TokalignError("all pairs share texts, so that none can be mismatched")
    own = np.diagonal(table)[:, None]
    wins = sum((np.sign(own - side) + 1) / 2 * other for side in (table, table.T))
    strange = ((table + table.T) * other).sum(axis=1) / counts
    return strange, np.asarray(wins).sum(axis=1) / counts


def gaps(
    table: np.ndarray, kinds: Sequence[str], groups: np.ndarray, seed: int = 0
) -> pd.DataFrame:
    """How far each kind of pair is set apart.

    Args:
        table: See `kind_estimates`.
        kinds: N kinds.
        groups: See `kind_estimates`.
        seed: Of the draws.

    Returns:
        One row for each ``kind`` and ``quantity``, with ``n`` pairs, ``value``, ``low``, ``high``
        (95 %, bootstrap over groups) and ``indifferent``, the value where the kind cannot be told
        from what it is held against (NaN where there is none):

        - ``mean`` of the pairs;
        - ``mismatched``: each text with the other side of every pair of another group, the
          chance level of the mean;
        - ``above mismatched``: the share of these that the pair's own cosine is above;
        - ``below paraphrases``: the paraphrases' mean less the kind's;
        - ``position``: the kind's mean on a scale where mismatched pairs are 0 and a text with
          itself, whose score must be 1, is 1, so that embedders can be compared;
        - ``paraphrase nearer``: the share of couples of a paraphrase and a pair of the kind in
          which the paraphrase has the higher cosine (AUC; ties count half);
        - ``related nearer``: the same for a pair that is merely related.

        Pairs of `CHANGED_KINDS` are there once more together, as `CHANGED`.

    Raises:
        TokalignError: See `kind_estimates`.

    >>> table = np.array([[0.9, 0.1], [0.1, 0.5]])
    >>> found = gaps(table, ["paraphrase", "negation"], np.arange(2))
    >>> found.set_index(["kind", "quantity"]).loc["negation", "value"].round(2).to_dict()
    ... # doctest: +NORMALIZE_WHITESPACE
    {'mean': 0.5, 'mismatched': 0.1, 'above mismatched': 1.0, 'position': 0.44,
     'below paraphrases': 0.4, 'paraphrase nearer': 1.0}
    """
    counts = {kind: int(mask.sum()) for kind, mask in kind_masks(kinds).items()}
    return pd.DataFrame(
        [{"kind": kind, "quantity": quantity, "n": counts[kind], **vars(one.interval()),
          "indifferent": INDIFFERENT.get(quantity, np.nan)}
         for (kind, quantity), one in kind_estimates(table, kinds, groups, seed).items()]
    )  # fmt: skip


def gap_differences(
    one: Mapping[tuple[str, str], Estimate], other: Mapping[tuple[str, str], Estimate]
) -> pd.DataFrame:
    """How two embedders differ on the same pairs, paired.

    Args:
        one: `kind_estimates` of the one.
        other: Of the other, for the same pairs with the same seed.

    Returns:
        One row for each ``kind`` and ``quantity`` that both have: ``value``, the one less the
        other, ``low`` and ``high``. Means themselves cannot be compared between embedders;
        ``position`` and the shares can.

    >>> gap = {("negation", "position"): Estimate(0.5, np.array([0.4, 0.6]))}
    >>> gap_differences(gap, gap)[["value", "low", "high"]].values.tolist()
    [[0.0, 0.0, 0.0]]
    """
    rows = [
        {"kind": kind, "quantity": quantity, **vars((found - other[kind, quantity]).interval())}
        for (kind, quantity), found in one.items()
        if (kind, quantity) in other
    ]
    return pd.DataFrame(rows)
