"""What several tests of tokens need."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tokalign.embedders import Embedder, Embeddings, Space, load_embedder
from tokalign.embedders.inspecting.inspection import inspect_folder

# Models this small are slower on several threads than on one, far slower on a busy machine.
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def embedder(checkpoint: Callable[..., Path]) -> Callable[..., Embedder]:
    """A loaded tiny checkpoint; keywords change its recipe."""

    def load(name: str, **changes: Any) -> Embedder:
        recipe = inspect_folder(checkpoint(name))
        return load_embedder(recipe.model_copy(update=changes))

    return load


@pytest.fixture(scope="session")
def vectors() -> Callable[..., Embeddings]:
    """Vectors of a space that is described by keywords."""

    def make(array: np.ndarray, owner: str = "x", **space: Any) -> Embeddings:
        array = np.asarray(array, dtype=np.float32)
        where = Space(owner, array.shape[1], **space)
        norms = np.linalg.norm(array, axis=1)
        return Embeddings(array, where, norms, np.zeros(len(array), bool))

    return make
