"""``tokalign embedders``: every embedder known by name."""

from __future__ import annotations

import click

from tokalign.cli.options import json_option, print_json, print_table

#: What is told of each.
_FIELDS = ("name", "family", "role", "backbone", "pooling", "readout", "available")


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
    else:
        print_table(
            "Embedders", _FIELDS, [[_plain(row[field]) for field in _FIELDS] for row in rows]
        )


def _plain(value: object) -> object:
    return ("yes" if value else "no") if isinstance(value, bool) else value
