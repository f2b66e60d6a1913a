from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokalign.store import Store, compute_sharded, content_key, sharded, texts_key

TEXTS = [f"text {'x' * number}" for number in range(11)]


def key_of(shard: Sequence[str]) -> str:
    return content_key(texts=texts_key(shard))


class Lengths:
    """A computation that counts its calls."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def __call__(self, shard: Sequence[str]) -> dict[str, Any]:
        self.calls.append(list(shard))
        lengths = np.array([len(text) for text in shard])
        # Layouts that do not come back from a file as they went in.
        return {
            "length": lengths.astype(">i4"),
            "powers": np.asfortranarray(lengths[:, None] ** np.arange(3.0)),
        }


@given(st.lists(st.text(max_size=2), max_size=20), st.integers(1, 25))
def test_shards_make_up_the_texts(texts: list[str], size: int) -> None:
    shards = list(sharded(texts, size))
    assert [text for _, shard in shards for text in shard] == texts
    assert all(texts[start : start + len(shard)] == shard for start, shard in shards)
    assert all(len(shard) == size for _, shard in shards[:-1])
    assert all(1 <= len(shard) <= size for _, shard in shards)


def test_shards_refuse_bad_arguments() -> None:
    with pytest.raises(ValueError, match="cannot hold 0 texts"):
        list(sharded(["a"], 0))
    with pytest.raises(TypeError, match="one string"):
        list(sharded("abc", 1))


@pytest.mark.parametrize("size", [1, 3, 11, 256])
def test_result_is_the_same_fresh_cached_resumed_and_without_store(store: Store, size: int) -> None:
    without = Lengths()
    expected = compute_sharded(TEXTS, key_of=key_of, compute=without, store=None, size=size)
    assert expected["length"].tolist() == [len(text) for text in TEXTS]
    assert expected["powers"].shape == (11, 3)
    # Half of the shards are there before.
    half = (len(TEXTS) // size + 1) // 2 * size
    before, resumed, cached = Lengths(), Lengths(), Lengths()
    if half <= len(TEXTS) and half:
        compute_sharded(TEXTS[:half], key_of=key_of, compute=before, store=store, size=size)
    results = [
        compute_sharded(TEXTS, key_of=key_of, compute=compute, store=store, size=size)
        for compute in (resumed, cached)
    ]
    assert before.calls + resumed.calls == without.calls
    assert cached.calls == []
    for result in results:
        assert list(result) == list(expected)
        for name, array in expected.items():
            assert array.dtype.isnative
            assert (result[name].dtype, result[name].strides) == (array.dtype, array.strides)
            assert result[name].tobytes() == array.tobytes()
            assert result[name].flags.writeable


def test_interrupt_loses_only_the_shard_in_work(store: Store) -> None:
    class Interrupted(Lengths):
        def __call__(self, shard: Sequence[str]) -> dict[str, Any]:
            if len(self.calls) == 3:
                raise KeyboardInterrupt
            return super().__call__(shard)

    with pytest.raises(KeyboardInterrupt):
        compute_sharded(TEXTS, key_of=key_of, compute=Interrupted(), store=store, size=2)
    rest = Lengths()
    compute_sharded(TEXTS, key_of=key_of, compute=rest, store=store, size=2)
    assert rest.calls == [list(shard) for _, shard in sharded(TEXTS, 2)][3:]


def test_damaged_shard_is_computed_again(store: Store) -> None:
    expected = compute_sharded(TEXTS, key_of=key_of, compute=Lengths(), store=store, size=4)
    (path,) = store.root.rglob(f"{key_of(TEXTS[4:8])}.safetensors")
    path.write_bytes(path.read_bytes()[:-1])
    again = Lengths()
    with pytest.warns(UserWarning, match="not intact"):
        result = compute_sharded(TEXTS, key_of=key_of, compute=again, store=store, size=4)
    assert again.calls == [TEXTS[4:8]]
    assert result["length"].tolist() == expected["length"].tolist()


def test_buffer_that_is_used_again(store: Store) -> None:
    buffer = np.zeros((2, 1))

    def compute(shard: Sequence[str]) -> dict[str, Any]:
        buffer[:, 0] = [len(text) for text in shard]
        return {"length": buffer}

    for where in (None, store):
        result = compute_sharded(TEXTS[:6], key_of=key_of, compute=compute, store=where, size=2)
        assert result["length"][:, 0].tolist() == [len(text) for text in TEXTS[:6]]


def test_progress_counts_texts(store: Store) -> None:
    for _ in ("computed", "stored"):
        seen: list[int] = []
        compute_sharded(
            TEXTS, key_of=key_of, compute=Lengths(), store=store, size=4, progress=seen.append
        )
        assert seen == [4, 4, 3]


def test_no_texts() -> None:
    with pytest.raises(ValueError, match="no texts"):
        compute_sharded([], key_of=key_of, compute=Lengths(), store=None)


@pytest.mark.parametrize("with_store", [False, True])
@pytest.mark.parametrize(
    ("second", "message"),
    [
        ({"x": np.zeros((1, 4))}, r"the shard at text 1: 'x' .*\(1, 4\).*\(1, 3\)"),
        ({"x": np.zeros((1, 3, 1))}, r"\(1, 3, 1\)"),
        ({"x": np.zeros((1, 3), dtype=np.float32)}, "float32 .* float64"),
        ({"y": np.zeros((1, 3))}, r"\['y'\].*\['x'\]"),
        ({"x": np.zeros(())}, "0-d"),
        ({}, "no arrays"),
    ],
)
def test_shards_that_do_not_fit(
    tmp_path: Path, second: dict[str, Any], message: str, with_store: bool
) -> None:
    store = Store(tmp_path) if with_store else None
    results = iter([{"x": np.zeros((1, 3))}, second])
    with pytest.raises(ValueError, match=message):
        compute_sharded(
            ["a", "b"], key_of=key_of, compute=lambda _: next(results), store=store, size=1
        )
    if store is not None:
        assert list(store.keys()) == [key_of(["a"])], "what does not fit is not kept"


@pytest.mark.parametrize("with_store", [False, True])
def test_types_that_are_not_stored_are_refused(tmp_path: Path, with_store: bool) -> None:
    store = Store(tmp_path) if with_store else None
    with pytest.raises(TypeError, match="'x'"):
        compute_sharded(["a"], key_of=key_of, compute=lambda _: {"x": np.array(["a"])}, store=store)
