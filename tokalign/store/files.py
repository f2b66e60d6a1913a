"""Files that appear whole or not at all, and that are never written twice.

Where the file system has no hard links, a name that is taken in the very moment between the look
and the renaming is overwritten (by a whole file).
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path


def write_once(path: Path, data: bytes) -> None:
    """Write a file whole, unless the name is taken; then it is left as it is.

    Args:
        path: The file, in a folder that exists.
        data: What goes into it.

    Raises:
        OSError: Where that is not possible; nothing is left behind.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a"
    ...     write_once(path, b"first")
    ...     write_once(path, b"second")
    ...     path.read_bytes(), os.listdir(folder)
    (b'first', ['a'])
    """
    temporary = path.parent / f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp"
    try:
        # Not tempfile, which would hide the entry from the other users of a shared store.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        with open(os.open(temporary, flags, 0o666), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            publish(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def publish(source: Path, path: Path) -> None:
    """Give a file its name, or raise FileExistsError; both names may stand afterwards."""
    try:
        os.link(source, path)
    except FileExistsError:
        raise
    except OSError:
        # No hard links here (FAT, some network disks). Any other trouble shows again below.
        if os.path.lexists(path):
            raise FileExistsError(path) from None
        os.replace(source, path)
    with contextlib.suppress(OSError):
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def reserve(path: Path) -> Path:
    """Make an empty file ``NAME.corrupt-N`` with the first free N."""
    number = 1
    while True:
        aside = path.with_name(f"{path.name}.corrupt-{number}")
        try:
            os.close(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        except FileExistsError:
            number += 1
        else:
            return aside
