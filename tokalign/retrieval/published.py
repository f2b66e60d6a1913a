"""What the paper reports of sparse retrieval, quoted for comparison; nothing here is measured."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import yaml

from tokalign.errors import TokalignError
from tokalign.paths import book_data

#: Of aligned tokens: `dense` and `sparse`. Beside them: `bm25` and `trained sparse`.
KINDS = ("bm25", "trained sparse", "dense", "sparse")


def published_retrieval(path: Path | None = None) -> pd.DataFrame:
    """Read the quoted table.

    Args:
        path: The file; ``data/published_retrieval.yml`` of the book where it is None.

    Returns:
        One row a system, kind and data set, in the order of the file: system, kind (one of
        `KINDS`), dataset, ndcg (nDCG@10, 0 to 1), retained (ndcg over that of the same system's
        dense vectors; missing where it has none, and for dense itself). ``attrs["source"]`` says
        where the numbers are from.

    Raises:
        TokalignError: The file is missing or not of that form.

    >>> table = published_retrieval()
    >>> table[table.kind == "sparse"].groupby("system").retained.mean().round(3).to_dict()
    {'gritlm': 0.826, 'llm2vec': 0.819}
    """
    path = path or book_data("published_retrieval.yml")
    try:
        said = yaml.safe_load(path.read_text("utf-8"))
        rows = [
            (str(row["system"]), str(row["kind"]), str(dataset), float(ndcg))
            for row in said["systems"]
            for dataset, ndcg in zip(said["datasets"], row["ndcg"], strict=True)
        ]
        source, measure = str(said["source"]), said["measure"]
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise TokalignError(
            f"{path} cannot be read as YAML: {str(error).splitlines()[0]}"
        ) from error
    except (KeyError, TypeError, ValueError) as error:
        raise TokalignError(
            f"{path} must hold source, measure, datasets, and systems with system, kind and one "
            "ndcg a data set"
        ) from error
    if measure != "nDCG@10" or any(kind not in KINDS for _, kind, _, _ in rows):
        raise TokalignError(f"{path}: allowed: measure nDCG@10, and of kinds {', '.join(KINDS)}")
    dense = {(system, data): ndcg for system, kind, data, ndcg in rows if kind == "dense"}
    table = pd.DataFrame(rows, columns=["system", "kind", "dataset", "ndcg"])
    table["retained"] = [
        float("nan") if kind == "dense" else ndcg / dense.get((system, data), float("nan"))
        for system, kind, data, ndcg in rows
    ]
    table.attrs["source"] = source
    return table
