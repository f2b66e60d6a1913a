"""What the rival filters do to the content words that a backbone's vectors decode to."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pandas as pd

from tokalign.embedders import Embeddings
from tokalign.measures import VectorOverlap
from tokalign.spectrum.comparison import Comparison
from tokalign.spectrum.effects import Change, Score, effects
from tokalign.spectrum.reading import replaced
from tokalign.spectrum.rivals import rivals
from tokalign.spectrum.shifts import AddFirst
from tokalign.tokens import Head

EMBEDDER = "the embedder"
#: Name of a score -> column of `VectorOverlap.per_text`, and of the chance level that is taken off
#: for a net one.
SCORES = {
    "raw Hit": ("raw_hit", None),
    "raw Hit, net": ("raw_hit", "raw_hit_chance"),
    "content Hit, net": ("content_hit", "content_hit_chance"),
    "content LAR": ("content_lar", None),
    "no content": ("non_content", None),
}


def content_scores(embeddings: Embeddings, head: Head, overlap: VectorOverlap) -> dict[str, Score]:
    """Scores of vectors by the content words that they decode to, whatever is done to them.

    Args:
        embeddings: N vectors at their own length.
        head: Who decodes them; another model's on purpose too.
        overlap: Of the same N texts.

    Returns:
        The scores of `SCORES` by name.
    """

    @lru_cache(maxsize=1)  # all of them are read off one decoding
    def decoded(change: Change) -> pd.DataFrame:
        made = replaced(embeddings, change(embeddings.vectors))
        return overlap.per_text(made, head, swapped=True)

    def column(name: str, chance: str | None) -> Callable[[Change], np.ndarray]:
        def items(change: Change) -> np.ndarray:
            found = decoded(change)
            values = found[name] if chance is None else found[name] - found[chance]
            made: np.ndarray = values.dropna().to_numpy()
            return made

        return items

    return {name: Score(column(*columns)) for name, columns in SCORES.items()}


def content_effects(
    comparison: Comparison, overlap: VectorOverlap, *, seed: int = 0
) -> pd.DataFrame:
    """Score the backbone's vectors as every rival leaves them, and the embedder's as they are.

    Args:
        comparison: Rivals are fitted on its fitted half, and its scored half is scored.
        overlap: Of the texts of the scored half, in their order.
        seed: Of the random direction and of the intervals.

    Returns:
        The frame of `effects` with a column ``pair`` in front. Where there is a backbone, lambda
        is taken from v_1 too, and the embedder is the last rival.

    Raises:
        TokalignError: What `effects` raises for.
    """
    h = comparison.h.select(comparison.scored)
    fitted = comparison.h.vectors[comparison.fitted]
    chosen = rivals(seed=seed)
    if comparison.backbone is not None:
        changed = comparison.changed.vectors[comparison.fitted]
        chosen.insert(4, AddFirst(embedder=changed, name="lambda u_1, v_1"))
    before = content_scores(h, comparison.head, overlap)
    frame = effects(fitted, before, chosen, head=comparison.head, seed=seed)
    if comparison.backbone is not None:
        own = comparison.changed.select(comparison.scored)
        after = content_scores(own, comparison.own_head, overlap)
        frame = pd.concat([frame, beside(after, before, seed)], ignore_index=True)
    frame.insert(0, "pair", comparison.name)
    return frame


def beside(after: dict[str, Score], before: dict[str, Score], seed: int = 0) -> pd.DataFrame:
    """An embedder's own scores in the columns of `effects`, the change against its backbone's."""
    rows = []
    for name, score in after.items():
        items, others = score.of(_as_it_is), before[name].of(_as_it_is)
        change = score.difference(items, others, seed)
        rows.append(
            {"rival": EMBEDDER, "parameters": "", "score": name, "n": len(items),
             **vars(score.interval(items, seed)), "change": change.value,
             "change_low": change.low, "change_high": change.high}
        )  # fmt: skip
    return pd.DataFrame(rows)


def _as_it_is(vectors: np.ndarray) -> np.ndarray:
    return vectors
