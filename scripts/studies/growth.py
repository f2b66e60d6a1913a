"""How the alignment of language models grows while they are trained, from the runs' snapshots.

    python scripts/studies/growth.py --run mini-gpt-neo runs/mini-gpt-neo \
      --tokenizer runs/tokenizer.json --held-out other.jsonl.xz
"""

from __future__ import annotations

from pathlib import Path

import click
import pandas as pd
from common import command_line, minutes, say, study, study_options

from tokalign.datasets.sampling import sample_indices
from tokalign.datasets.textset import unique
from tokalign.embedders.files.weights import sha256_of
from tokalign.report.results import write_result
from tokalign.train.corpus import RESERVED, held_out_sentences
from tokalign.train.scale import growth

#: Sentences, where no other number is asked for.
SENTENCES = 1000
MEANINGS = {
    "model": "which language model, pooled by position",
    "tokens": "that it had been trained on",
    "reading": "its vectors as they are, or without their first component",
    "n": "texts scored",
    "m1": "mean(h . u_1)",
    "content_hit": "texts with a content word among the first ten content words",
    "raw_hit": "texts with a content word among the first ten tokens as they stand",
    "non_content": "share of these ten without content",
}
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--run", "runs", type=(str, Path), multiple=True, required=True,
              metavar="NAME FOLDER", help="May be repeated.")  # fmt: skip
@click.option("--tokenizer", type=_FILE, required=True, help="The one that the runs share.")
@click.option("--held-out", type=_FILE, required=True, help="Corpus of the held-out sentences.")
@study_options
@study
def main(runs: tuple[tuple[str, Path], ...], tokenizer: Path, held_out: Path, device: str,
         dtype: str, limit: int | None, seed: int, name: str | None, out: Path | None
         ) -> None:  # fmt: skip
    """Measure the snapshots of training runs."""
    texts = unique(held_out_sentences(held_out, RESERVED))
    chosen = [texts[i] for i in sample_indices(len(texts), limit or SENTENCES, seed)]
    frames = []
    for model, folder in runs:
        found = growth(folder, tokenizer, chosen, seed)
        found.insert(0, "model", model)
        frames.append(found)
        say(f"{model}: {found['tokens'].nunique()} snapshots")
    # Folders are this machine's: the command names them by their last part.
    asked = {"run": [(model, folder.name) for model, folder in runs], "tokenizer": tokenizer.name,
             "held-out": held_out.name, "limit": limit, "seed": seed}  # fmt: skip
    path = write_result(
        name or "growth", pd.concat(frames, ignore_index=True),
        title="How the alignment of language models grows", command=command_line(__file__, asked),
        meanings=MEANINGS, folder=out, data={held_out.name: sha256_of(held_out)},
        device=device, dtype=dtype, seed=seed, minutes=minutes(),
    )  # fmt: skip
    say(f"in {path}")


if __name__ == "__main__":
    main()
