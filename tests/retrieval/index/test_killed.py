"""A build that is killed by SIGKILL and started again: the same bytes, nothing left behind."""

from __future__ import annotations

import json
import os
import runpy
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import tokalign
from tokalign.embedders import Embedder
from tokalign.embedders.encoding.stored import SHARD
from tokalign.retrieval.index import Documents, SparseIndex, build_index, read_documents
from tokalign.store import Store

SCRIPT = Path(__file__).with_name("kill_script.py")
STEPS = ("second shard", "second rows", "description", "publishing", "replacing",
         "removing")  # fmt: skip

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them"),
]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory, rows) -> Documents:
    """Three shards of documents with text, and a blank one among them."""
    words = ("moon", "river", "gold", "talks")
    texts = [f"{words[i % 4]} {words[i // 4 % 4]} {i}" for i in range(2 * SHARD + 20)]
    texts[7] = ""
    path = tmp_path_factory.mktemp("many") / "docs.jsonl"
    return read_documents(rows(path, [{"_id": f"d{i}", "text": t} for i, t in enumerate(texts)]))


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory, tiny: Path, many: Documents) -> Path:
    """A folder for each step at which a build was killed."""
    folder = tmp_path_factory.mktemp("killed")
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(folder), str(tiny), str(many.path)],
        capture_output=True,
        text=True,
        # So that it works in a checkout that is not installed; one thread, as here.
        env={
            **os.environ,
            "PYTHONPATH": str(Path(tokalign.__file__).parents[1]),
            "OMP_NUM_THREADS": "1",
        },
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == dict.fromkeys(STEPS, -signal.SIGKILL), done.stderr
    return folder


@pytest.fixture(scope="module")
def script() -> dict:
    return runpy.run_path(str(SCRIPT))


@pytest.fixture(scope="module")
def whole(tmp_path_factory, many, embedder, head, script) -> dict[str, bytes]:
    """The files of a build that nobody kills, in another place and without a store."""
    out = tmp_path_factory.mktemp("whole") / "other"
    return contents(build_index(many, embedder, head, script["SETTINGS"], out).folder)


@pytest.mark.parametrize("step", STEPS)
def test_it_goes_on_to_the_same_bytes(
    step, killed, many, embedder, head, whole, script, monkeypatch
) -> None:
    folder = killed / step
    out, store = folder / "index", Store(folder / "store")
    replace = step in ("replacing", "removing")
    kept = len(list(store.keys()))
    assert kept == (1 if step == "second shard" else 3)
    left = {path.name for path in folder.iterdir()} - {"store", ".index.lock"}
    assert left == {
        "replacing": {".index.new", ".index.old"},
        "removing": {"index", ".index.old"},
    }.get(step, {".index.new"})
    if step == "removing":
        assert contents(out) == whole
    computed = []
    real = Embedder.encode

    def encode(self, texts, **more):
        computed.append(len(texts))
        return real(self, texts, **more)

    monkeypatch.setattr(Embedder, "encode", encode)
    made = build_index(many, embedder, head, script["SETTINGS"], out, store, replace=replace)
    assert len(computed) == 3 - kept, "only the shard in work was lost"
    assert contents(out) == whole
    assert {path.name for path in folder.iterdir()} == {"store", ".index.lock", "index"}
    assert SparseIndex.load(out, verify=True).description == made.description


def test_an_old_index_is_put_back_by_whoever_comes_next(
    killed, many, embedder, head, script, tmp_path
) -> None:
    """Killed between the two renamings, and then not replaced after all."""
    (tmp_path / ".index.old").mkdir()
    old = build_index(many, embedder, head, script["OLD"], tmp_path / "old")
    os.rmdir(tmp_path / ".index.old")
    os.replace(old.folder, tmp_path / ".index.old")
    again = build_index(many, embedder, head, script["OLD"], tmp_path / "index")
    assert again.description == old.description
    assert not (tmp_path / ".index.old").exists()
