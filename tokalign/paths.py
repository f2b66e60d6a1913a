"""From what a user wrote to a path, with a clear error where it can be none."""

from __future__ import annotations

from pathlib import Path

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
