from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tokalign.store import Store, content_key, default_store

KEY = content_key(test="store")
ARRAYS = {"ids": np.arange(6, dtype=np.int32).reshape(2, 3), "logits": np.ones((2, 3), np.float32)}


def path_of(store: Store, key: str = KEY) -> Path:
    return store.root / key[:2] / f"{key}.safetensors"


def files(store: Store) -> list[str]:
    return sorted(path.name for path in store.root.rglob("*") if path.is_file())


def test_put_and_get(store: Store) -> None:
    assert store.get(KEY) is None
    assert KEY not in store
    put = store.put(KEY, ARRAYS, {"k": 3, "shape": (2, 3)})
    got = Store(store.root).get(KEY)
    assert got is not None
    for entry in (put, got):
        assert entry.key == KEY
        assert entry.meta == {"k": 3, "shape": [2, 3]}
        assert entry.arrays.keys() == ARRAYS.keys()
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(entry.arrays[name], array, strict=True)
    assert KEY in store
    assert files(store) == [f"{KEY}.safetensors"]


def test_bytes_do_not_depend_on_the_store(tmp_path: Path) -> None:
    blobs = set()
    for name in "abc":
        store = Store(tmp_path / name)
        store.put(KEY, ARRAYS, {"b": 1, "a": 2, "c": "é"})
        blobs.add(path_of(store).read_bytes())
    assert len(blobs) == 1


def test_intact_entry_is_never_written_again(store: Store) -> None:
    store.put(KEY, ARRAYS, {"run": 1})
    before = path_of(store).stat()
    second = store.put(KEY, {"other": np.zeros(1)}, {"run": 2})
    after = path_of(store).stat()
    assert second.meta == {"run": 1}
    assert second.arrays.keys() == ARRAYS.keys()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_entries_can_be_changed_without_changing_the_store(store: Store) -> None:
    store.put(KEY, ARRAYS, {}).arrays["ids"][:] = 9
    entry = store.get(KEY)
    assert entry is not None
    assert entry.arrays["ids"].tolist() == ARRAYS["ids"].tolist()


def test_keys(store: Store) -> None:
    assert list(store.keys()) == []
    keys = sorted(content_key(i=i) for i in range(5))
    for key in keys:
        store.put(key, {}, {})
    folder = path_of(store, keys[0]).parent
    for name in [f".{KEY}.safetensors.1-a.tmp", f"{KEY}.safetensors.corrupt-1", "x.safetensors"]:
        (folder / name).write_bytes(b"")
    (store.root / "zz").mkdir()
    (store.root / "zz" / f"{KEY}.safetensors").write_bytes(b"")
    assert list(store.keys()) == keys


@pytest.mark.parametrize(
    "key",
    ["", "ab", "../" * 21 + "a", "/" + "a" * 63, "A" * 64, "a" * 65, "a" * 64 + "\n", "é" * 64],
)
def test_bad_keys_are_refused(store: Store, key: str) -> None:
    with pytest.raises(ValueError, match="is no key"):
        store.get(key)
    with pytest.raises(ValueError, match="is no key"):
        store.put(key, ARRAYS, {})
    assert key not in store
    assert not store.root.exists()


def test_what_is_no_key_is_not_contained(store: Store) -> None:
    assert 3 not in store


def test_default_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKALIGN_STORE", str(tmp_path / "here"))
    assert default_store().root == tmp_path / "here"
    monkeypatch.setenv("TOKALIGN_STORE", "")
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / name)
    assert default_store().root == tmp_path / "tokalign" / "store"


def test_root_stays_when_the_working_folder_moves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = Store(Path("store"))
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    store.put(KEY, ARRAYS, {})
    assert (tmp_path / "store").is_dir()


def test_old_temporary_files_are_swept(store: Store) -> None:
    store.put(KEY, ARRAYS, {})
    old, young = (path_of(store).parent / f".{KEY}.safetensors.{n}-a.tmp" for n in (1, 2))
    for path in (old, young):
        path.write_bytes(b"half")
    day_ago = old.stat().st_mtime - 25 * 60 * 60
    os.utime(old, (day_ago, day_ago))
    assert list(store.keys()) == [KEY]
    Store(store.root).put(content_key(test="next"), {}, {})
    assert not old.exists()
    assert young.exists()
