"""What embedders are good for, beside what needs no training: the table behind the model cards.

    python scripts/studies/cards.py --embedder all-minilm-l6-v2 --embedder path/to/a/model

Spearman's correlation on pairs of sentences and nDCG@10 on retrieval, for each embedder, for the
mean of its own input embeddings (plain and idf-weighted), and for words alone: idf-weighted word
overlap and BM25. idf is fitted on the training split of the pairs, and on the documents of a
collection. Held-out perplexity is that of the model's ``manifest.json``, where it has one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
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

from tokalign.datasets import PairSet, RetrievalSet, load_pairs, load_retrieval
from tokalign.embedders import Embedder, encode_stored, load_embedder
from tokalign.embedders.encoding.inputs import input_embedder, inverse_document_frequency
from tokalign.embedders.files.checkpoints import checkpoint_folder
from tokalign.measures import Interval
from tokalign.measures.similarity import (
    WordOverlap,
    cosines,
    rank_correlation,
    rank_correlation_difference,
)
from tokalign.report.results import write_result
from tokalign.retrieval import (
    Evaluation,
    bm25_search,
    dense_search,
    difference,
    embed_collection,
    evaluate,
)
from tokalign.store import default_store

WORDS = "words alone"
MEANINGS = {
    "embedder": f"whose vectors; '{WORDS}' where there are none",
    "reading": "the embedder itself, the mean of its input embeddings, or a count of words",
    "dataset": "what was scored, with its split",
    "measure": "Spearman's correlation of cosines with people's scores, nDCG@10, or perplexity",
    "n": "pairs, queries or tokens",
    "low": "of the 95 % interval over pairs or queries",
    "high": "of the same",
    "gain": "above words alone, paired over pairs or queries",
}


def readings(embedder: Embedder, texts: tuple[str, ...]) -> Iterator[tuple[str, Embedder]]:
    """The embedder itself, and its input embeddings, idf fitted on texts."""
    yield "embedder", embedder
    fitted = inverse_document_frequency(embedder, [text for text in texts if text.strip()])
    for name, idf in (("input embeddings", None), ("input embeddings, idf", fitted)):
        # Over the text alone: the same prompt is before every text.
        yield name, input_embedder(embedder, idf=idf, pooling="mean", pool_over="text")


def row(reading: tuple[str, str], dataset: str, measure: str, n: int, found: Interval,
        gain: Interval | None) -> dict[str, Any]:  # fmt: skip
    nothing = Interval(np.nan, np.nan, np.nan)
    above = {{"value": "gain"}.get(k, f"gain_{k}"): v for k, v in vars(gain or nothing).items()}
    return {"embedder": reading[0], "reading": reading[1], "dataset": dataset, "measure": measure,
            "n": n, **vars(found), **above}  # fmt: skip


class PairsCard:
    """Pairs, with word overlap as what has to be beaten."""

    def __init__(self, pairs: PairSet, seed: int) -> None:
        training = load_pairs(pairs.name, "train")
        self.pairs, self.seed = pairs, seed
        self.gold = np.asarray(pairs.score)
        self.fitted = tuple({**dict.fromkeys(training.first), **dict.fromkeys(training.second)})
        self.words = WordOverlap.fit(self.fitted).scores(pairs.first, pairs.second)

    def _row(self, reading: tuple[str, str], scores: np.ndarray) -> dict[str, Any]:
        gain = None
        if scores is not self.words:
            gain = rank_correlation_difference(scores, self.words, self.gold, self.seed)
        found = rank_correlation(scores, self.gold, self.seed)
        where = f"{self.pairs.name} {self.pairs.split}"
        return row(reading, where, "Spearman", len(self.pairs), found, gain)

    def baseline(self) -> dict[str, Any]:
        return self._row((WORDS, "word overlap, idf"), self.words)

    def rows(self, name: str, embedder: Embedder) -> Iterator[dict[str, Any]]:
        for reading, reader in readings(embedder, self.fitted):
            sides = (
                encode_stored(reader, side, default_store(), progress=watched()).vectors
                for side in (self.pairs.first, self.pairs.second)
            )
            yield self._row((name, reading), cosines(*sides))


class RetrievalCard:
    """A collection, with BM25 as what has to be beaten."""

    def __init__(self, data: RetrievalSet, seed: int) -> None:
        self.data, self.seed = data, seed
        self.words = evaluate(bm25_search(data), data)

    def _row(self, reading: tuple[str, str], found: Evaluation) -> dict[str, Any]:
        gain = None
        if found is not self.words:
            gain = difference(found, self.words, seed=self.seed)
        where, n = f"{self.data.name} {self.data.split}", len(found.per_query)
        return row(reading, where, "nDCG@10", n, found.mean(seed=self.seed), gain)

    def baseline(self) -> dict[str, Any]:
        return self._row((WORDS, "BM25"), self.words)

    def rows(self, name: str, embedder: Embedder) -> Iterator[dict[str, Any]]:
        for reading, reader in readings(embedder, self.data.docs):
            vectors = embed_collection(reader, self.data, default_store(), progress=watched())
            yield self._row((name, reading), evaluate(dense_search(vectors, name), self.data))


def perplexity(name: str, embedder: Embedder) -> Iterator[dict[str, Any]]:
    """The row of the model's manifest, where there is one."""
    recipe = embedder.recipe
    folder = checkpoint_folder(recipe.checkpoint, recipe.revision, recipe.hub)
    manifest = folder / "manifest.json"
    held = json.loads(manifest.read_text("utf-8")).get("held_out") if manifest.is_file() else None
    if held:
        found = Interval(float(held["perplexity"]), np.nan, np.nan)
        yield row((name, "language model"), "wiki held-out", "perplexity", held["tokens"], found,
                  None)  # fmt: skip


@click.command()
@click.option(
    "--embedder",
    "embedders",
    multiple=True,
    required=True,
    help="Registry name, hub id or folder; may be repeated.",
)
@click.option(
    "--pairs",
    multiple=True,
    default=("stsb:dev", "stsb:test"),
    show_default=True,
    help="SET:SPLIT of pairs with scores; may be repeated.",
)
@click.option(
    "--retrieval",
    multiple=True,
    default=("cranfield", "msmarco-5k"),
    show_default=True,
    help="Name or folder of a collection; may be repeated.",
)
@study_options
@study
def main(embedders: tuple[str, ...], pairs: tuple[str, ...], retrieval: tuple[str, ...],
         device: str, dtype: str, limit: int | None, seed: int, name: str | None,
         out: Path | None) -> None:  # fmt: skip
    """Measure what embedders are good for."""
    names = [Path(embedder).name for embedder in embedders]
    own_names(names)
    cards: list[PairsCard | RetrievalCard] = []
    for written in pairs:
        cards.append(PairsCard(named_pairs(written, limit, seed), seed))
    for written in retrieval:
        cards.append(RetrievalCard(load_retrieval(written), seed))
    rows = [card.baseline() for card in cards]
    weights = {}
    for short, written in zip(names, embedders, strict=True):
        embedder = load_embedder(written, device=device, dtype=dtype)
        weights[short] = embedder.fingerprint
        rows += perplexity(short, embedder)
        for card in cards:
            found = list(card.rows(short, embedder))
            for one in found:
                say(f"{short}, {one['reading']}: {one['dataset']} {one['measure']} "
                    f"{one['value']:.3f}")  # fmt: skip
            rows += found
    data = {c.data.name: c.data.sha256 for c in cards if isinstance(c, RetrievalCard)}
    data |= {f"{c.pairs.name} {c.pairs.split}": c.pairs.sha256 for c in cards
             if isinstance(c, PairsCard)}  # fmt: skip
    asked = {"embedder": list(embedders), "pairs": list(pairs), "retrieval": list(retrieval),
             "device": device, "dtype": dtype, "limit": limit, "seed": seed}  # fmt: skip
    path = write_result(
        name or "cards", pd.DataFrame(rows),
        title="What embedders are good for, beside words and input embeddings",
        command=command_line(__file__, asked), meanings=MEANINGS,
        missing=("low", "high", "gain", "gain_low", "gain_high"), folder=out,
        weights=weights, data=data, device=device, dtype=dtype, seed=seed, minutes=minutes(),
    )  # fmt: skip
    say(f"{len(rows)} rows in {path}")


if __name__ == "__main__":
    main()
