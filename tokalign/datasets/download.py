"""Fetching a public file: bounded, checked against its digest where one is known, put in place
whole or not at all.

Beside each file a record `<file>.origin.json` keeps the URL and the sha256. Does not resume a
broken download and does not retry.
"""

from __future__ import annotations

import hashlib
import http.client
import importlib
import json
import os
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from tokalign.datasets.catalogue import Original
from tokalign.errors import TokalignError

TIMEOUT = 30.0  # seconds without a byte
_BLOCK = 2**18


def record_of(path: Path) -> Path:
    """Name the file that keeps where `path` was downloaded from."""
    return path.with_name(path.name + ".origin.json")


def fetch(original: Original, path: str, folder: Path) -> Path:
    """Download a public file into a data folder.

    Args:
        original: What to fetch; an archive is unpacked and then deleted.
        path: Where the wanted file lies inside the folder.
        folder: The data folder; made if it is missing.

    Returns:
        The path of the wanted file.

    Raises:
        TokalignError: If the server cannot be reached, sends too much or other bytes than
            expected, or the archive is broken, unsafe or lacks the wanted file.
    """
    if urlsplit(original.url).scheme not in ("http", "https"):
        raise TokalignError(f"{original.url}: only http and https addresses are fetched")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _temporary(folder) as partial:
            digest = _receive(original, partial)
            if original.members is None:
                _place(partial, folder / path, original.url, digest)
            else:
                _unpack(partial, original, original.members, folder)
    except OSError as error:
        reason = getattr(error, "reason", None) or error.strerror or error
        raise TokalignError(f"could not download {original.url}: {reason}") from None
    except http.client.HTTPException as error:
        raise TokalignError(f"could not download {original.url}: {error!r}") from None
    if not (folder / path).is_file():
        raise TokalignError(f"the archive {original.url} holds no {path}")
    return folder / path


@contextmanager
def _temporary(folder: Path) -> Iterator[Path]:
    handle, name = tempfile.mkstemp(prefix=".partial-", dir=folder)
    os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _receive(original: Original, target: Path) -> str:
    """Write the URL's bytes to a file and give their sha256; check the expected digest."""
    url, bound = original.url, original.max_bytes
    kind, _, expected = (original.digest or "sha256:").partition(":")
    sha256, check = hashlib.sha256(), hashlib.new(kind, usedforsecurity=False)
    request = Request(url, headers={"User-Agent": "tokalign"})
    with urlopen(request, timeout=TIMEOUT) as answer, target.open("wb") as out:
        length = answer.headers.get("Content-Length") or ""
        announced = int(length) if length.isdecimal() else 0
        if announced > bound:
            raise TokalignError(f"{url}: {announced} bytes, at most {bound} are taken")
        received = 0
        with _progress(announced, url) as bar:
            while block := answer.read(_BLOCK):
                received += len(block)
                if received > bound:
                    raise TokalignError(f"{url}: more than {bound} bytes, no more are taken")
                sha256.update(block)
                check.update(block)
                out.write(block)
                bar.update(len(block))
    if announced and received != announced:
        raise URLError(f"{received} of {announced} bytes came")
    if expected and check.hexdigest() != expected:
        raise TokalignError(
            f"{url}: {kind} {check.hexdigest()} instead of {expected}; the file was not kept"
        )
    return sha256.hexdigest()


def _progress(total: int, url: str) -> Any:
    """A progress bar on standard error where that is a terminal, else a silent one."""
    tqdm = importlib.import_module("tqdm").tqdm  # typed Any: tqdm ships no types
    return tqdm(
        total=total or None,
        unit="B",
        unit_scale=True,
        desc=urlsplit(url).path.rpartition("/")[2],
        file=sys.stderr,
        disable=not sys.stderr.isatty(),
    )


def _place(partial: Path, target: Path, url: str, digest: str) -> None:
    """Move a complete file to its place, its record first."""
    target.parent.mkdir(parents=True, exist_ok=True)
    record = {"url": url, "sha256": digest, "bytes": partial.stat().st_size}
    with _temporary(target.parent) as written:
        written.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        os.replace(written, record_of(target))
    os.replace(partial, target)


def _unpack(archive: Path, original: Original, members: Mapping[str, str], folder: Path) -> None:
    left = original.max_bytes
    try:
        with _opened(archive, original.url) as readers:
            for member, path in members.items():
                if member not in readers:
                    continue
                with _temporary(folder) as partial, readers[member]() as source:
                    digest = hashlib.sha256()
                    with partial.open("wb") as out:
                        while block := source.read(_BLOCK):
                            left -= len(block)
                            if left < 0:
                                raise TokalignError(
                                    f"{original.url}: unpacks to more than "
                                    f"{original.max_bytes} bytes; refused"
                                )
                            digest.update(block)
                            out.write(block)
                    url = f"{original.url}#{member}"
                    _place(partial, folder / path, url, digest.hexdigest())
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, RuntimeError) as error:
        raise TokalignError(f"{original.url}: not a sound archive ({error})") from None


@contextmanager
def _opened(archive: Path, url: str) -> Iterator[dict[str, Any]]:
    """Open an archive as {member: function that opens it}, regular files only."""
    if url.endswith(".zip"):
        with zipfile.ZipFile(archive) as zipped:
            names = zipped.namelist()
            _refuse_unsafe(names, url)
            yield {name: lambda name=name: zipped.open(name) for name in names}
    else:
        with tarfile.open(archive, "r:gz") as tarred:
            entries = tarred.getmembers()
            _refuse_unsafe([entry.name for entry in entries], url)
            yield {
                entry.name.removeprefix("./"): lambda entry=entry: _extracted(tarred, entry)
                for entry in entries
                if entry.isfile()
            }


def _extracted(tarred: tarfile.TarFile, entry: tarfile.TarInfo) -> IO[bytes]:
    source = tarred.extractfile(entry)
    assert source is not None  # regular files only come here
    return source


def _refuse_unsafe(names: list[str], url: str) -> None:
    """Refuse an archive that tries to write outside its folder, wanted or not."""
    for name in names:
        path = PurePosixPath(name.replace("\\", "/"))
        drive = path.parts[:1] and path.parts[0].endswith(":")
        if path.is_absolute() or ".." in path.parts or drive:
            raise TokalignError(f"{url}: the archive holds an unsafe path {name!r}; refused")
