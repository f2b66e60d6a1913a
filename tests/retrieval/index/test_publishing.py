"""A folder appears whole or not at all, and nothing is lost on the way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from filelock import FileLock

from tokalign.errors import TokalignError
from tokalign.retrieval.index.publishing import put_in_place, staging


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "place" / "index"


def publish(out: Path, text: str) -> None:
    with staging(out) as made:
        assert list(made.iterdir()) == []
        (made / "a").write_text(text)
        put_in_place(made, out)


def beside(out: Path) -> set[str]:
    return set(os.listdir(out.parent)) - {f".{out.name}.lock"}


def test_published_and_replaced(out: Path) -> None:
    for text in ("one", "two"):
        publish(out, text)
        assert (out / "a").read_text() == text
        assert beside(out) == {"index"}


@pytest.mark.parametrize("error", [OSError("full"), KeyboardInterrupt()])
def test_an_error_leaves_what_was_there(out: Path, error: BaseException) -> None:
    publish(out, "one")

    def fail(_: Path) -> None:
        raise error

    with pytest.raises(type(error)), staging(out) as made:
        fail(made)
    assert (out / "a").read_text() == "one"
    assert beside(out) == {"index"}


@pytest.mark.parametrize("failing", [1, 2])
def test_a_renaming_that_fails_leaves_what_was_there(
    out: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    publish(out, "one")
    calls = 0
    real = os.replace

    def replace(source: Path, target: Path) -> None:
        nonlocal calls
        calls += 1
        if calls == failing:
            raise OSError("no")
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(OSError, match="no"):
        publish(out, "two")
    assert (out / "a").read_text() == "one"
    assert beside(out) == {"index"}


def test_what_killed_processes_left(out: Path) -> None:
    publish(out, "one")
    # Killed while filling, and killed between the two renamings.
    left = out.with_name(".index.new")
    left.mkdir()
    (left / "half").write_text("")
    os.replace(out, out.with_name(".index.old"))
    with staging(out):
        assert (out / "a").read_text() == "one"
    assert beside(out) == {"index"}
    # Killed before the old one was removed: the new one stays.
    out.with_name(".index.old").mkdir()
    with staging(out):
        pass
    assert beside(out) == {"index"}
    assert (out / "a").read_text() == "one"


def test_two_at_the_same_time(out: Path) -> None:
    with staging(out) as made:
        (made / "a").write_text("one")
        with pytest.raises(TokalignError, match="being built by another process"), staging(out):
            pass
        put_in_place(made, out)
    assert (out / "a").read_text() == "one"
    with FileLock(out.with_name(".other.lock"), timeout=0):
        publish(out, "two")
