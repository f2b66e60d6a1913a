"""Does an embedder follow instructions? One call gives every table of chapter 4."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from tokalign.datasets.facets import FacetTexts, Instruction
from tokalign.embedders import Embedder
from tokalign.facets.asking import Style
from tokalign.facets.clustering import STARTS
from tokalign.facets.facet import FacetStudy, mean_differences, prediction
from tokalign.facets.intervals import RESAMPLES
from tokalign.facets.labels import labels_frame
from tokalign.facets.readings import Readings, read_all
from tokalign.facets.shifts import component_frame, move_frame, token_frame
from tokalign.store import Store
from tokalign.tokens import Head, load_head


@dataclass(frozen=True)
class Followed:
    """How an embedder follows instructions; every attribute but the first two is a tidy frame.

    Attributes:
        embedder: Its name.
        style: How it was asked, see `style_of`.
        labels: Which tokens stand for which label, see `labels_frame`, by ``facet``.
        levels: For each ``measure``, ``facet`` and ``condition`` (``asked``, ``unasked``: another
            facet is, ``empty``, ``irrelevant``): ``value``, ``low``, ``high`` (95 %, over texts
            and wordings), ``texts_error`` and ``wordings_error`` (parts of the standard error),
            ``chance`` (labels dealt out at random), ``n`` texts, ``wordings``.
        differences: The same for asked minus each other condition, ``against``. For ``label
            contrast`` this is the difference in differences. ``chance`` is a difference too. The
            facet ``all`` is the mean over the facets, where all have as many wordings.
        variance: Of the difference in differences, text by text and wording by wording: its
            variance between ``texts``, between ``wordings`` and the ``rest``, by ``facet`` and
            ``against``.
        cells: One row a ``facet`` and ``wording``: ``rise``, and ``gain`` of each clustering
            ``measure``, asked minus unasked (irrelevant where there is no other facet).
        per_text: One row a ``facet`` and ``text``: ``rise`` and ``gain`` in triplet accuracy, both
            asked minus unasked, means over wordings.
        prediction: Whether rise tells gain: ``level`` (``cells``, ``cells within facets``, or
            ``texts``), ``facet``, ``measure``, ``n``, correlation ``value``, ``low``, ``high``.
        moves: See `move_frame`.
        components: See `component_frame`.
        tokens: See `token_frame`.
    """

    embedder: str
    style: Style
    labels: pd.DataFrame
    levels: pd.DataFrame
    differences: pd.DataFrame
    variance: pd.DataFrame
    cells: pd.DataFrame
    per_text: pd.DataFrame
    prediction: pd.DataFrame
    moves: pd.DataFrame
    components: pd.DataFrame
    tokens: pd.DataFrame


def follow(
    embedder: Embedder,
    held: FacetTexts,
    instructions: Sequence[Instruction] | None = None,
    *,
    style: str | None = None,
    head: Head | None = None,
    k: int = 10,
    starts: int = STARTS,
    resamples: int = RESAMPLES,
    seed: int = 0,
    store: Store | None = None,
) -> Followed:
    """Read texts under every instruction and measure what the instructions change.

    Args:
        embedder: Who reads.
        held: Texts with facets, of one group or several; each group is read under its own
            facets' instructions.
        instructions: See `read_all`; those for other groups' facets are passed over.
        style: See `style_of`.
        head: Who decodes; the recipe's own where it is None.
        k: How many content forms of each text count as its list.
        starts: Starts of k-means.
        resamples: Bootstrap resamples of the texts.
        seed: Of all that is drawn.
        store: Where vectors are kept; None computes everything.

    Raises:
        TokalignError: See `read_all`.
    """
    head = load_head(embedder) if head is None else head
    readings = [
        read_all(embedder, group, instructions, style=style, head=head, k=k, store=store)
        for group in groups_of(held)
    ]
    return summarise(readings, starts=starts, resamples=resamples, seed=seed)


def groups_of(held: FacetTexts) -> list[FacetTexts]:
    """The texts of each group, with the facets of that group alone."""
    made = []
    for group in dict.fromkeys(facet.group for facet in held.facets):
        facets = tuple(facet for facet in held.facets if facet.group == group)
        labelled = np.any([held.labels[facet.name] >= 0 for facet in facets], axis=0)
        chosen = held.take(np.flatnonzero(labelled).tolist())
        labels = {facet.name: chosen.labels[facet.name] for facet in facets}
        made.append(replace(chosen, facets=facets, labels=labels))
    return made


def summarise(
    readings: Sequence[Readings],
    *,
    starts: int = STARTS,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Followed:
    """All tables of one embedder's readings, one for each group; see `follow`."""
    studies = [
        FacetStudy(one, facet, starts=starts, resamples=resamples, seed=seed)
        for one in readings
        for facet in one.labels
    ]

    def joined(make: Callable[[FacetStudy], pd.DataFrame]) -> pd.DataFrame:
        return pd.concat([make(study) for study in studies], ignore_index=True)

    def by_group(make: Callable[[Readings], pd.DataFrame]) -> pd.DataFrame:
        made = {one.held.facets[0].group: make(one) for one in readings}
        return pd.concat(made, names=["group", None]).reset_index("group").reset_index(drop=True)

    return Followed(
        embedder=readings[0].embedder.name,
        style=readings[0].style,
        labels=by_group(_label_frame),
        levels=joined(FacetStudy.levels),
        differences=pd.concat(
            [joined(FacetStudy.differences), mean_differences(studies)], ignore_index=True
        ),
        variance=joined(FacetStudy.variance),
        cells=joined(FacetStudy.cells),
        per_text=joined(FacetStudy.per_text),
        prediction=prediction(studies, seed=seed),
        moves=by_group(lambda one: move_frame(one, resamples=resamples, seed=seed)),
        components=by_group(component_frame),
        tokens=by_group(token_frame),
    )


def _label_frame(readings: Readings) -> pd.DataFrame:
    tokenizer = readings.embedder.tokenizer
    made = {
        facet: labels_frame([*found, *readings.left_out[facet]], tokenizer)
        for facet, found in readings.labels.items()
    }
    return pd.concat(made, names=["facet", None]).reset_index("facet").reset_index(drop=True)
