"""``tokalign measure``: how well an embedder's aligned tokens cover the texts of a data set."""

from __future__ import annotations

from typing import Any

import click

from tokalign.cli.options import (
    HIGHEST_SEED,
    MOST_TOKENS,
    check_range,
    embedder_options,
    json_option,
    print_json,
    print_table,
    show_progress,
)


@click.command()
@embedder_options
@click.option(
    "--dataset",
    required=True,
    help="sentences, stsb, sick, str2022, nli, wiki, msmarco-pairs, banking77, ag_news, cranfield, "
    "a BEIR name or folder, or a .txt or .jsonl file.",
)
@click.option("--k", default=10, show_default=True, help="K of Hit@K.")
@click.option("--limit", type=int, help="Measure a random sample of this many texts.")
@click.option("--seed", default=0, show_default=True, help="Of sample, chance levels, intervals.")
@json_option
def measure(
    embedder: str,
    device: str,
    dtype: str,
    dataset: str,
    k: int,
    limit: int | None,
    seed: int,
    as_json: bool,
) -> None:
    """Measure Hit@K, LAR and GAR with 95 % intervals, beside their chance levels."""
    from tokalign.datasets import load_texts

    check_range("--k", k, 1, MOST_TOKENS)
    check_range("--seed", seed, 0, HIGHEST_SEED)
    texts = load_texts(dataset, limit=limit, seed=seed)

    from tokalign.embedders import load_embedder
    from tokalign.measures import measure as measure_texts
    from tokalign.store import default_store, provenance

    loaded = load_embedder(embedder, device=device, dtype=dtype)
    found = measure_texts(
        loaded, texts.texts, k=k, seed=seed, store=default_store(), progress=show_progress()
    )
    document: dict[str, Any] = {
        "embedder": loaded.name,
        "dataset": texts.name,
        "k": k,
        "limit": limit,
        "seed": seed,
        **found.summary(),
        "provenance": provenance(
            embedder=loaded.fingerprint, data=texts.sha256, device=device, dtype=dtype, seed=seed
        ),
    }
    if as_json:
        print_json(document)
        return
    frame = found.frame()
    columns = ["view", "metric", "n", "value", "low", "high", "chance", "chance_random_head"]
    print_table(
        f"{loaded.name} on {len(texts)} texts of {texts.name}",
        columns,
        [[_plain(value) for value in row] for row in frame[columns].itertuples(index=False)],
    )


def _plain(value: Any) -> Any:
    """Numbers of numpy as Python's own."""
    return value.item() if hasattr(value, "item") else value
