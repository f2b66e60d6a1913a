"""How much of the alignment there is in a language model, and how it grows with training.

A backbone's pooled vectors decode to frequent tokens. Taking their first component off brings
content words up, and how far it does so tells early what an embedder made from it can show. The
direction is fitted on one half of the texts; both readings are scored on the other half.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from tokalign.embedders import Embedder, find_recipe, load_embedder
from tokalign.measures import VectorOverlap
from tokalign.measures.intervals import mean_interval
from tokalign.spectrum import adjusted, first_direction, split_halves
from tokalign.tokens import load_head
from tokalign.train.export import export, trained_model
from tokalign.train.run_folder import RunFolder
from tokalign.train.settings import Settings
from tokalign.train.tokenizer import load_tokenizer

PLAIN, WITHOUT = "as it is", "without the first component"
#: Columns of `VectorOverlap.per_text` whose means are told.
_COLUMNS = ("content_hit", "content_hit_chance", "raw_hit", "raw_hit_chance", "non_content")


def shown(embedder: Embedder, texts: Sequence[str], seed: int = 0) -> pd.DataFrame:
    """What a backbone shows as it is, and after its first component has been taken off.

    Args:
        embedder: A language model with a pooling.
        texts: N texts, two or more; u_1 comes from one half of them.
        seed: Of the halves, the derangements and the interval.

    Returns:
        One row a reading (`PLAIN`, `WITHOUT`): ``reading``, ``n`` texts scored, ``m1`` (the mean
        along u_1), the means of columns of `VectorOverlap.per_text`, and of ``raw_hit`` the 95 %
        interval, ``raw_hit_low`` and ``raw_hit_high``.

    Raises:
        TokalignError: Fewer than two texts, or what `VectorOverlap` raises for.
    """
    fitted, scored = split_halves(len(texts), seed)
    h = embedder.encode(texts).unnormalised()
    u1 = first_direction(h.vectors[fitted])
    m1 = float((h.vectors[fitted].astype(np.float64) @ u1).mean())
    overlap = VectorOverlap([texts[int(i)] for i in scored], embedder.tokenizer, seed=seed)
    head, plain = load_head(embedder), h.select(scored)
    rows = []
    for reading, state in ((PLAIN, plain), (WITHOUT, adjusted(plain, u1, -m1))):
        found = overlap.per_text(state, head)
        interval = mean_interval(found["raw_hit"].dropna().to_numpy(), seed)
        rows.append(
            {"reading": reading, "n": len(scored), "m1": m1,
             **{name: float(found[name].mean()) for name in _COLUMNS},
             "raw_hit_low": interval.low, "raw_hit_high": interval.high}
        )  # fmt: skip
    return pd.DataFrame(rows)


def growth(run: Path, tokenizer_file: Path, texts: Sequence[str], seed: int = 0) -> pd.DataFrame:
    """What a run's model shows at each of its snapshots, pooled by position as SGPT does.

    Args:
        run: Folder of the run.
        tokenizer_file: The tokenizer of its data.
        texts: Held-out texts.
        seed: See `shown`.

    Returns:
        `shown` for each snapshot, ``tokens`` trained on in front, rising.
    """
    place = RunFolder(run)
    settings = Settings.from_plain(place.description()["settings"])
    tokenizer = load_tokenizer(tokenizer_file)
    frames = []
    for tokens, weights in place.snapshots().items():
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder, "snapshot")
            model = trained_model(weights, settings)
            export(model, settings, tokenizer, target, dtype="float16")
            recipe = find_recipe(str(target)).model_copy(update={"pooling": "weighted_mean"})
            found = shown(load_embedder(recipe), texts, seed)
        found.insert(0, "tokens", tokens)
        frames.append(found)
    return pd.concat(frames, ignore_index=True)
