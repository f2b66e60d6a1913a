"""Keys of the results store: what a measurement depends on, as one sha256.

A key covers everything that can change the number: the texts, the model, the settings, the code
and the packages. It does not find out by itself what that is: the caller names the parts. Nor does
it see an edit of the source made after the process imported the code and before it took the
fingerprint.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import importlib.util
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

JSON: TypeAlias = "bool | int | float | str | Sequence[JSON] | Mapping[str, JSON] | None"

SOURCE_SUFFIXES = frozenset({".py", ".toml", ".yaml", ".yml", ".json"})


def canonical_json(value: JSON) -> str:
    """Write a value as JSON in the one form in which equal values have equal text.

    Keys are sorted, floats are written by ``repr``, strings stay as they are (no Unicode
    normalisation, no escapes: two lone surrogates and the character that they would make together
    stay apart). A tuple is written as a list. Infinities are written as Python's json does.

    Args:
        value: Built from str, int, float, bool, None, lists, tuples, and dicts with str keys.

    Returns:
        The text. It holds a lone surrogate where the value does.

    Raises:
        TypeError: For any other type. Subclasses (NumPy scalars, enumerations) are refused, since
            they may print differently from what they equal.
        ValueError: For NaN, which does not equal itself.

    >>> canonical_json({"k": 10, "alpha": 0.5, "names": ("b", "a")})
    '{"alpha":0.5,"k":10,"names":["b","a"]}'
    """
    _check(value, "value")
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _check(value: object, where: str) -> None:
    kind = type(value)
    if value is None or kind in (str, int, bool):
        return
    if isinstance(value, float) and kind is float:
        if math.isnan(value):
            raise ValueError(f"{where} is NaN, which cannot be part of a key")
    elif isinstance(value, list | tuple) and kind in (list, tuple):
        for position, item in enumerate(value):
            _check(item, f"{where}[{position}]")
    elif isinstance(value, dict) and kind is dict:
        for name, item in value.items():
            if type(name) is not str:
                raise TypeError(f"{where} has the key {name!r}; keys must be str")
            _check(item, f"{where}[{name!r}]")
    else:
        raise TypeError(
            f"{where} is a {kind.__module__}.{kind.__qualname__}; allowed are str, int, float, "
            "bool, None, list, tuple and dict (convert NumPy scalars with .item())"
        )


def content_key(**parts: JSON) -> str:
    """Make the key of a result from the parts that it depends on.

    Args:
        **parts: The parts by name; see `canonical_json` for what they may be. The order in which
            they are named does not matter.

    Returns:
        64 hexadecimal characters (sha256).

    Raises:
        TypeError: For a part of another type.
        ValueError: For NaN.

    >>> content_key(model="mini-gritlm", k=10) == content_key(k=10, model="mini-gritlm")
    True
    >>> content_key(k=10) == content_key(k=10.0)
    False
    """
    return hashlib.sha256(canonical_json(parts).encode("utf-8", "surrogatepass")).hexdigest()


def texts_key(texts: Sequence[str]) -> str:
    """Hash a list of texts in their order.

    Each text goes in behind its length, so that no two lists run into the same bytes.

    Args:
        texts: N texts; lone surrogates are allowed.

    Returns:
        64 hexadecimal characters (sha256).

    Raises:
        TypeError: For a single string, or an item that is no string.

    >>> texts_key(["ab", "c"]) == texts_key(["a", "bc"])
    False
    """
    if isinstance(texts, str):
        raise TypeError("texts is one string; give a list of strings")
    digest = hashlib.sha256(len(texts).to_bytes(8, "little"))
    for position, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"texts[{position}] is a {type(text).__name__}, not a str")
        _update(digest, text.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def source_fingerprint(*packages: str) -> str:
    """Hash the source of packages or modules, so that a changed line makes a new key.

    Covered are the files ending in .py, .toml, .yaml, .yml and .json below each package, with
    their names. Nothing is imported but the parents. The answer is kept for the life of the
    process, as the imported code is.

    Args:
        *packages: Dotted names, such as ``"tokalign.embedders"``; their order does not matter.

    Returns:
        64 hexadecimal characters (sha256).

    Raises:
        ModuleNotFoundError: For a name that cannot be found.
        ValueError: For no name at all, or a package without source files: such a fingerprint
            would never change.

    >>> len(source_fingerprint("tokalign.store"))
    64
    """
    if not packages:
        raise ValueError("source_fingerprint needs the name of at least one package")
    return _fingerprint(tuple(sorted(set(packages))))


@functools.cache
def _fingerprint(packages: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for package in packages:
        files = sorted(_source_files(package))
        if not files:
            raise ValueError(f"{package} has no source files to take a fingerprint of")
        for name, path in files:
            _update(digest, f"{package}/{name}".encode("utf-8", "surrogatepass"))
            _update(digest, path.read_bytes())
    return digest.hexdigest()


def _source_files(package: str) -> Iterator[tuple[str, Path]]:
    """Yield each source file of a package or module, with its name relative to it."""
    spec = importlib.util.find_spec(package)
    if spec is None:
        raise ModuleNotFoundError(f"No module named {package!r}", name=package)
    if spec.submodule_search_locations is None:
        if spec.has_location and spec.origin is not None:
            path = Path(spec.origin)
            yield path.name, path
        return
    for folder in map(Path, spec.submodule_search_locations):
        for path in folder.rglob("*"):
            name = path.relative_to(folder)
            # Hidden folders are an editor's or a notebook server's, never the package's.
            hidden = any(part.startswith(".") for part in name.parts)
            if path.suffix in SOURCE_SUFFIXES and not hidden and path.is_file():
                yield name.as_posix(), path


def environment_versions(*names: str) -> dict[str, str | None]:
    """Look up the installed versions of distributions, without importing them.

    Args:
        *names: Names as on the package index.

    Returns:
        Name to version, None for what is not installed.

    >>> environment_versions("no-such-distribution")
    {'no-such-distribution': None}
    """
    return {name: _version(name) for name in names}


@functools.cache
def _version(name: str) -> str | None:
    """Kept for the life of the process, as the imported code is: a look takes milliseconds."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _update(digest: hashlib._Hash, data: bytes) -> None:
    digest.update(len(data).to_bytes(8, "little"))
    digest.update(data)
