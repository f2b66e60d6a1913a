"""Damage, races and failing disks, one step at a time; test_processes has the real ones."""

from __future__ import annotations

import errno
import os
import random
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tokalign.errors import TokalignError
from tokalign.store import Store, content_key
from tokalign.store.entry import decode

KEY = content_key(test="store")
ARRAYS = {"ids": np.arange(6, dtype=np.int32).reshape(2, 3), "logits": np.ones((2, 3), np.float32)}


def path_of(store: Store, key: str = KEY) -> Path:
    return store.root / key[:2] / f"{key}.safetensors"


def files(store: Store) -> list[str]:
    return sorted(path.name for path in store.root.rglob("*") if path.is_file())


def truncate(data: bytes, at: int) -> bytes:
    return data[:at]


def flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]


@pytest.mark.parametrize("damage", [truncate, flip])
@pytest.mark.parametrize("part", ["length", "header", "data"])
def test_damage_counts_as_missing_and_is_kept_aside(
    store: Store, damage: Callable[[bytes, int], bytes], part: str
) -> None:
    store.put(KEY, ARRAYS, {"k": 3})
    path = path_of(store)
    intact = path.read_bytes()
    header_end = 8 + int.from_bytes(intact[:8], "little")
    low, high = {"length": (0, 8), "header": (8, header_end), "data": (header_end, len(intact))}[
        part
    ]
    damaged = [damage(intact, at) for at in random.Random(0).sample(range(low, high), 4)]
    for number, blob in enumerate(damaged, start=1):
        path.write_bytes(blob)
        with pytest.warns(UserWarning, match=f"{KEY}.*not intact.*corrupt-{number} "):
            assert store.get(KEY) is None
        assert not path.exists()
        assert store.get(KEY) is None, "the second look is a plain miss"
        assert store.put(KEY, ARRAYS, {"k": 3}).meta == {"k": 3}
        assert path.read_bytes() == intact
    aside = [Path(f"{path}.corrupt-{n}").read_bytes() for n in range(1, len(damaged) + 1)]
    assert aside == damaged


def test_damage_is_mended_by_put(store: Store) -> None:
    path = path_of(store)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no entry")
    with pytest.warns(UserWarning, match="not intact"):
        store.put(KEY, ARRAYS, {})
    assert KEY in store
    assert Path(f"{path}.corrupt-1").read_bytes() == b"no entry"


def test_entry_under_another_name_counts_as_missing(store: Store) -> None:
    store.put(KEY, ARRAYS, {})
    other = content_key(test="other")
    path_of(store, other).parent.mkdir(exist_ok=True)
    path_of(store, other).write_bytes(path_of(store).read_bytes())
    with pytest.warns(UserWarning, match="another key"):
        assert other not in store


def test_warning_names_no_folder_of_the_machine(store: Store) -> None:
    store.put(KEY, ARRAYS, {})
    path_of(store).write_bytes(b"")
    with pytest.warns(UserWarning, match="not intact") as caught:
        store.get(KEY)
    assert str(store.root) not in str(caught[0].message)
    assert caught[0].filename == __file__, "the warning points at the caller"


def test_mended_entry_is_not_moved_aside(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reads damage; B moves it aside and puts an entry; only then A moves "the damage"."""
    store.put(KEY, ARRAYS, {})
    intact = path_of(store).read_bytes()
    path_of(store).write_bytes(b"damage")
    calls = []

    def decode_late(key: str, data: bytes) -> Any:
        calls.append(data)
        if len(calls) == 1:
            with pytest.warns(UserWarning, match="corrupt-1"):
                Store(store.root).put(KEY, ARRAYS, {})
        return decode(key, data)

    monkeypatch.setattr("tokalign.store.store.decode", decode_late)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert store.get(KEY) is None
    assert calls[0] == b"damage"
    assert path_of(store).read_bytes() == intact
    assert files(store) == [f"{KEY}.safetensors", f"{KEY}.safetensors.corrupt-1"]


def test_loser_of_a_race_returns_the_stored_entry(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def link_late(source: Path, path: Path) -> None:
        monkeypatch.setattr(os, "link", link)
        Store(store.root).put(KEY, ARRAYS, {"by": "rival"})
        link(source, path)

    monkeypatch.setattr(os, "link", link_late)
    assert store.put(KEY, ARRAYS, {"by": "us"}).meta == {"by": "rival"}
    assert files(store) == [f"{KEY}.safetensors"]


def test_file_system_without_hard_links(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: Path, path: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    assert store.put(KEY, ARRAYS, {"run": 1}).meta == {"run": 1}
    get = store.get
    # The look before the writing sees nothing yet, as in a race.
    monkeypatch.setattr(store, "get", lambda key: monkeypatch.setattr(store, "get", get))
    assert store.put(KEY, ARRAYS, {"run": 2}).meta == {"run": 1}
    assert files(store) == [f"{KEY}.safetensors"]


def test_root_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TokalignError, match="not a folder; set TOKALIGN_STORE"):
        Store(tmp_path / "file")
    store = Store(tmp_path / "file" / "below")
    message = r"file/below: Not a directory.*TOKALIGN_STORE"
    with pytest.raises(TokalignError, match=message):
        store.get(KEY)
    with pytest.raises(TokalignError, match=message):
        store.put(KEY, ARRAYS, {})


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_folder_without_permission(tmp_path: Path) -> None:
    store = Store(tmp_path / "shut" / "store")
    store.root.parent.mkdir(mode=0o500)
    with pytest.raises(TokalignError, match=r"shut/store: Permission denied.*TOKALIGN_STORE"):
        store.put(KEY, ARRAYS, {})
    assert store.get(KEY) is None


@pytest.mark.parametrize("step", ["open", "fsync"])
def test_failing_disk_leaves_nothing_behind(
    store: Store, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fail(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, step, fail)
        with pytest.raises(
            TokalignError, match=r"No space left on device.*TOKALIGN_STORE"
        ) as error:
            store.put(KEY, ARRAYS, {})
    assert str(store.root) in str(error.value)
    assert "\n" not in str(error.value)
    assert files(store) == []
    assert store.put(KEY, ARRAYS, {}).key == KEY
    with monkeypatch.context() as patch:
        patch.setattr(os, step, fail)
        assert store.put(KEY, ARRAYS, {}).key == KEY, "what is stored needs no disk space"


def test_interrupt_leaves_nothing_behind(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(file: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        store.put(KEY, ARRAYS, {})
    assert files(store) == []
