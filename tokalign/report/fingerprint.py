"""The key of an executed chapter: equal keys, equal pages.

Everything that a page depends on goes in: the notebook, its parameters, the package, the data
folder, the installed versions, files that a parameter names, and the user's own registry entries
with the folders that they name. What it does NOT see: models outside the project that are named by
a hub id (their revision is pinned in the registry, which is part of the package), other environment
variables, and the hardware.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

from tokalign.paths import user_registry

# Above this a file named by a parameter goes in by size and time, since model folders are large.
_READ_LIMIT = 64 * 2**20
_SKIP = {"__pycache__", ".ipynb_checkpoints", ".git"}


def project_fingerprint(project: Path, package: Path | None = None) -> str:
    """Fingerprint what every chapter shares: package, data folder, versions.

    Args:
        project: The folder with the book's sources; its `data/` may be missing.
        package: The folder with the package's files; by default that of the running one.

    Returns:
        A sha256, 64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for folder in (package or Path(__file__).resolve().parents[1], project / "data"):
        for path in _files(folder):
            _add(digest, path.relative_to(folder).as_posix(), _file_digest(path))
    _add(digest, "versions", json.dumps(_versions()))
    return digest.hexdigest()


def chapter_key(notebook: Path, parameters: Mapping[str, object], shared: str) -> str:
    """Make the key of one execution.

    Args:
        notebook: The chapter's file, as stored.
        parameters: The values that differ from the chapter's defaults.
        shared: The result of `project_fingerprint`.

    Returns:
        A sha256, 64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    _add(digest, "notebook", _file_digest(notebook))
    _add(digest, "parameters", json.dumps(dict(parameters), sort_keys=True, default=repr))
    _add(digest, "project", shared)
    entries = _user_entries()
    for value in parameters.values():
        for part in value.split(",") if isinstance(value, str) else ():
            _add_named_file(digest, Path(part.strip()))
            if (entry := entries.get(part.strip())) is not None:
                _add(digest, json.dumps(entry, sort_keys=True, default=repr))
                for place in _strings(entry):
                    _add_named_file(digest, Path(place))
    return digest.hexdigest()


def _user_entries() -> Mapping[str, object]:
    """The user's registry as it is written: read here without the model libraries."""
    path = user_registry()
    try:
        entries = yaml.safe_load(path.read_text("utf-8")) if path.is_file() else None
    except (OSError, ValueError, yaml.YAMLError):
        return {}  # whoever reads it for its entries tells what is wrong with it
    return entries if isinstance(entries, dict) else {}


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)


def _add(digest: hashlib._Hash, *parts: str) -> None:
    # Length first, so that ("ab", "c") and ("a", "bc") differ.
    for part in parts:
        raw = part.encode("utf8")
        digest.update(f"{len(raw)}:".encode() + raw)


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not _SKIP.intersection(path.relative_to(folder).parts):
            yield path


def _file_digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _add_named_file(digest: hashlib._Hash, path: Path) -> None:
    # Only an absolute path: a bare name may be that of an embedder as well as of a file here.
    # A text of the user's may be too long for a path, or hold what none can.
    with contextlib.suppress(OSError, ValueError):
        if path.is_absolute() and path.exists():
            _add_contents(digest, path)


def _add_contents(digest: hashlib._Hash, path: Path) -> None:
    for file in _files(path) if path.is_dir() else [path]:
        stat = file.stat()
        small = stat.st_size <= _READ_LIMIT
        _add(
            digest, str(file), _file_digest(file) if small else f"{stat.st_size} {stat.st_mtime_ns}"
        )


def _versions() -> list[str]:
    found = {f"{d.name}=={d.version}" for d in importlib.metadata.distributions() if d.name}
    return [platform.python_version(), *sorted(found)]
