"""A folder that appears whole or not at all.

It is filled under a hidden name beside its place and renamed as the last act. What a killed process
left is cleared away by the next one that builds the same folder. One process builds at a time; a
small hidden lock file stays behind.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from tokalign.errors import TokalignError


@contextlib.contextmanager
def staging(out: Path) -> Iterator[Path]:
    """An empty folder beside `out`, to be filled and handed to `put_in_place`.

    It is removed at the end if it is still there.

    Raises:
        TokalignError: Another process builds the same folder.
        OSError: The place cannot be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     out = Path(folder, "index")
    ...     with staging(out) as made:
    ...         _ = (made / "a").write_text("whole")
    ...         put_in_place(made, out)
    ...     sorted(os.listdir(folder)), os.listdir(out)
    (['.index.lock', 'index'], ['a'])
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    made = out.with_name(f".{out.name}.new")
    try:
        with FileLock(out.with_name(f".{out.name}.lock"), timeout=0):
            _recover(out)
            shutil.rmtree(made, ignore_errors=True)
            made.mkdir()
            try:
                yield made
            finally:
                shutil.rmtree(made, ignore_errors=True)
    except Timeout as error:
        raise TokalignError(
            f"{out} is being built by another process; wait for it, or choose another folder"
        ) from error


def put_in_place(made: Path, out: Path) -> None:
    """Give a filled folder its name; the one that has it is removed once that is done.

    A folder cannot be replaced in one step. Where it fails between the two, the old one is put
    back; where the process is killed there, the next `staging` does it.

    Raises:
        OSError: It cannot be done; `out` is as it was.
    """
    old = _old(out)
    try:
        if out.exists():
            os.replace(out, old)
        os.replace(made, out)
    except BaseException:
        _recover(out)
        raise
    with contextlib.suppress(OSError):
        parent = os.open(out.parent, os.O_RDONLY)
        try:
            os.fsync(parent)
        finally:
            os.close(parent)
    shutil.rmtree(old, ignore_errors=True)


def _old(out: Path) -> Path:
    return out.with_name(f".{out.name}.old")


def _recover(out: Path) -> None:
    old = _old(out)
    if old.exists() and not out.exists():
        os.replace(old, out)
    shutil.rmtree(old, ignore_errors=True)
