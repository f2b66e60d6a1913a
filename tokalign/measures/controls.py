"""How much of the overlap is there without what is credited for it?

Each control takes one thing away: the text, the head, all that a token is beyond its frequency, the
training, or the layers. Hit@K and LAR are taken of it in the two views of `measure`, and what is
lost is compared with the embedder itself text by text. How the controls are made: `trial`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from tokalign.embedders import Embedder
from tokalign.embedders.encoding.stored import embedding_key
from tokalign.embedders.encoding.tokenising import check_text
from tokalign.errors import TokalignError
from tokalign.measures.intervals import share_interval
from tokalign.measures.overlap import LAR, Hit
from tokalign.measures.paired import bootstrap_bounds
from tokalign.measures.trial import ITSELF, VIEWS, ByView, Trial
from tokalign.store import Store, content_key, environment_versions, source_fingerprint
from tokalign.tokens import Head, load_head

_NUMBERS = ("value", "low", "high", "lost", "lost_low", "lost_high")
_COLUMNS = ("embedder", "control", "view", "metric", "n", *_NUMBERS, "note")


@dataclass(frozen=True)
class Controls:
    """An embedder and its controls, scored text by text.

    Attributes:
        embedder: Its name.
        k: K of Hit@K.
        seed: Of everything that was drawn, and of the intervals.
        scores: Control -> view -> Hit@K and LAR of each text ``(n, 2)``, NaN where a control cannot
            be had. In the view ``content`` the texts are those with a content word.
        notes: Control -> what there is to know about it, where there is anything.

    >>> own, other = np.array([[1.0, 0.5], [1.0, 0.25]]), np.array([[0.0, 0.25], [1.0, 0.0]])
    >>> two = {ITSELF: {"tokens": own}, "random head": {"tokens": other}}
    >>> frame = Controls("mini", 10, 0, two, {}).frame()
    >>> frame[["control", "metric", "value", "lost"]].values.tolist()[2:]
    [['random head', 'Hit@10', 0.5, 0.5], ['random head', 'LAR', 0.125, 0.25]]
    """

    embedder: str
    k: int
    seed: int
    scores: dict[str, ByView]
    notes: dict[str, str]

    def frame(self) -> pd.DataFrame:
        """One row for each view, control and metric; see `controls`."""
        metrics = (str(Hit(self.k)), str(LAR()))
        rows = []
        for view, own in self.scores[ITSELF].items():
            for control, scores in self.scores.items():
                note = self.notes.get(control, "")
                numbers = _numbers(scores[view], own, self.seed) if len(own) else ({}, {})
                rows += [
                    {"embedder": self.embedder, "control": control, "view": view, "metric": metric,
                     "n": len(own), **row, "note": note}
                    for metric, row in zip(metrics, numbers, strict=True)
                ]  # fmt: skip
        return pd.DataFrame(rows).reindex(columns=list(_COLUMNS))


def _numbers(
    found: np.ndarray, own: np.ndarray, seed: int
) -> tuple[dict[str, float], dict[str, float]]:
    """Values, losses and their bounds for Hit@K and LAR, all from the same resamples."""
    both = np.concatenate([found, own - found], axis=1)
    means = both.mean(axis=0)
    low, high = bootstrap_bounds(both, seed)
    low, high = np.minimum(low, means), np.maximum(high, means)
    low[:2] = np.maximum(low[:2], 0.0)  # a share, not a difference
    if np.isin(found[:, 0], (0, 1)).all():
        wilson = share_interval(found[:, 0] > 0)
        low[0], high[0] = wilson.low, wilson.high
    table = np.stack([means, low, high])
    hit, lar = (table[:, [column, column + 2]].T.ravel().tolist() for column in (0, 1))
    return dict(zip(_NUMBERS, hit, strict=True)), dict(zip(_NUMBERS, lar, strict=True))


def controls(
    embedder: Embedder,
    texts: Sequence[str],
    *,
    k: int = 10,
    seed: int = 0,
    store: Store | None = None,
    others: Sequence[Embedder] = (),
    progress: bool = False,
) -> pd.DataFrame:
    """Measure an embedder beside everything that could explain what it shows.

    - *another text's tokens*: the lists change places, the mean of 20 derangements.
    - *random head*: random directions of equal norms in the place of the head's rows.
    - *frequency-matched tokens*: each aligned token gives way to another that occurs in as nearly
      as possible the same number of these texts, the mean of 20 draws, see `frequency_swap`.
    - *untrained model*: freshly drawn weights, decoded by a head that is drawn with them, and by
      the trained head; see `untrained`.
    - *head of another*: each of `others` lends the head of its backbone.
    - *input embeddings*: no layers, see `input_embedder`; as they are or centred, plain or weighted
      by idf that is fitted on the other half of the texts. They are read by the input embeddings
      themselves, the head that they belong to. Where the recipe pools one token alone, the mean
      of the text's own tokens is taken, and the note says so.

    Args:
        embedder: Loaded embedder.
        texts: N texts.
        k: K of Hit@K.
        seed: Of all that is drawn.
        store: Where vectors and scores are kept; nothing is kept where it is None.
        others: Embedders of the same vocabulary with other heads.
        progress: Show progress bars on standard error.

    Returns:
        A tidy frame: embedder, control, view (``tokens``, ``content``), metric, n, value with its
        95 % bounds, and ``lost``, the embedder's value less the control's, with bounds of its own
        from the same resamples of the texts for both. Numbers are NaN where a control cannot be
        had, and ``note`` says why.

    Raises:
        TokalignError: See `measure` and `untrained`; one of `others` has another vocabulary or
            width, the same head, or the name of another.
    """
    found = control_scores(
        embedder, texts, k=k, seed=seed, store=store, others=others, progress=progress
    )
    return found.frame()


def control_scores(
    embedder: Embedder,
    texts: Sequence[str],
    *,
    k: int = 10,
    seed: int = 0,
    store: Store | None = None,
    others: Sequence[Embedder] = (),
    progress: bool = False,
) -> Controls:
    """What `controls` sums up, text by text, for paired comparisons; same arguments and errors."""
    if not len(texts):
        raise TokalignError("there is no text to measure")
    if k < 1:
        raise TokalignError(f"k must be at least 1, not {k}")
    for number, text in enumerate(texts, 1):
        check_text(text, number)
    head = load_head(embedder)
    lent = _lent_heads(embedder, head, others)
    key = content_key(
        kind="controls", k=k, seed=seed, vectors=embedding_key(embedder, texts),
        heads=[head.fingerprint, *(h.fingerprint for h in lent.values())], names=list(lent),
        code=source_fingerprint("tokalign.measures", "tokalign.tokens"),
        libraries=dict(environment_versions("snowballstemmer", "scikit-learn")),
    )  # fmt: skip
    stored = None if store is None else store.get(key)
    if stored is None:
        trial = Trial(embedder, texts, head, k=k, seed=seed, store=store, progress=progress)
        scores = dict(trial.scores(lent))
        arrays = {f"{n} {view}": rows for n, by in enumerate(scores.values())
                  for view, rows in by.items()}  # fmt: skip
        if store is None:
            return Controls(embedder.name, k, seed, scores, trial.notes)
        stored = store.put(key, arrays, {"controls": list(scores), "notes": trial.notes})
    again = {
        control: {view: stored.arrays[f"{n} {view}"] for view in VIEWS}
        for n, control in enumerate(stored.meta["controls"])
    }
    return Controls(embedder.name, k, seed, again, stored.meta["notes"])


def _lent_heads(embedder: Embedder, head: Head, others: Sequence[Embedder]) -> dict[str, Head]:
    """Control -> the head that another embedder lends.

    Raises:
        TokalignError: It cannot be told apart, or cannot read these vectors.
    """
    lent: dict[str, Head] = {}
    for other in others:
        if other.tokenizer.get_vocab() != embedder.tokenizer.get_vocab():
            raise TokalignError(
                f"the head of {other.name} is for the tokens of another tokenizer than that of "
                f"{embedder.name}; embedders of the same vocabulary can lend theirs"
            )
        its = load_head(other)
        if its.fingerprint == head.fingerprint:
            raise TokalignError(f"{other.name} and {embedder.name} have the same head")
        if f"head of {other.name}" in lent:
            raise TokalignError(f"two of the others are called {other.name}")
        its.refuse(replace(embedder.space(head.width), normalised=False), swapped=True)
        lent[f"head of {other.name}"] = its
    return lent
