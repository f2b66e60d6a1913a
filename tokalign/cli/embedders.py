"""``tokalign embedders``: every embedder known by name."""

from __future__ import annotations

import click

from tokalign.cli.options import json_option, print_json, print_table

#: What is told of each.
_FIELDS = ("name", "family", "role", "backbone", "pooling", "readout", "available")
#: Families in the order in which people meet them, and what to call them.
_FAMILIES = {
    "mini": "mini: made for this book, in the package",
    "control": "control: what the others are compared with",
    "paper": "paper: the embedders of the paper and their backbones",
    "modern": "modern: others of today, and your own",
}


@click.command()
@json_option
def embedders(as_json: bool) -> None:
    """List the embedders known by name, and whether they can be loaded without a download."""
    from tokalign.embedders import is_available, registry

    rows = [
        {
            **{field: getattr(recipe, field) for field in _FIELDS[:-1]},
            "available": is_available(recipe),
        }
        for recipe in registry().values()
    ]
    if as_json:
        print_json(rows)
        return
    columns = [field for field in _FIELDS if field != "family"]
    families = sorted({str(row["family"]) for row in rows}, key=list(_FAMILIES).index)
    for number, family in enumerate(families):
        if number:
            click.echo()
        mine = [row for row in rows if row["family"] == family]
        # Embedders first, then the plain language models; else as in the registry.
        mine.sort(key=lambda row: row["role"] != "embedder")
        print_table(
            _FAMILIES[family], columns, [[_plain(row[field]) for field in columns] for row in mine]
        )


def _plain(value: object) -> object:
    return ("yes" if value else "no") if isinstance(value, bool) else value
