"""What the tests of the store share."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import tokalign.store
from tokalign.store import Store

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def start() -> Iterator[Start]:
    """Start Python with arguments; what still runs at the end of the test is killed."""
    started: list[subprocess.Popen[str]] = []
    # So that the tests work in a checkout that is not installed.
    checkout = str(Path(tokalign.store.__file__).parents[2])

    def run(*arguments: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": checkout},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()
