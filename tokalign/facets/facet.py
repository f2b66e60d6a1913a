"""One facet under every condition: the measures, their differences, and what they predict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from tokalign.errors import TokalignError
from tokalign.facets.clustering import STARTS, anchor_accuracy, clusterings, similarities
from tokalign.facets.intervals import (
    RESAMPLES,
    crossed_interval,
    resample_counts,
    variance_parts,
)
from tokalign.facets.prediction import cell_correlation
from tokalign.facets.quantities import (
    CONTRAST,
    MEASURES,
    TRIPLETS,
    V_MEASURE,
    Seen,
    chance_level,
    table,
)
from tokalign.facets.readings import ASKED, EMPTY, IRRELEVANT, UNASKED, Reading, Readings
from tokalign.facets.rise import centred, rise, spread_of_labels
from tokalign.measures import Interval, rank_correlation

#: What stands in the place of a facet's name for all of them together.
ALL = "all"


class FacetStudy:
    """One facet of readings; every frame is as `Followed` says.

    Args:
        readings: Texts of the facet's group under every instruction.
        facet: Its name. Texts without a label of it are left out.
        starts: Starts of k-means.
        resamples: Bootstrap resamples of the texts.
        seed: Of all that is drawn.
    """

    def __init__(
        self,
        readings: Readings,
        facet: str,
        *,
        starts: int = STARTS,
        resamples: int = RESAMPLES,
        seed: int = 0,
    ) -> None:
        self.facet = facet
        labels = readings.held.labels[facet]
        self.rows = np.flatnonzero(labels >= 0)
        self.own = labels[self.rows]
        conditions = readings.conditions(facet)
        self.wordings = [one.instruction.wording for one in conditions[ASKED]]
        count = len(readings.labels[facet])
        standing = {
            name: [centred(one.scores[facet][self.rows]) for one in several]
            for name, several in conditions.items()
        }
        unit = spread_of_labels([scores for several in standing.values() for scores in several])

        def seen(one: Reading, scores: np.ndarray) -> Seen:
            vectors = one.vectors[self.rows]
            clusters = clusterings(vectors, count, starts=starts, seed=seed)
            return Seen(scores / unit, clusters, similarities(vectors))

        self.seen = {
            name: [seen(one, scores) for one, scores in zip(several, standing[name], strict=True)]
            for name, several in conditions.items()
        }
        counts = resample_counts(len(self.own), resamples=resamples, seed=seed)
        self.tables, self.chances = {}, {}
        for measure, name in product(MEASURES, self.seen):
            given = MEASURES[measure], self.seen[name], self.own
            self.tables[measure, name] = table(*given, counts)
            self.chances[measure, name] = chance_level(*given, seed=seed)

    @property
    def control(self) -> str:
        """What asked is first compared with: the first of unasked, irrelevant, empty that is there.

        Any instruction moves a text, so another question is a better control than none.
        """
        return next(name for name in (UNASKED, IRRELEVANT, EMPTY) if name in self.seen)

    def levels(self) -> pd.DataFrame:
        """Each measure under each condition."""
        return pd.DataFrame(
            [
                self._row(measure, "condition", name, self.tables[measure, name])
                for measure, name in self.tables
            ]
        )

    def differences(self) -> pd.DataFrame:
        """Each measure where the facet is asked for, minus the same under another condition."""
        rows = [
            self._row(measure, "against", name, self.tables[measure, ASKED], control)
            for (measure, name), control in self.tables.items()
            if name != ASKED
        ]
        return pd.DataFrame(rows)

    def _row(
        self,
        measure: str,
        key: str,
        name: str,
        values: np.ndarray,
        control: np.ndarray | None = None,
    ) -> dict[str, Any]:
        chance = self.chances[measure, name]
        if control is not None:
            chance = self.chances[measure, ASKED] - chance
        found = vars(crossed_interval(values, control, n=len(self.own)))
        return {"measure": measure, "facet": self.facet, key: name, **found, "chance": chance,
                "n": len(self.own), "wordings": values.shape[1]}  # fmt: skip

    def rises(self, against: str) -> np.ndarray:
        """`rise` of each text under each wording, ``(N, W)``, against one of the conditions."""
        asked, control = (
            np.stack([one.scores for one in self.seen[name]]) for name in (ASKED, against)
        )
        return rise(asked, control, self.own)

    def variance(self) -> pd.DataFrame:
        """Where the differences between single rises come from."""
        rows = [
            {"facet": self.facet, "against": against, **vars(variance_parts(self.rises(against)))}
            for against in self.seen
            if against != ASKED and min(len(self.own), len(self.wordings)) > 1
        ]
        return pd.DataFrame(rows, columns=["facet", "against", "texts", "wordings", "rest"])

    def gains(self, measure: str) -> np.ndarray:
        """Under each wording, minus the mean under the control's wordings, ``(R + 1, W)``."""
        control = self.tables[measure, self.control]
        return np.asarray(self.tables[measure, ASKED] - control.mean(axis=1, keepdims=True))

    def cells(self) -> pd.DataFrame:
        """Rise and gain under each wording."""
        rises = self.gains(CONTRAST)[0]
        rows = [
            {"facet": self.facet, "wording": wording, "measure": measure, "rise": up, "gain": gain}
            for measure in (V_MEASURE, TRIPLETS)
            for wording, up, gain in zip(self.wordings, rises, self.gains(measure)[0], strict=True)
        ]
        return pd.DataFrame(rows)

    def per_text(self) -> pd.DataFrame:
        """Rise and gain of each text."""
        near = {
            name: np.mean(
                [anchor_accuracy(s.similarity, self.own) for s in self.seen[name]], axis=0
            )
            for name in (ASKED, self.control)
        }
        return pd.DataFrame(
            {"facet": self.facet, "text": self.rows, "label": self.own,
             "rise": self.rises(self.control).mean(axis=1),
             "gain": near[ASKED] - near[self.control]}
        )  # fmt: skip


def mean_differences(studies: Sequence[FacetStudy]) -> pd.DataFrame:
    """`FacetStudy.differences` as a mean over facets, called ``all``.

    The first wordings of all facets are averaged, the second, and so on, since they are alike in
    form; so what a form of words does to all facets stays in the spread between wordings. Facets
    of one group share their resamples of the texts. Nothing where the facets have not as many
    wordings, or there is one facet alone.
    """
    rows = []
    against = [name for name in studies[0].seen if name != ASKED]
    for measure, name in product(MEASURES, against):
        if any((measure, name) not in one.tables for one in studies):
            continue
        sides = [[one.tables[measure, side] for one in studies] for side in (ASKED, name)]
        if len(studies) < 2 or any(len({one.shape for one in side}) > 1 for side in sides):
            continue
        asked, control = (np.mean(side, axis=0) for side in sides)
        n = min(len(one.own) for one in studies)
        chances = [one.chances[measure, ASKED] - one.chances[measure, name] for one in studies]
        rows.append(
            {"measure": measure, "facet": ALL, "against": name,
             **vars(crossed_interval(asked, control, n=n)), "chance": float(np.mean(chances)),
             "n": sum(len(one.own) for one in studies), "wordings": asked.shape[1]}
        )  # fmt: skip
    return pd.DataFrame(rows)


def prediction(studies: Sequence[FacetStudy], *, seed: int = 0) -> pd.DataFrame:
    """Whether rise tells gain, over cells of facets and wordings, and over texts.

    Where there is no correlation to be had (an embedder that does not move), its value is NaN.
    """
    rises = [one.gains(CONTRAST) for one in studies]
    cells = sum(values.shape[1] for values in rises)
    rows: list[dict[str, Any]] = []
    for measure in (V_MEASURE, TRIPLETS):
        gains = [one.gains(measure) for one in studies]
        for level, within in (("cells", False), ("cells within facets", True)):
            found = _or_none(partial(cell_correlation, rises, gains, within=within, seed=seed))
            rows.append(
                {"level": level, "facet": ALL, "measure": measure, "n": cells, **vars(found)}
            )
    for one in studies:
        known = one.per_text().dropna()
        x, y = known["rise"].to_numpy(), known["gain"].to_numpy()
        found = _or_none(partial(rank_correlation, x, y, seed))
        rows.append(
            {"level": "texts", "facet": one.facet, "measure": TRIPLETS, "n": len(known),
             **vars(found)}
        )  # fmt: skip
    return pd.DataFrame(rows)


def _or_none(correlate: Callable[[], Interval]) -> Interval:
    try:
        return correlate()
    except TokalignError:
        return Interval(np.nan, np.nan, np.nan)
