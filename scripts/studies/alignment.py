"""What embedders and their backbones decode to, on texts that the book does not carry.

    python scripts/studies/alignment.py --embedder mini-sgpt-nli --dataset wiki --dataset sentences

Content words among the tokens as they stand, and Hit, LAR and their chance levels: each embedder,
its backbone, and the paired difference of the two.
"""

from __future__ import annotations

from pathlib import Path

import click
import pandas as pd
from common import command_line, minutes, own_names, say, study, study_options

from tokalign.datasets import load_texts
from tokalign.embedders import find_recipe, load_embedder
from tokalign.errors import TokalignError
from tokalign.measures import VectorOverlap
from tokalign.report.results import write_result
from tokalign.spectrum import alignment_gain, compare
from tokalign.store import default_store

MEANINGS = {
    "dataset": "the texts",
    "n": "how many",
    "measure": "a column of VectorOverlap.per_text",
    "quantity": "whose value, or a paired difference; see alignment_gain",
    "low": "of the 95 % interval over texts",
    "high": "of the same",
}


@click.command()
@click.option("--embedder", "names", multiple=True, required=True, help="May be repeated.")
@click.option("--dataset", "sets", multiple=True, required=True, help="May be repeated.")
@study_options
@study
def main(names: tuple[str, ...], sets: tuple[str, ...], device: str, dtype: str,
         limit: int | None, seed: int, name: str | None, out: Path | None) -> None:  # fmt: skip
    """Measure embedders beside their backbones."""
    own_names([Path(embedder).name for embedder in names])
    frames, weights, data = [], {}, {}
    for dataset in sets:
        texts = load_texts(dataset, limit=limit, seed=seed)
        data[texts.name] = texts.sha256
        for embedder in names:
            loaded = load_embedder(find_recipe(embedder), device=device, dtype=dtype)
            weights[loaded.name] = loaded.fingerprint
            pair = compare(loaded, texts.texts, seed=seed, store=default_store())
            if pair.backbone is None:
                raise TokalignError(f"{loaded.name} has no backbone that can be had here")
            gains = alignment_gain(
                pair, VectorOverlap(texts.texts, loaded.tokenizer, seed=seed), seed
            )
            gains.insert(0, "n", len(texts))
            gains.insert(0, "dataset", texts.name)
            frames.append(gains)
            say(f"{loaded.name} on {texts.name}")
    asked = {"embedder": list(names), "dataset": list(sets), "device": device, "dtype": dtype,
             "limit": limit, "seed": seed}  # fmt: skip
    path = write_result(
        name or "alignment", pd.concat(frames, ignore_index=True),
        title="What embedders and their backbones decode to",
        command=command_line(__file__, asked), meanings=MEANINGS, folder=out,
        weights=weights, data=data, device=device, dtype=dtype, seed=seed, minutes=minutes(),
    )  # fmt: skip
    say(f"in {path}")


if __name__ == "__main__":
    main()
