"""The settings of a sparse search, from what was written on the command line."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tokalign.errors import unknown
from tokalign.retrieval.sparse import SparseSettings, frozen_settings


def chosen_settings(
    k: int | None, expand: int | None, chosen: Sequence[tuple[str, str]]
) -> SparseSettings:
    """The frozen settings, with some changed.

    Args:
        k: Of ``--k``; None leaves it.
        expand: Of ``--expand``; None leaves it.
        chosen: Names and values of ``--setting``; a value is read as JSON where it is, and as a
            word where it is not.

    Raises:
        TokalignError: A name is unknown, or a value is out of range.
    """
    changes: dict[str, object] = {}
    for name, written in chosen:
        if name not in SparseSettings.model_fields:
            raise unknown("setting", name, SparseSettings.model_fields)
        try:
            changes[name] = json.loads(written)
        except ValueError:
            changes[name] = written
    changes |= {"k": k} if k is not None else {}
    changes |= {"expand": expand} if expand is not None else {}
    return frozen_settings().changed(**changes)
