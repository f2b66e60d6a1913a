"""``tokalign index``: documents -> a sparse index in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tokalign.cli.options import (
    embedder_options,
    json_option,
    note,
    print_json,
    print_table,
    show_progress,
    sparse_options,
)
from tokalign.paths import user_path


@click.command()
@click.argument("documents", metavar="DOCS.jsonl")
@embedder_options
@click.option("--out", required=True, metavar="DIR", help="The folder of the index.")
@sparse_options
@click.option("--replace", is_flag=True, help="Replace an index that is at DIR.")
@json_option
def index(
    documents: str,
    embedder: str,
    device: str,
    dtype: str,
    out: str,
    k: int | None,
    expand: int | None,
    chosen: tuple[tuple[str, str], ...],
    replace: bool,
    as_json: bool,
) -> None:
    """Build a sparse index of the documents in DOCS.jsonl.

    A line is {"_id": ..., "text": ...}, with a "title" if there is one. The index appears at DIR
    when it is complete; a build that was stopped goes on by the same command. The settings are
    those frozen in data/sparse_settings.json, unless --k, --expand or --setting change them.
    """
    # Before the embedder is loaded, so that a bad line is told at once.
    from tokalign.cli.settings import chosen_settings
    from tokalign.retrieval.index import build_index, read_documents

    settings = chosen_settings(k, expand, chosen)
    folder = user_path(out)
    read = read_documents(user_path(documents))

    from tokalign.embedders import load_embedder
    from tokalign.store import default_store
    from tokalign.tokens import load_head

    loaded = load_embedder(embedder, device=device, dtype=dtype)
    made = build_index(
        read, loaded, load_head(loaded), settings, folder, default_store(),
        source=source_of(embedder), replace=replace, progress=show_progress(),
    )  # fmt: skip
    about = made.description
    if about.documents.cut:
        note(f"{about.documents.cut} of {about.documents.count} documents cut to the "
             f"{loaded.recipe.max_length} tokens that {loaded.name} reads")  # fmt: skip
    document: dict[str, Any] = {
        "out": out,
        "embedder": about.embedder.name,
        "documents": about.documents.count,
        "blank": about.documents.blank,
        "cut": about.documents.cut,
        "columns": about.columns,
        "postings": about.postings,
        "bytes": about.bytes,
        "settings": about.settings.model_dump(),
        "key": about.key,
    }
    if as_json:
        print_json(document)
        return
    names = ("documents", "blank", "columns", "postings", "bytes")
    print_table(
        f"Index of {read.path.name} by {loaded.name} at {out} ({about.settings.label})",
        names,
        [[document[name] for name in names]],
    )


def source_of(embedder: str) -> str:
    """What to load an embedder by from any working folder: the path of a folder, or the name."""
    from tokalign.embedders import registry

    folder = user_path(embedder)
    if embedder in registry() or not folder.is_dir():
        return embedder
    return str(Path(folder).resolve())
