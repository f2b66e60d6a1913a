"""What several tests of embedders need."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tokalign.embedders import Embedder, load_embedder
from tokalign.embedders.inspecting.inspection import inspect_folder

# Models this small are slower on several threads than on one, far slower on a busy machine.
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def embedder(checkpoint: Callable[..., Path]) -> Callable[..., Embedder]:
    """A loaded tiny checkpoint; keywords change its recipe. Loaded once for each recipe."""
    loaded: dict[tuple[Any, ...], Embedder] = {}

    def load(name: str, **changes: Any) -> Embedder:
        key = (name, *sorted(changes.items()))
        if key not in loaded:
            recipe = inspect_folder(checkpoint(name))
            loaded[key] = load_embedder(recipe.model_copy(update=changes))
        return loaded[key]

    return load


@pytest.fixture(scope="session")
def relative() -> Callable[[np.ndarray, np.ndarray], float]:
    """The largest distance between two rows, in lengths of the second."""

    def largest(found: np.ndarray, expected: np.ndarray) -> float:
        assert found.shape == expected.shape
        lengths = np.linalg.norm(expected, axis=1)
        return float((np.linalg.norm(found - expected, axis=1) / lengths).max())

    return largest


@pytest.fixture(autouse=True)
def no_user_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The entries of whoever runs the tests are not part of them."""
    monkeypatch.setenv("TOKALIGN_EMBEDDERS", str(tmp_path / "none.yaml"))
