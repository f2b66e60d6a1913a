"""Tables of what instructions change, from readings: moves, their components, their tokens."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tokalign.facets.intervals import (
    RESAMPLES,
    crossed_interval,
    resample_counts,
    weighted_means,
)
from tokalign.facets.moves import (
    distances,
    entering,
    form_words,
    move_components,
    spread_of_texts,
    turnover,
)
from tokalign.facets.readings import ASKED, EMPTY, IRRELEVANT, UNASKED, Reading, Readings

#: How many tokens are told for each facet and direction.
TOLD = 30


def move_frame(readings: Readings, *, resamples: int = RESAMPLES, seed: int = 0) -> pd.DataFrame:
    """How far instructions move texts and their lists, from where they are without one.

    Args:
        readings: Texts under every instruction.
        resamples: Bootstrap resamples of the texts.
        seed: Of the draws.

    Returns:
        One row for each ``asked`` (a facet, or ``irrelevant``) and ``quantity``: ``value``,
        ``low``, ``high`` (95 %, over texts and wordings), ``texts_error``, ``wordings_error``,
        ``wordings``. The quantities are ``distance`` (1 - cosine), ``distance over spread`` (the
        same in units of how far different texts are apart without an instruction) and ``turnover``
        (the share of the text's top content forms that is new).
    """
    empty = readings.empty
    counts = resample_counts(len(empty.vectors), resamples=resamples, seed=seed)
    spread = spread_of_texts(empty.vectors)
    rows = []
    for asked, several in readings.of.items():
        if asked == EMPTY or not several:
            continue
        far = np.stack([distances(empty.vectors, one.vectors) for one in several], axis=1)
        new = np.stack([turnover(empty.forms, one.forms) for one in several], axis=1)
        quantities = {"distance": far, "distance over spread": far / spread, "turnover": new}
        for quantity, values in quantities.items():
            found = crossed_interval(weighted_means(values, counts), n=len(values))
            rows.append(
                {"asked": asked, "quantity": quantity, **vars(found), "wordings": len(several)}
            )
    return pd.DataFrame(rows)


def component_frame(readings: Readings, *, first: int = 10) -> pd.DataFrame:
    """Along which components instructions move the vectors: `move_components` for each ``asked``.

    Args:
        readings: Texts under every instruction.
        first: How many components get a row of their own.
    """
    empty = readings.empty
    parts = []
    for asked, several in readings.of.items():
        if asked != EMPTY and several:
            found = move_components(empty.vectors, [one.vectors for one in several], first=first)
            found.insert(0, "asked", asked)
            parts.append(found)
    return pd.concat(parts, ignore_index=True)


def token_frame(readings: Readings, *, told: int = TOLD) -> pd.DataFrame:
    """The tokens that enter texts' lists, or leave them, when a facet is asked for.

    Args:
        readings: Texts under every instruction; the instructions' own words are left out.
        told: How many forms for each facet and direction, the most frequent first.

    Returns:
        One row for each ``facet``, ``direction`` (``enters``, ``leaves``; from the empty
        instruction to the asked one) and form:

        - ``word``, a token of that form, and ``share``, on how many texts' lists it is new or gone
          (a mean over wordings);
        - ``unasked`` and ``irrelevant``: the same where another facet, or nothing of the kind, is
          asked for;
        - ``label``, whose form it is (empty for none), and ``own``: how much of the share is due to
          texts of that label (NaN for none); ``own_chance``, the share of such texts.
    """
    rows = []
    for facet in readings.labels:
        conditions = readings.conditions(facet)
        names = _label_of_form(readings, facet)
        for direction in ("enters", "leaves"):
            exchanged = {
                name: _exchanged(conditions[EMPTY], several, direction, len(readings.forms.number))
                for name, several in conditions.items()
                if name != EMPTY
            }
            share = exchanged[ASKED].mean(axis=0)
            best = np.argsort(-share, kind="stable")[:told]
            best = best[share[best] > 0]
            words = form_words(readings.forms, readings.embedder.tokenizer, best.tolist())
            for number, word in zip(best.tolist(), words, strict=True):
                label = names.get(number)
                mine = readings.held.labels[facet] == (-1 if label is None else label)
                new = exchanged[ASKED][:, number]
                others = {
                    name: float(exchanged[name][:, number].mean()) if name in exchanged else np.nan
                    for name in (UNASKED, IRRELEVANT)
                }
                found = readings.labels[facet]
                rows.append(
                    {"facet": facet, "direction": direction, "word": word,
                     "share": float(share[number]), **others,
                     "label": "" if label is None else found[label].name,
                     "own": np.nan if label is None else float(new[mine].sum() / new.sum()),
                     "own_chance": np.nan if label is None else float(mine.mean())}
                )  # fmt: skip
    return pd.DataFrame(rows)


def _exchanged(
    empty: Sequence[Reading], asked: Sequence[Reading], direction: str, count: int
) -> np.ndarray:
    sides = [[one.forms for one in side] for side in (empty, asked)]
    before, after = sides if direction == "enters" else sides[::-1]
    return entering(before, after, count)


def _label_of_form(readings: Readings, facet: str) -> dict[int, int]:
    """Form number -> number of the label that it stands for."""
    return {
        int(readings.forms.of[token]): number
        for number, label in enumerate(readings.labels[facet])
        for token in label.ids
    }
