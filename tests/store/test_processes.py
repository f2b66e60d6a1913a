"""The store under several processes, under SIGKILL, and on a disk that is full."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tokalign.store import Store, content_key

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")

Start = Callable[..., "subprocess.Popen[str]"]
HERE = Path(__file__).parent
SHARDS = 40


def entries(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in root.glob("??/*.safetensors")}


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def finish(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate()
    assert process.returncode == 0, err
    return out


def test_two_processes_racing(tmp_path: Path, start: Start) -> None:
    given = json.loads(finish(start(HERE / "race_script.py", tmp_path)))
    assert given["a"] == given["b"], "both are given what is stored"
    store = Store(tmp_path)
    kept = [store.get(content_key(round=number)) for number in range(len(given["a"]))]
    assert [entry and entry.meta["by"] for entry in kept] == given["a"]
    assert len(list(tmp_path.rglob("*.*"))) == len(kept), "no other files are left"


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("uninterrupted")


@pytest.fixture
def whole(uninterrupted: Path, start: Start) -> tuple[dict[str, bytes], bytes]:
    """The entries and the result of a run that nobody kills."""
    result = uninterrupted / "result"
    if not result.exists():
        finish(start(HERE / "kill_script.py", uninterrupted / "store", os.devnull, result))
    return entries(uninterrupted / "store"), result.read_bytes()


def assert_resumes(tmp_path: Path, start: Start, whole: tuple[dict[str, bytes], bytes]) -> None:
    """Run to the end after a kill: the same bytes, and nothing is computed twice."""
    root, log, result = tmp_path / "store", tmp_path / "log-resumed", tmp_path / "result"
    done = set(Store(root).keys())
    finish(start(HERE / "kill_script.py", root, log, result))
    assert entries(root) == whole[0]
    assert result.read_bytes() == whole[1]
    computed = lines(log)
    assert len(computed) == SHARDS - len(done)
    assert not done & set(computed)
    assert not list(root.rglob("*.corrupt-*"))


@pytest.mark.parametrize("seed", range(3))
def test_killed_run_resumes(
    tmp_path: Path, start: Start, whole: tuple[dict[str, bytes], bytes], seed: int
) -> None:
    root, log = tmp_path / "store", tmp_path / "log"
    wanted = random.Random(seed).randint(1, SHARDS - 2)
    process = start(HERE / "kill_script.py", root, log, tmp_path / "never", "wait")
    while len(entries(root)) < wanted:
        assert process.poll() is None, process.communicate()[1]
        # In the last shard it waits for us: by then all the others must have been put.
        in_last_shard = len(lines(log)) == SHARDS
        assert not in_last_shard or len(entries(root)) == SHARDS - 1
        time.sleep(0.0005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    done = set(Store(root).keys())
    assert wanted <= len(done) < SHARDS
    assert len(lines(log)) - len(done) in (0, 1), "only the shard in work is lost"
    assert_resumes(tmp_path, start, whole)


@pytest.mark.parametrize(
    ("step", "kept"), [("encode", 7), ("fsync", 7), ("link", 7), ("unlink", 8)]
)
def test_run_killed_within_a_put_resumes(
    tmp_path: Path, start: Start, whole: tuple[dict[str, bytes], bytes], step: str, kept: int
) -> None:
    root = tmp_path / "store"
    process = start(HERE / "kill_script.py", root, tmp_path / "log", tmp_path / "never", step)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert len(list(Store(root).keys())) == kept
    assert len(list(root.rglob(".*.tmp"))) == (step != "encode")
    assert_resumes(tmp_path, start, whole)


FULL_DISK = """
import resource, signal, sys
import numpy as np
from pathlib import Path
from tokalign.errors import TokalignError
from tokalign.store import Store

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
store = Store(Path(sys.argv[1]))
store.put("a" * 64, {"x": np.zeros(100)}, {})
try:
    store.put("b" * 64, {"x": np.zeros(100_000)}, {})
except TokalignError as error:
    print(error)
"""


def test_write_that_fails_half_way(tmp_path: Path, start: Start) -> None:
    out = finish(start("-c", FULL_DISK, tmp_path))
    assert "File too large" in out
    assert "TOKALIGN_STORE" in out
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == ["a" * 64 + ".safetensors"]


def test_import_is_light(start: Start) -> None:
    heavy = "{'torch', 'transformers', 'pandas', 'sklearn', 'scipy'}"
    code = f"import sys, tokalign.store; print(sorted({heavy} & set(sys.modules)))"
    assert finish(start("-c", code)) == "[]\n"
