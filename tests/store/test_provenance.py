from __future__ import annotations

import getpass
import hashlib
import importlib
import json
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tokalign.store import provenance

module: Any = importlib.import_module("tokalign.store.provenance")


def git(folder: Path, *arguments: str) -> str:
    settings = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", *settings, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    (tmp_path / "a.txt").write_text("a")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    return tmp_path


def test_what_it_tells() -> None:
    found = provenance(seed=3, device="cpu")
    assert found["python"] == platform.python_version()
    assert found["numpy"] == np.__version__
    assert found["threads"] >= 1
    assert (found["seed"], found["device"]) == (3, "cpu")
    assert list(found)[-2:] == ["seed", "device"]
    assert {"tokalign", "git", "constraints", "torch", "transformers", "machine"} <= found.keys()


def test_it_names_no_user_host_or_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "node", lambda: pytest.fail("the host name was asked for"))
    values = list(provenance().values())
    text = json.dumps(values)
    assert platform.uname().node not in values
    assert str(Path.home()) not in text
    assert str(module.REPOSITORY) not in text
    assert getpass.getuser() not in values


def test_additions_hide_nothing() -> None:
    with pytest.raises(ValueError, match="git, numpy"):
        provenance(numpy="3.0", git=None)


def test_commit_and_dirt(checkout: Path) -> None:
    commit = git(checkout, "rev-parse", "HEAD")
    assert module.git_state(checkout) == {"commit": commit, "dirty": False}
    (checkout / "new.txt").write_text("new")
    assert module.git_state(checkout) == {"commit": commit, "dirty": True}
    (checkout / "new.txt").unlink()
    (checkout / "a.txt").write_text("b")
    assert module.git_state(checkout) == {"commit": commit, "dirty": True}


def test_folder_inside_another_checkout(checkout: Path) -> None:
    (checkout / "site-packages").mkdir()
    assert module.git_state(checkout / "site-packages") is None


def test_variables_of_a_git_hook_do_not_mislead(
    checkout: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = git(checkout, "rev-parse", "HEAD")
    monkeypatch.setenv("GIT_DIR", str(tmp_path_factory.mktemp("elsewhere")))
    assert module.git_state(checkout) == {"commit": commit, "dirty": False}


def test_no_commit_yet(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert module.git_state(tmp_path) is None


def test_no_git(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert module.git_state(checkout) is None


def test_slow_git(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    # exec, so that the timeout ends the very process that waits.
    slow.write_text("#!/bin/sh\nexec sleep 600\n")
    slow.chmod(0o700)
    monkeypatch.setenv("PATH", str(slow.parent), prepend=":")
    monkeypatch.setattr(module, "GIT_SECONDS", 0.05)
    assert module.git_state(checkout) is None


def test_constraints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REPOSITORY", tmp_path)
    assert provenance()["constraints"] is None
    (tmp_path / "constraints.txt").write_bytes(b"numpy==2.0\n")
    assert provenance()["constraints"] == hashlib.sha256(b"numpy==2.0\n").hexdigest()


def test_threads_of_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    class Torch:
        @staticmethod
        def get_num_threads() -> int:
            return 7

    monkeypatch.setitem(sys.modules, "torch", Torch)
    assert provenance()["threads"] == 7
