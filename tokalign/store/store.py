"""The results store: a folder of entries, each found by its content key, each written once.

An entry is one file, ``root/ab/abcdef....safetensors``. It appears whole or not at all, and an
intact one is never written again; so processes may share a store, and one that is killed loses
only what it was computing. A file that is not intact is moved aside and counts as missing. There is
no expiry, no limit on size and no index; a folder that nobody needs any more is deleted by hand.
On a file system without hard links, two processes that finish the same key in the same moment may
replace one another's (intact) entry.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

import platformdirs

from tokalign.errors import TokalignError
from tokalign.paths import user_path
from tokalign.store.entry import Array, CorruptEntryError, Entry, decode, encode
from tokalign.store.files import publish, reserve, write_once
from tokalign.store.keys import JSON

KEY = re.compile(r"[0-9a-f]{64}")
SUFFIX = ".safetensors"
STALE_SECONDS = 24 * 60 * 60
ATTEMPTS = 10


class Store:
    """A results store in a folder, which is made when the first entry is put.

    Args:
        root: The folder.

    Raises:
        TokalignError: For a root that is a file.

    >>> import tempfile
    >>> import numpy as np
    >>> folder = tempfile.TemporaryDirectory()
    >>> store = Store(Path(folder.name))
    >>> store.get("ab" * 32) is None
    True
    >>> entry = store.put("ab" * 32, {"ids": np.array([3, 1])}, {"k": 2})
    >>> store.get("ab" * 32).arrays["ids"].tolist()
    [3, 1]
    >>> folder.cleanup()
    """

    def __init__(self, root: Path) -> None:
        # Absolute, so that a later change of the working folder does not move the store.
        self.root = user_path(str(root)).absolute()
        self._swept = False
        if os.path.lexists(self.root) and not os.path.isdir(self.root):
            raise TokalignError(
                f"the results store {self.root} is not a folder; set TOKALIGN_STORE to a folder"
            )

    def __repr__(self) -> str:
        return f"Store({str(self.root)!r})"

    def get(self, key: str) -> Entry | None:
        """Read an entry and check it.

        A file that is truncated, altered or another key's is moved aside to ``NAME.corrupt-N``
        with a warning, and counts as missing.

        Args:
            key: 64 lower-case hexadecimal characters.

        Returns:
            The entry, with arrays of the caller's own (fresh and writable), or None.

        Raises:
            ValueError: For what is no key.
            TokalignError: For a file that cannot be read.
        """
        path = self._path(key)
        try:
            with open(path, "rb") as file:
                status = os.fstat(file.fileno())
                data = file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._failure("read", error) from error
        try:
            return decode(key, data)
        except CorruptEntryError as error:
            self._move_aside(path, (status.st_dev, status.st_ino), str(error))
            return None

    def put(self, key: str, arrays: Mapping[str, Array], meta: Mapping[str, JSON]) -> Entry:
        """Write an entry, unless an intact one is there already.

        Args:
            key: 64 lower-case hexadecimal characters.
            arrays: Arrays by name: bool, integers, or floats of 16 to 64 bits; any shape.
            meta: Notes to keep with them (JSON).

        Returns:
            The entry as it is stored: where another process was first, that process's.

        Raises:
            ValueError: For what is no key, or NaN in the notes.
            TypeError: For arrays or notes of types that are not stored.
            TokalignError: For a folder that cannot be written, such as when the disk is full.
        """
        path = self._path(key)
        data = encode(key, arrays, meta)
        stored = self.get(key)
        if stored is not None:
            return stored
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._sweep()
            for _ in range(ATTEMPTS):
                write_once(path, data)
                stored = self.get(key)
                # None: what stood there was not intact, and has just been moved aside.
                if stored is not None:
                    return stored
        except OSError as error:
            raise self._failure("write", error) from error
        raise TokalignError(
            f"the results store {self.root} does not keep {path.name}; set TOKALIGN_STORE to a "
            "folder on another disk"
        )

    def __contains__(self, key: object) -> bool:
        """Say whether an intact entry is there. It is read whole for that: prefer `get`."""
        return isinstance(key, str) and bool(KEY.fullmatch(key)) and self.get(key) is not None

    def keys(self) -> Iterator[str]:
        """Yield the keys of the entries in sorted order, without reading the files.

        Raises:
            TokalignError: For a folder that cannot be read.
        """
        try:
            paths = sorted(self.root.glob(f"??/*{SUFFIX}"))
        except OSError as error:
            raise self._failure("read", error) from error
        for path in paths:
            key = path.name.removesuffix(SUFFIX)
            if KEY.fullmatch(key) and path.parent.name == key[:2]:
                yield key

    def _path(self, key: str) -> Path:
        if not isinstance(key, str) or not KEY.fullmatch(key):
            raise ValueError(f"{key!r} is no key: 64 lower-case hexadecimal characters are")
        return self.root / key[:2] / f"{key}{SUFFIX}"

    def _failure(self, action: str, error: OSError) -> TokalignError:
        reason = error.strerror or str(error)
        return TokalignError(
            f"cannot {action} the results store {self.root}: {reason}; mend that, or set "
            "TOKALIGN_STORE to another folder"
        )

    def _move_aside(self, path: Path, identity: tuple[int, int], reason: str) -> None:
        """Move a bad file to a free name beside it; leave alone a good one that replaced it."""
        # Relative: a warning may end up on a published page.
        name = path.relative_to(self.root).as_posix()
        try:
            aside = reserve(path)
            try:
                os.replace(path, aside)
            except BaseException:
                aside.unlink(missing_ok=True)
                raise
            status = os.stat(aside)
            if (status.st_dev, status.st_ino) != identity:
                # Another process has mended the entry since it was read: give it back.
                with contextlib.suppress(FileExistsError):
                    publish(aside, path)
                    aside.unlink(missing_ok=True)
                return
            outcome = f"it was moved to {aside.name} and will be computed again"
        except FileNotFoundError:
            return  # Another process was first to move it.
        except OSError as error:
            outcome = f"it could not be moved aside ({error.strerror})"
        warnings.warn(f"results store: {name} is not intact: {reason}; {outcome}", stacklevel=3)

    def _sweep(self) -> None:
        """Remove, once for each Store, the temporary files that killed processes left."""
        if self._swept:
            return
        self._swept = True
        limit = time.time() - STALE_SECONDS
        for path in self.root.glob("??/.*.tmp"):
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < limit:
                    path.unlink()


def default_store() -> Store:
    """Open the store in ``$TOKALIGN_STORE``, or else in the user's cache folder.

    Raises:
        TokalignError: For a path that is a file.
    """
    folder = os.environ.get("TOKALIGN_STORE")
    return Store(Path(folder) if folder else platformdirs.user_cache_path("tokalign") / "store")
