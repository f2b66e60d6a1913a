"""Where a public data set is looked for: data folder, cache folder, network, in this order.

The data folder is the one that the environment variable TOKALIGN_DATA names (`stsb/`, `sick/`,
`beir/NAME/` ... inside it); the cache folder is the user's own. With HF_HUB_OFFLINE=1 or
TOKALIGN_OFFLINE=1 the network is left alone. Does not parse anything.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from tokalign.datasets.catalogue import DataSet
from tokalign.datasets.download import fetch, record_of
from tokalign.datasets.files import Document, read_document
from tokalign.errors import TokalignError
from tokalign.paths import user_path

OFFLINE_VARIABLES = ("TOKALIGN_OFFLINE", "HF_HUB_OFFLINE")


@dataclass(frozen=True)
class Located:
    """A file on this machine.

    Attributes:
        path: Where it lies.
        source: The URL that it was downloaded from, else its path.
        sha256: What its bytes were when it was downloaded, else None.
    """

    path: Path
    source: str
    sha256: str | None = None

    def check(self, sha256: str) -> str:
        """Give the digest back.

        Raises:
            TokalignError: If a downloaded file has changed since.
        """
        if self.sha256 not in (None, sha256):
            raise TokalignError(f"{self.path} has changed since its download: delete it")
        return sha256

    def read(self) -> Document:
        """Read it as UTF-8, see `files.read_document`."""
        document = read_document(self.path)
        self.check(document.sha256)
        return document


def data_folder() -> Path | None:
    """Give the folder that TOKALIGN_DATA names, None where it is not set.

    Raises:
        TokalignError: If it is set and is no folder.
    """
    value = os.environ.get("TOKALIGN_DATA", "")
    if not value:
        return None
    folder = user_path(value)
    if not folder.is_dir():
        raise TokalignError(f"TOKALIGN_DATA={value} is no folder; name the folder of the data sets")
    return folder


def cache_folder() -> Path:
    """Give the user's cache folder for data sets (it need not exist)."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("tokalign")) / "datasets"


def folders() -> list[Path]:
    """List the folders to look in, the data folder first."""
    own = data_folder()
    return [*([own] if own else []), cache_folder()]


def offline() -> str | None:
    """Name the variable that forbids the network, None where none does."""
    for name in OFFLINE_VARIABLES:
        if os.environ.get(name, "").strip().upper() in ("1", "ON", "YES", "TRUE"):
            return name
    return None


def locate(data: DataSet, key: str) -> Located:
    """Find one file of a data set, downloading it where that is possible and allowed.

    Args:
        data: The set, from the catalogue.
        key: Which of its files.

    Returns:
        The file and its origin.

    Raises:
        TokalignError: If it is nowhere; the message says where to put it.
    """
    file = data.files[key]
    for folder in folders():
        path = folder / file.path
        if path.is_file():
            return _located(path)
    forbidding = offline()
    if file.original is None:
        reason = "there is no public file to download"
    elif forbidding:
        reason = f"{forbidding} forbids the download"
    else:
        try:
            path = fetch(file.original, file.path, cache_folder())
        except TokalignError as error:
            raise _missing(data, file.path, str(error)) from None
        return _located(path)
    raise _missing(data, file.path, reason)


def _missing(data: DataSet, path: str, reason: str) -> TokalignError:
    return TokalignError(
        f"data set {data.name!r} is not on this machine and {reason}: set TOKALIGN_DATA to a "
        f"folder that holds {path} (public original: {data.home})"
    )


def _located(path: Path) -> Located:
    try:
        record = json.loads(record_of(path).read_text(encoding="utf-8"))
        return Located(path, str(record["url"]), str(record["sha256"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Located(path, str(path))
