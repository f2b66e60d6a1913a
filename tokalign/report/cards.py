"""What the miniatures say of themselves: the manifests beside their weights, as tables.

A manifest is written when a model is exported; what it is good for is measured by a study and kept
as a stored measurement (`results`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from tokalign.embedders import package_entries
from tokalign.embedders.files.json_files import read_object
from tokalign.errors import TokalignError
from tokalign.paths import book_data

MANIFEST = "manifest.json"


def manifests(folder: Path | None = None) -> dict[str, dict[str, Any]]:
    """The manifests of the miniatures, in the order of the registry.

    Args:
        folder: Where the models lie; ``data/models`` of the book where it is None.

    Returns:
        Name -> manifest, for every miniature that lies there and was trained.

    Raises:
        TokalignError: There is none.
    """
    folder = folder or book_data("models")
    names = [name for name, recipe in package_entries().items() if recipe.family == "mini"]
    found = {name: read_object(folder / name / MANIFEST) for name in names}
    found = {name: said for name, said in found.items() if said}
    if not found:
        raise TokalignError(f"{folder} holds no miniature with a {MANIFEST}")
    return found


def loss_curves(said: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """How the loss of the language models fell.

    Args:
        said: `manifests`; those without a log of tokens are left out.

    Returns:
        ``model``, ``tokens`` seen, ``held_out_loss`` in nats a token, ``minutes``.
    """
    rows = [
        {"model": name, **{key: line[key] for key in ("tokens", "held_out_loss", "minutes")}}
        for name, one in said.items()
        for line in one.get("log", ())
        if "held_out_loss" in line
    ]
    return pd.DataFrame(rows, columns=["model", "tokens", "held_out_loss", "minutes"])


def watched(said: dict[str, dict[str, Any]], quantity: str) -> pd.DataFrame:
    """What contrastive training made of the held-out texts that it was watched on.

    Args:
        said: `manifests`; those without a log of steps are left out.
        quantity: Of `Monitor.look`, such as ``content_hit_raw``.

    Returns:
        ``model``, ``step``, ``value``.
    """
    rows = [
        {"model": name, "step": line["step"], "value": line[quantity]}
        for name, one in said.items()
        for line in one.get("log", ())
        if quantity in line
    ]
    return pd.DataFrame(rows, columns=["model", "step", "value"])


def made_table(said: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """How each miniature was made, one row a model.

    Args:
        said: `manifests`.

    Returns:
        ``model``, ``made from``, ``training``, ``tokens or steps``, ``minutes``, ``perplexity``
        (held out; None for embedders), ``stored as``, ``licence``.
    """
    rows = []
    for name, one in said.items():
        phases = one.get("phases", ())
        training = ", then ".join(f"{p['objective']} ({p['method']})" for p in phases)
        seen = f"{one['tokens']:,} tokens" if "tokens" in one else f"{one.get('steps'):,} steps"
        rows.append(
            {
                "model": name, "made from": one.get("backbone", "nothing"),
                "training": training or "next token", "seen": seen, "minutes": one.get("minutes"),
                "perplexity": one.get("held_out", {}).get("perplexity"),
                "stored as": one.get("dtype"), "licence": one.get("licence"),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)
