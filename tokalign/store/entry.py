"""One entry of the results store, and the bytes that it is kept as.

The bytes are a safetensors file, so any tool of that format reads the arrays. The metadata of the
file holds one item, a JSON record of the key, the caller's notes and a checksum over all of it.
Equal entries have equal bytes. No pickle, hence no strings, objects or dates; no bfloat16 and no
complex numbers either. Masks of masked arrays would be lost, so those are refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors import numpy as safetensors_numpy

from tokalign.store.keys import JSON, canonical_json

Array: TypeAlias = npt.NDArray[Any]

DTYPES = frozenset(
    {"bool", "float16", "float32", "float64"}
    | {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
)
FORMAT = 1
# One item only: safetensors does not promise the order of several.
RECORD = "tokalign"
RESERVED = "__metadata__"


class CorruptEntryError(ValueError):
    """The bytes are not the intact entry of the key that was asked for."""


@dataclass(frozen=True, eq=False)
class Entry:
    """A stored result.

    Attributes:
        key: The content key, 64 hexadecimal characters.
        arrays: The arrays by name, in the order of the names. They are the caller's own, fresh
            from the file and writable; changing them does not change the store.
        meta: The caller's notes as they were read back: tuples have become lists.
    """

    key: str
    arrays: dict[str, Array]
    meta: dict[str, Any]


def plain_arrays(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Bring arrays to the form in which they come back: C order, native bytes, sorted by name.

    Args:
        arrays: Arrays by name, of any shape (0-d and empty ones too).

    Returns:
        The same values; an array that is in this form already is not copied.

    Raises:
        TypeError: For what is no array, or an array of another type than bool, (u)int8 to
            (u)int64, float16 to float64.
        ValueError: For a name that cannot be stored.

    >>> plain_arrays({"ids": np.arange(3, dtype=">i4")})["ids"].dtype.isnative
    True
    """
    for name in arrays:
        if not isinstance(name, str):
            raise TypeError(f"the array name {name!r} is not a str")
        if name == RESERVED:
            raise ValueError(f"the array name {name!r} is taken by the file format")
        _refuse_surrogates(name, "array name")
    return {name: _plain(name, arrays[name]) for name in sorted(arrays)}


def _plain(name: str, array: Array) -> Array:
    if not isinstance(array, np.ndarray) or isinstance(array, np.ma.MaskedArray):
        raise TypeError(f"{name!r} is a {type(array).__name__}; only plain NumPy arrays are stored")
    # A sub-array or a record type has no name in DTYPES, so it is refused here as well.
    if array.dtype.name not in DTYPES:
        allowed = ", ".join(sorted(DTYPES))
        raise TypeError(f"{name!r} has the type {array.dtype}; allowed are {allowed}")
    # Not ascontiguousarray, which would make a 0-d array 1-d.
    return np.asarray(array, dtype=array.dtype.newbyteorder("="), order="C")


def encode(key: str, arrays: Mapping[str, Array], meta: Mapping[str, JSON]) -> bytes:
    """Write an entry as the bytes of a safetensors file.

    Args:
        key: The content key.
        arrays: Arrays by name; see `plain_arrays`.
        meta: Notes to keep beside them; see `tokalign.store.keys.canonical_json`.

    Returns:
        The bytes; the same for the same arguments.

    Raises:
        TypeError: For arrays or notes of types that are not stored.
        ValueError: For NaN or a lone surrogate in the notes, or a name that cannot be stored.
    """
    plain = plain_arrays(arrays)
    notes = canonical_json(dict(meta))
    _refuse_surrogates(notes, "meta")
    record = {
        "format": FORMAT,
        "key": key,
        "meta": json.loads(notes),
        "sha256": _checksum(key, plain, notes),
    }
    return safetensors_numpy.save(plain, metadata={RECORD: canonical_json(record)})


def decode(key: str, data: bytes | bytearray) -> Entry:
    """Read an entry from the bytes that `encode` gave, and check that they are intact.

    Args:
        key: The content key that the entry should have.
        data: The whole file.

    Returns:
        The entry.

    Raises:
        CorruptEntryError: For anything but an intact entry of this key and format.

    >>> data = encode("0" * 64, {"ids": np.array([3, 1])}, {"k": 2})
    >>> entry = decode("0" * 64, data)
    >>> entry.arrays["ids"].tolist(), entry.meta
    ([3, 1], {'k': 2})
    """
    try:
        loaded = safetensors_numpy.load(bytes(data))
        header_size = int.from_bytes(data[:8], "little")
        text = json.loads(data[8 : 8 + header_size])[RESERVED][RECORD]
        record = json.loads(text)
        version, stored_key, meta = record["format"], record["key"], record["meta"]
        if version != FORMAT:
            raise CorruptEntryError(f"format {version!r}, expected {FORMAT}")
        if stored_key != key:
            raise CorruptEntryError("it holds another key")
        arrays = plain_arrays(loaded)
        if not isinstance(meta, dict) or record["sha256"] != _checksum(
            key, arrays, canonical_json(meta)
        ):
            raise CorruptEntryError("its checksum does not agree")
    except CorruptEntryError:
        raise
    # What safetensors, json and the look-ups raise on bytes that are no such file.
    except (SafetensorError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise CorruptEntryError(f"it cannot be read ({error})") from error
    # Whether safetensors gives views of the bytes or copies is its own affair.
    owned = {
        name: array if array.flags.writeable else array.copy() for name, array in arrays.items()
    }
    return Entry(key, owned, meta)


def _checksum(key: str, arrays: Mapping[str, Array], notes: str) -> str:
    """Hash the names, types, shapes and bytes of arrays, with the key and the notes."""
    layout = [[name, array.dtype.name, list(array.shape)] for name, array in arrays.items()]
    digest = hashlib.sha256()
    for part in (key, notes, canonical_json(layout)):
        raw = part.encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(8, "little"))
        digest.update(raw)
    for array in arrays.values():
        # The lengths follow from the layout. Little-endian, as in the file.
        little = np.asarray(array, dtype=array.dtype.newbyteorder("<"))
        digest.update(little.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _refuse_surrogates(text: str, what: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError(f"{what} {text[:60]!r} holds a lone surrogate") from None
