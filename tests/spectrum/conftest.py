"""Small heads and vectors for tests of the spectrum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from tokalign.embedders import Embeddings, Space
from tokalign.tokens import Head

torch.set_num_threads(1)


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


@pytest.fixture(scope="session")
def unit() -> Callable[..., np.ndarray]:
    """A random direction."""

    def make(width: int = 6, seed: int = 0) -> np.ndarray:
        drawn = np.random.default_rng([seed, 7]).standard_normal(width)
        return drawn / np.linalg.norm(drawn)

    return make
