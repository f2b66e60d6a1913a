"""Fixtures: small heads and vectors, a tiny embedder, and a few minimal pairs."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tokalign.embedders import Embedder, Embeddings, Space, load_embedder
from tokalign.pairs import MarkedPairs
from tokalign.tokens import Head, load_head

TINY = runpy.run_path(str(Path(__file__).resolve().parents[1] / "tiny_bert.py"))

#: kind, first, second, changed, changed in the first.
FEW = [
    ("negation", "The river is cold.", "The river is not cold.", ["not"], []),
    ("negation", "We saw the moon.", "We never saw the moon.", ["never"], []),
    ("antonym", "An old house of gold.", "A new house of gold.", ["A", "new"], ["An", "old"]),
    ("antonym", "The river is cold.", "The river is warm.", ["warm"], ["cold"]),
    ("number", "It took two years.", "It took nine years.", ["nine"], ["two"]),
    ("role-swap", "The moon hid the sun.", "The sun hid the moon.", ["sun", "moon"],
     ["moon", "sun"]),
    ("related", "Gold was found in May.", "The gold of the river ran out.", [], []),
    ("related", "The team won at home.", "The team has a new coach.", [], []),
    ("paraphrase", "He was born in 1900.", "In 1900 he came into the world.", [], []),
    ("paraphrase", "The town lies by the sea.", "It is a place on the coast.", [], []),
]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _one_thread(one_thread: None) -> None:
    """Tiny models here."""


@pytest.fixture(scope="session")
def few() -> MarkedPairs:
    kinds, first, second, changed, changed_first = zip(*FEW, strict=True)
    return MarkedPairs.of(first, second, kinds, changed, changed_first)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    return load_embedder(str(TINY["build"](tmp_path_factory.mktemp("models") / "tiny")))


@pytest.fixture(scope="session")
def tiny_head(tiny: Embedder) -> Head:
    return load_head(tiny)


@pytest.fixture(scope="session")
def wrap() -> Callable[..., Embeddings]:
    """Vectors of a space that is described by keywords."""

    def make(array: np.ndarray, **space: Any) -> Embeddings:
        array = np.asarray(array, dtype=np.float32)
        norms = np.linalg.norm(array, axis=1)
        return Embeddings(array, Space("x", array.shape[1], **space), norms, norms < 0)

    return make


@pytest.fixture(scope="session")
def head() -> Callable[..., Head]:
    """A head of random rows; ids have gaps, so that a row is not taken for an id."""

    def make(rows: int = 30, width: int = 6, seed: int = 0, **more: Any) -> Head:
        generator = torch.Generator().manual_seed(seed)
        matrix = torch.randn(rows, width, generator=generator)
        return Head("x", matrix, 3 * torch.arange(rows) + 1, width, **more)

    return make
