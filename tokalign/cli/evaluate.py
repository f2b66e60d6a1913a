"""``tokalign evaluate``: sparse retrieval from aligned tokens beside dense retrieval and BM25."""

from __future__ import annotations

from typing import Any

import click

from tokalign.cli.options import (
    HIGHEST_SEED,
    check_range,
    embedder_options,
    json_option,
    print_json,
    print_table,
    show_progress,
    sparse_options,
)


@click.command()
@embedder_options
@click.option(
    "--dataset", required=True, help="passages, cranfield, a BEIR name, or a folder in its layout."
)
@click.option(
    "--split",
    default="test",
    show_default=True,
    help="Which judgements; cranfield: test, even, odd.",
)
@sparse_options
@click.option("--seed", default=0, show_default=True, help="Of the intervals.")
@json_option
def evaluate(
    embedder: str,
    device: str,
    dtype: str,
    dataset: str,
    split: str,
    k: int | None,
    expand: int | None,
    chosen: tuple[tuple[str, str], ...],
    seed: int,
    as_json: bool,
) -> None:
    """Judge sparse retrieval from aligned tokens: nDCG@10, RR@10 and R@100 with 95 % intervals.

    The settings are those frozen in data/sparse_settings.json, unless --k, --expand or --setting
    change them. Needs the extra `retrieval`.
    """
    from tokalign.cli.settings import chosen_settings
    from tokalign.datasets import load_retrieval

    check_range("--seed", seed, 0, HIGHEST_SEED)
    settings = chosen_settings(k, expand, chosen)
    data = load_retrieval(dataset, split)

    from tokalign.embedders import load_embedder
    from tokalign.retrieval import compare_systems
    from tokalign.retrieval.evaluation import MEASURES
    from tokalign.store import default_store, provenance
    from tokalign.tokens import load_head

    loaded = load_embedder(embedder, device=device, dtype=dtype)
    found = compare_systems(
        loaded, load_head(loaded), data, settings, default_store(), progress=show_progress()
    )
    rows = found.frame(seed).to_dict("records")
    means: dict[str, dict[str, float]] = {}
    for row in rows:
        means.setdefault(str(row["measure"]).lower(), {})[str(row["run"])] = float(row["value"])
    shares = {m: None if (s := found.retained(m, seed)) is None else vars(s) for m in MEASURES}
    document: dict[str, Any] = {
        "embedder": loaded.name,
        "dataset": data.name,
        "split": data.split,
        "n_documents": len(data),
        "n_queries": len(data.query_ids),
        **means,
        "retained": shares["nDCG@10"],
        "retained_by_measure": shares,
        "intervals": rows,
        "settings": settings.model_dump(),
        "provenance": provenance(
            embedder=loaded.fingerprint, data=data.sha256, device=device, dtype=dtype, seed=seed
        ),
    }
    if as_json:
        print_json(document)
        return
    print_table(
        f"{loaded.name} on {len(data.query_ids)} queries over {len(data)} documents of {data.name}",
        ["system", "measure", "value", "low", "high"],
        [
            [str(row["run"]).replace("_", " + "),
             *(row[name] for name in ("measure", "value", "low", "high"))]
            for row in rows
        ],
    )  # fmt: skip
    print_table(
        f"Retained of dense search ({settings.label})",
        ["measure", "share", "low", "high"],
        [[name, *(share.values() if share else [None] * 3)] for name, share in shares.items()],
    )
