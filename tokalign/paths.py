"""Paths that a user writes or sets, and those of the book that the package was installed from."""

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


def book_data(*parts: str) -> Path:
    """A file or folder of the book's ``data/``, beside the package; it need not be there.

    >>> book_data("models", "references").parts[-3:]
    ('data', 'models', 'references')
    """
    return Path(__file__).resolve().parents[1].joinpath("data", *parts)


def user_registry() -> Path:
    """The file with the user's own registry entries: ``$TOKALIGN_EMBEDDERS`` or the usual place."""
    given = os.environ.get("TOKALIGN_EMBEDDERS")
    return Path(given) if given else user_config_path("tokalign") / "embedders.yaml"
