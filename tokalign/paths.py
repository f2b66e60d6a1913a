"""Paths that a user writes or sets, with a clear error where what is written can be none."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_config_path

from tokalign.errors import TokalignError


def user_path(written: str) -> Path:
    """The path that a user wrote, ``~`` expanded.

    Raises:
        TokalignError: ``~name`` of somebody unknown, or a character that no path can hold.

    >>> user_path("folder/file.txt").name
    'file.txt'
    """
    if "\0" in written:
        raise TokalignError(f"{written!r} holds a NUL character; a path cannot")
    try:
        return Path(written).expanduser()
    except RuntimeError as error:
        raise TokalignError(f"{written!r}: there is no such user's folder") from error


def user_registry() -> Path:
    """The file with the user's own registry entries: ``$TOKALIGN_EMBEDDERS`` or the usual place."""
    given = os.environ.get("TOKALIGN_EMBEDDERS")
    return Path(given) if given else user_config_path("tokalign") / "embedders.yaml"
