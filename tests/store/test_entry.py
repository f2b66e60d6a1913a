from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import safetensors
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tokalign.store.entry import DTYPES, CorruptEntryError, decode, encode, plain_arrays

KEY = "0f" * 32
names = st.text(st.characters(codec="utf-8"), max_size=8).filter(lambda n: n != "__metadata__")
dtypes = st.builds(
    lambda name, order: np.dtype(name).newbyteorder(order),
    st.sampled_from(sorted(DTYPES)),
    st.sampled_from("<>"),
)
arrays = hnp.arrays(
    dtypes, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3), fill=st.nothing()
)
notes = st.dictionaries(
    names,
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | names,
    max_size=3,
)


def assert_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Equal to the last bit: names, types, shapes, and values (NaN and -0.0 too)."""
    assert one.keys() == other.keys()
    for name, array in one.items():
        wanted = other[name].astype(other[name].dtype.newbyteorder("="))
        assert (array.dtype, array.shape) == (wanted.dtype, wanted.shape)
        assert array.tobytes() == wanted.tobytes()


@given(st.dictionaries(names, arrays, max_size=3), notes)
@settings(deadline=None)
def test_round_trip(stored: dict[str, Any], meta: dict[str, Any]) -> None:
    data = encode(KEY, stored, meta)
    entry = decode(KEY, data)
    assert_same(entry.arrays, stored)
    assert entry.meta == meta
    assert entry.key == KEY
    assert all(a.dtype.isnative and a.flags.c_contiguous for a in entry.arrays.values())
    # The same bytes whatever the order in which things were named.
    backwards = dict(reversed(stored.items()))
    assert encode(KEY, backwards, dict(reversed(meta.items()))) == data


@pytest.mark.parametrize(
    "array",
    [
        np.arange(24, dtype=np.float32).reshape(4, 6)[::2, ::-1],
        np.asfortranarray(np.arange(6, dtype=np.int64).reshape(2, 3)),
        np.arange(6, dtype=">f8").reshape(2, 3).T,
        np.broadcast_to(np.float32(1.5), (3, 2)),
        np.array(True),
        np.zeros((0, 5), dtype=np.float16),
    ],
    ids=["strided", "fortran", "big-endian", "broadcast", "0-d", "empty"],
)
def test_layouts(array: Any) -> None:
    entry = decode(KEY, encode(KEY, {"x": array}, {}))
    np.testing.assert_array_equal(entry.arrays["x"], array, strict=array.dtype.isnative)


def test_arrays_are_the_callers_own() -> None:
    data = encode(KEY, {"x": np.arange(3)}, {})
    entry = decode(KEY, data)
    entry.arrays["x"][0] = 7
    assert decode(KEY, data).arrays["x"].tolist() == [0, 1, 2]


def test_any_safetensors_reader_can_read_it() -> None:
    data = encode(KEY, {"x": np.arange(3, dtype=np.float32)}, {"k": 2})
    reader: Any = safetensors
    ((name, tensor),) = reader.deserialize(data)
    assert (name, tensor["dtype"], tensor["shape"]) == ("x", "F32", [3])


@pytest.mark.parametrize(
    "array",
    [
        np.array(["a"]),
        np.array(["a", None], dtype=object),
        np.array([b"a"]),
        np.array([1j]),
        np.zeros(1, dtype="datetime64[s]"),
        np.zeros(1, dtype=[("a", "i4")]),
        np.zeros(1, dtype=np.longdouble),
        np.ma.masked_array([1.0, 2.0], mask=[True, False]),
        [1, 2],
        1.5,
    ],
    ids=repr,
)
def test_what_is_not_stored_is_refused(array: Any) -> None:
    with pytest.raises(TypeError, match="'x'"):
        plain_arrays({"x": array})


def test_bad_names_and_notes_are_refused() -> None:
    one = np.zeros(1)
    with pytest.raises(ValueError, match="taken by the file format"):
        encode(KEY, {"__metadata__": one}, {})
    with pytest.raises(ValueError, match="surrogate"):
        encode(KEY, {"\ud800": one}, {})
    with pytest.raises(TypeError, match="not a str"):
        encode(KEY, {1: one}, {})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="surrogate"):
        encode(KEY, {"x": one}, {"text": "\ud800"})
    with pytest.raises(ValueError, match="NaN"):
        encode(KEY, {"x": one}, {"value": float("nan")})
    with pytest.raises(TypeError, match="float64"):
        encode(KEY, {"x": one}, {"value": np.float64(1)})


SMALL = encode(KEY, {"ids": np.arange(4, dtype=np.int32), "ok": np.array(True)}, {"k": 2})
HEADER_END = 8 + int.from_bytes(SMALL[:8], "little")


def test_every_truncation_is_found() -> None:
    for length in range(len(SMALL)):
        with pytest.raises(CorruptEntryError):
            decode(KEY, SMALL[:length])
    with pytest.raises(CorruptEntryError):
        decode(KEY, SMALL + b"\0")


def test_every_flipped_bit_is_found() -> None:
    missed = []
    for position in range(len(SMALL)):
        for bit in range(8):
            data = bytearray(SMALL)
            data[position] ^= 1 << bit
            try:
                decode(KEY, data)
            except CorruptEntryError:
                continue
            missed.append((position, bit))
    assert missed == []


@given(st.binary(max_size=200))
def test_foreign_bytes_are_found(data: bytes) -> None:
    for foreign in (data, len(data).to_bytes(8, "little") + data):
        with pytest.raises(CorruptEntryError):
            decode(KEY, foreign)


def test_entry_of_another_key_is_found() -> None:
    with pytest.raises(CorruptEntryError, match="another key"):
        decode("1f" * 32, SMALL)


def test_plain_safetensors_file_is_found() -> None:
    from safetensors.numpy import save

    for metadata in (None, {"tokalign": "[]"}, {"tokalign": "{}"}, {"tokalign": "{"}):
        with pytest.raises(CorruptEntryError):
            decode(KEY, save({"x": np.zeros(1)}, metadata=metadata))
