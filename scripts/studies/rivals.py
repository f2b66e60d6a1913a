"""What each rival filter does to a backbone's vectors: similarity, retrieval, content words.

    python scripts/studies/rivals.py --pair mini-gpt-neo mini-sgpt-nli --backbone all-minilm-l6-v2

Every filter is fitted on one half of the texts (or on the head), and scored on the other half's
content words, on pairs of sentences and on a collection. The embedder that was made from the
backbone stands beside the filters: it is what they have to match.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
from common import (
    command_line,
    minutes,
    named_pairs,
    own_names,
    say,
    study,
    study_options,
    watched,
)

from tokalign.datasets import PairSet, RetrievalSet, TextSet, load_retrieval, load_texts
from tokalign.embedders import (
    Embedder,
    Embeddings,
    View,
    backbone_view,
    encode_stored,
    find_recipe,
    load_embedder,
)
from tokalign.measures import VectorOverlap
from tokalign.measures.similarity import cosines
from tokalign.report.results import write_result
from tokalign.retrieval import dense_search, embed_collection, evaluate
from tokalign.spectrum import (
    AddFirst,
    Score,
    content_scores,
    effects,
    rivals,
    split_halves,
)
from tokalign.spectrum.contents import beside
from tokalign.spectrum.effects import Change
from tokalign.store import default_store
from tokalign.tokens import Head, load_head

MEANINGS = {
    "backbone": "whose vectors are filtered",
    "embedder": "what was made from it; '-' where none was given",
    "rival": "the filter; 'the embedder' for the embedder's own vectors, unfiltered",
    "parameters": "what was set and what was fitted",
    "score": "what the vectors are scored by; net: the chance level has been taken off",
    "n": "texts, pairs or queries",
    "low": "of the 95 % interval over them",
    "high": "of the same",
    "change": "against the backbone's vectors as they are, paired",
}


def vectors_of(embedder: Embedder, texts: tuple[str, ...]) -> Embeddings:
    """Vectors at their own length: a filter is fitted on those."""
    return encode_stored(embedder, texts, default_store(), progress=watched()).unnormalised()


class Ground:
    """What vectors are scored on."""

    def __init__(self, texts: TextSet, pairs: PairSet, data: RetrievalSet, seed: int) -> None:
        self.texts, self.pairs, self.data, self.seed = texts, pairs, data, seed
        fitted, scored = split_halves(len(texts), seed)
        self.fitted = tuple(texts.texts[i] for i in fitted)
        self.scored = tuple(texts.texts[i] for i in scored)

    def scores(self, embedder: Embedder, head: Head, tokenizer: Any) -> dict[str, Score]:
        """The scores of an embedder's vectors, whatever is done to them; decoded by `head`."""
        first, second = (vectors_of(embedder, s) for s in (self.pairs.first, self.pairs.second))
        collection = embed_collection(
            embedder, self.data, default_store(), own_length=True, progress=watched()
        )
        scored = vectors_of(embedder, self.scored)
        overlap = VectorOverlap(self.scored, tokenizer, seed=self.seed)

        def ndcg(change: Change) -> np.ndarray:
            run = dense_search(collection.changed(change), embedder.name)
            return evaluate(run, self.data, ["nDCG@10"]).values("nDCG@10")

        return {
            **content_scores(scored, head, overlap),
            f"{self.pairs.name} {self.pairs.split}, Spearman": Score(
                lambda change: cosines(change(first.vectors), change(second.vectors)),
                self.pairs.score,
            ),
            f"{self.data.name} {self.data.split}, nDCG@10": Score(ndcg),
        }

    def study(self, backbone: str, embedder: str | None, view: View, loading: dict[str, str]
              ) -> tuple[pd.DataFrame, dict[str, str]]:  # fmt: skip
        """All filters of one backbone, and the fingerprints of what was loaded."""
        plain, made = find_recipe(backbone), None
        if embedder is not None:
            made = load_embedder(find_recipe(embedder), **loading)
            plain = backbone_view(plain, made.recipe, view)
        reader = load_embedder(plain, **loading)
        head = load_head(reader)
        chosen = rivals(seed=self.seed)
        if made is not None:
            changed = vectors_of(made, self.fitted).vectors
            chosen.insert(4, AddFirst(embedder=changed, name="lambda u_1, v_1"))
        before = self.scores(reader, head, reader.tokenizer)
        frame = effects(vectors_of(reader, self.fitted).vectors, before, chosen, head=head,
                        seed=self.seed, progress=watched())  # fmt: skip
        weights = {Path(backbone).name: reader.fingerprint}
        if made is not None and embedder is not None:
            weights[Path(embedder).name] = made.fingerprint
            after = self.scores(made, head, reader.tokenizer)
            frame = pd.concat([frame, beside(after, before, self.seed)], ignore_index=True)
        frame.insert(0, "backbone", Path(backbone).name)
        frame.insert(1, "embedder", Path(embedder).name if embedder else "-")
        return frame, weights


@click.command()
@click.option(
    "--pair",
    "both",
    multiple=True,
    nargs=2,
    metavar="BACKBONE EMBEDDER",
    help="A backbone and what was made from it; may be repeated.",
)
@click.option("--backbone", "alone", multiple=True, help="One without; may be repeated.")
@click.option(
    "--dataset",
    default="sentences",
    show_default=True,
    help="Texts: half to fit on, half to decode.",
)
@click.option(
    "--pairs", default="stsb:test", show_default=True, help="SET:SPLIT of pairs with scores."
)
@click.option(
    "--retrieval", default="cranfield", show_default=True, help="Name or folder of a collection."
)
@click.option(
    "--view",
    default="published",
    show_default=True,
    help="How the backbone is read beside an embedder: published or matched.",
)
@study_options
@study
def main(both: tuple[tuple[str, str], ...], alone: tuple[str, ...], dataset: str, pairs: str,
         retrieval: str, view: View, device: str, dtype: str, limit: int | None, seed: int,
         name: str | None, out: Path | None) -> None:  # fmt: skip
    """Measure what rival filters do to backbones."""
    wanted: list[tuple[str, str | None]] = [*both, *((backbone, None) for backbone in alone)]
    if not wanted:
        raise click.UsageError("give at least one --pair or --backbone")
    own_names([f"{Path(a).name} and {Path(b or '-').name}" for a, b in wanted])
    ground = Ground(load_texts(dataset, limit=limit, seed=seed),
                    named_pairs(pairs, limit, seed), load_retrieval(retrieval), seed)  # fmt: skip
    frames: list[pd.DataFrame] = []
    weights: dict[str, str] = {}
    for backbone, embedder in wanted:
        frame, found = ground.study(backbone, embedder, view, {"device": device, "dtype": dtype})
        frames.append(frame)
        weights |= found
        say(f"{Path(backbone).name}: {len(frame)} rows")
    data = {part.name: part.sha256 for part in (ground.texts, ground.pairs, ground.data)}
    asked = {"pair": list(both), "backbone": list(alone), "dataset": dataset, "pairs": pairs,
             "retrieval": retrieval, "view": view, "device": device, "dtype": dtype,
             "limit": limit, "seed": seed}  # fmt: skip
    path = write_result(
        name or "rivals", pd.concat(frames, ignore_index=True),
        title="What each filter does to a backbone's vectors",
        command=command_line(__file__, asked), meanings=MEANINGS, folder=out,
        weights=weights, data=data, device=device, dtype=dtype, seed=seed, minutes=minutes(),
    )  # fmt: skip
    say(f"in {path}")


if __name__ == "__main__":
    main()
