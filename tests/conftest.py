"""Fixtures for every test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# Before any model library is imported: a look at the hub would only cost retries.
os.environ["HF_HUB_OFFLINE"] = "1"

# How long an example takes says nothing on a busy machine.
settings.register_profile("tokalign", deadline=None)
settings.load_profile("tokalign")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Fast tests first: a mistake should show within seconds."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Several threads on one tiny product only wait for one another."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def shared() -> Path:
    """A folder of public data sets: $TOKALIGN_SHARED, or one beside the checkout."""
    beside = Path(__file__).resolve().parents[2] / "shared"
    folder = Path(os.environ.get("TOKALIGN_SHARED") or beside)
    if not (folder / "datasets").is_dir():
        pytest.skip(f"no shared folder of data sets ({folder}); TOKALIGN_SHARED names one")
    return folder


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Tiny checkpoints by name, see `checkpoints.build`; each is made once, when first asked for.

    ``checkpoint("llama", tag="sharded", save=...)`` is another folder than ``checkpoint("llama")``.
    """
    from checkpoints import build

    root = tmp_path_factory.mktemp("checkpoints")

    def make(name: str, *, tag: str = "", **more: Any) -> Path:
        folder = root / (f"{name}@{tag}" if tag else name)
        return folder if folder.is_dir() else build(name, folder, **more)

    return make
