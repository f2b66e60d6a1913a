"""``tokalign spectrum``: the change from backbone to embedder, along the backbone's components."""

from __future__ import annotations

import math
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
)

#: Components in the table for people.
_SHOWN = 10


@click.command()
@click.option("--backbone", required=True, help="Registry name, hub id or folder.")
@embedder_options
@click.option("--dataset", required=True, help="As for `tokalign measure`.")
@click.option("--limit", type=int, help="Compare on a random sample of this many texts.")
@click.option("--seed", default=0, show_default=True, help="Of the sample.")
@click.option(
    "--view",
    default="published",
    show_default=True,
    help="published: the backbone reads the plain text, pooled as the embedder. matched: with the "
    "embedder's prompt, pooling and attention.",
)
@json_option
def spectrum(
    backbone: str,
    embedder: str,
    device: str,
    dtype: str,
    dataset: str,
    limit: int | None,
    seed: int,
    view: str,
    as_json: bool,
) -> None:
    """Take the change from a backbone to an embedder apart along the backbone's components."""
    from tokalign.datasets import load_texts
    from tokalign.embedders import backbone_view, encode_stored, find_recipe, load_embedder

    check_range("--seed", seed, 0, HIGHEST_SEED)
    second = find_recipe(embedder)
    first = backbone_view(find_recipe(backbone), second, view)  # type: ignore[arg-type]
    texts = load_texts(dataset, limit=limit, seed=seed)

    from tokalign.spectrum import variation
    from tokalign.store import default_store, provenance

    vectors, fingerprints = [], []
    for recipe in (first, second):
        # One at a time: two large models need not fit at once.
        loaded = load_embedder(recipe, device=device, dtype=dtype)
        made = encode_stored(loaded, texts.texts, default_store(), progress=show_progress())
        vectors.append(made.vectors)
        fingerprints.append(loaded.fingerprint)
        del loaded
    found = variation(*vectors)
    share = found.share_of_shift_on_pc1
    document: dict[str, Any] = {
        "backbone": backbone,
        "embedder": embedder,
        "dataset": texts.name,
        "n": found.n,
        "view": view,
        "limit": limit,
        "seed": seed,
        "v": found.v.tolist(),
        "share_of_shift_on_pc1": None if math.isnan(share) else share,
        "share_of_energy": found.share_of_energy.tolist(),
        "cos_u1_mean": found.parts.cos_mean,
        "mean_h_u1": found.m1,
        "singular_values": found.parts.singular_values.tolist(),
        "provenance": provenance(
            embedder=fingerprints[1], backbone=fingerprints[0], data=texts.sha256, device=device,
            dtype=dtype, seed=seed,
        ),
    }  # fmt: skip
    if as_json:
        print_json(document)
        return
    print_table(
        f"{embedder} against {backbone} ({view}) on {found.n} texts of {texts.name}: "
        f"{share:.1%} of the mean shift on component 1, whose cosine with "
        f"the backbone's mean is {found.parts.cos_mean:.3f}; mean(h . u_1) = {found.m1:.3f}",
        ("component", "v", "share of energy", "singular value"),
        [
            (number, f"{v:.4f}", f"{energy:.4f}", f"{value:.3f}")
            for number, v, energy, value in zip(
                range(1, _SHOWN + 1), found.v, found.share_of_energy,
                found.parts.singular_values, strict=False,
            )
        ],
    )  # fmt: skip
