"""Sparse retrieval beside dense retrieval and BM25, on queries on which nothing was chosen.

    python scripts/studies/retrieval.py --embedder all-minilm-l6-v2 --dataset cranfield:odd

The settings are those frozen in data/sparse_settings.json.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import click
import pandas as pd
from common import command_line, minutes, own_names, say, study, study_options, watched

from tokalign.datasets import RetrievalSet, load_retrieval
from tokalign.embedders import load_embedder
from tokalign.errors import TokalignError
from tokalign.report.results import write_result
from tokalign.retrieval import (
    Evaluation,
    bm25_search,
    compare_systems,
    dense_search,
    dense_vectors,
    difference,
    embedded,
    evaluate,
    frozen_settings,
    retained,
    sparse_collection,
    sparse_search,
)
from tokalign.retrieval.literal import literal_filter
from tokalign.retrieval.promptreps import promptreps
from tokalign.retrieval.sparse import PUBLISHED
from tokalign.store import default_store
from tokalign.tokens import load_head

MEANINGS = {
    "system": "sparse: at the frozen settings; published: the published recipe; literal: the "
    "aligned tokens that stand in the text itself, alone; promptreps: a language model asked for "
    "one word; prompted_dense: its state there",
    "n": "queries",
    "low": "of the 95 % interval over queries",
    "high": "of the same",
    "retained": "share of dense search, by a bootstrap paired over queries",
    "over_bm25": "difference to BM25, paired over queries",
}


def row(embedder: str, found: Evaluation, dense: Evaluation, words: Evaluation, measure: str,
        seed: int) -> dict[str, Any]:  # fmt: skip
    made = {"embedder": embedder, "system": found.run, "measure": measure,
            "n": len(found.per_query), **vars(found.mean(measure, seed))}  # fmt: skip
    shares: dict[str, float | None] = dict.fromkeys(("retained", "retained_low", "retained_high"))
    # Where dense search finds nothing for some drawing of the queries, there is no share.
    with contextlib.suppress(TokalignError):
        if found is not dense:
            share = retained(found, dense, measure, seed)
            shares = {
                f"retained{side}": value
                for side, value in zip(
                    ("", "_low", "_high"), (share.value, share.low, share.high), strict=True
                )
            }
    gains: dict[str, float | None] = dict.fromkeys(("over_bm25", "over_bm25_low", "over_bm25_high"))
    if found is not words:
        gain = difference(found, words, measure, seed)
        gains = {"over_bm25": gain.value, "over_bm25_low": gain.low, "over_bm25_high": gain.high}
    return {**made, **shares, **gains}


def collection_of(written: str, limit: int | None, seed: int) -> tuple[RetrievalSet, str]:
    """A collection by ``SET:SPLIT``, and how it is called in the table."""
    named, _, split = written.partition(":")
    data = load_retrieval(named, split or "test").sample(limit, seed)
    return data, data.name if data.split == "test" else f"{data.name} {data.split}"


@click.command()
@click.option("--embedder", "names", multiple=True, required=True, help="May be repeated.")
@click.option("--dataset", "sets", multiple=True, default=("cranfield:odd", "msmarco-5k"),
              show_default=True, help="SET, SET:SPLIT or a folder; may be repeated.")  # fmt: skip
@click.option("--language-model", "models", multiple=True,
              help="Read by PromptReps, for comparison; may be repeated.")  # fmt: skip
@study_options
@study
def main(names: tuple[str, ...], models: tuple[str, ...], sets: tuple[str, ...], device: str,
         dtype: str, limit: int | None, seed: int, name: str | None, out: Path | None
         ) -> None:  # fmt: skip
    """Measure sparse retrieval."""
    own_names([Path(n).name for n in names])
    settings, store = frozen_settings(), default_store()
    rows: list[dict[str, Any]] = []
    weights: dict[str, str] = {}
    data_used: dict[str, str] = {}
    for written in names:
        embedder = load_embedder(written, device=device, dtype=dtype)
        head = load_head(embedder)
        weights[embedder.name] = embedder.fingerprint
        for one in sets:
            data, where = collection_of(one, limit, seed)
            data_used[where] = data.sha256
            found = compare_systems(embedder, head, data, settings, store, progress=watched())
            collection = embedded(embedder, data, store)
            plain = sparse_collection(collection, head, embedder.tokenizer, PUBLISHED)
            more = [sparse_search(plain, "published"),
                    sparse_search(literal_filter(embedder, data, store), "literal")]  # fmt: skip
            every = {**found.evaluations, **{run.name: evaluate(run, data) for run in more}}
            dense, words = every["dense"], every["bm25"]
            rows += [
                {"dataset": where, **row(embedder.name, one, dense, words, measure, seed)}
                for one in every.values()
                for measure in map(str, one.per_query.columns)
            ]
            say(f"{embedder.name} on {where}")
    for written in models:
        model = load_embedder(written, device=device, dtype=dtype)
        weights[model.name] = model.fingerprint
        for one in sets:
            data, where = collection_of(one, limit, seed)
            made = promptreps(model, data, store, progress=watched())
            dense = evaluate(dense_search(dense_vectors(made.dense), "prompted_dense"), data)
            found = evaluate(sparse_search(made, "promptreps"), data)
            words = evaluate(bm25_search(data), data)
            rows += [
                {"dataset": where, **row(model.name, one, dense, words, measure, seed)}
                for one in (dense, found)
                for measure in map(str, one.per_query.columns)
            ]
            say(f"PromptReps by {model.name} on {where}")
    asked = {"embedder": list(names), "language-model": list(models), "dataset": list(sets),
             "device": device, "dtype": dtype, "limit": limit, "seed": seed}  # fmt: skip
    gaps = [f"{part}{side}" for part in ("retained", "over_bm25") for side in ("", "_low", "_high")]
    path = write_result(
        name or "retrieval", pd.DataFrame(rows),
        title="Sparse retrieval beside dense retrieval and BM25",
        command=command_line(__file__, asked), meanings=MEANINGS, missing=gaps, folder=out,
        weights=weights, data=data_used, settings=settings.model_dump(), device=device, dtype=dtype,
        seed=seed, minutes=minutes(),
    )  # fmt: skip
    say(f"in {path}")


if __name__ == "__main__":
    main()
