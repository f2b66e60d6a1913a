"""Proof that a registry entry reads texts as the original package does.

The repository holds tiny checkpoints in the layout of the published ones, and the vectors that the
original packages make of them (`data/models/references`). A proof takes a registry entry as it
stands, only looks for its weights there, and compares. Beside it stand twins with one mistake each,
which must be far off: a comparison that no mistake can fail would prove nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from safetensors.numpy import load_file

from tokalign.embedders.loading import load_embedder
from tokalign.embedders.recipe import Recipe
from tokalign.embedders.registry import recipe_of

#: Largest difference in float32 between two right computations of one vector.
SAME = 1e-5
#: Smallest difference by which a wrong reading must show.
FAR = 1e-3


@dataclass(frozen=True)
class Proof:
    """One registry entry, one setting of the original package.

    Attributes:
        folder: Where the references are.
        embedder: The registry entry.
        reference: ``PART/SETTING`` of the references.
        changes: Fields of the recipe that this setting has otherwise than the entry.
        prompt_name: The named prompt in force.
        instruction: The instruction; the recipe's own where it is None.
        twins: What is wrong in words -> fields of the recipe that are wrong.
        apart: Texts that are left out, by their place in the list.
        why_apart: Why they are.
    """

    folder: Path
    embedder: str
    reference: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    prompt_name: str | None = None
    instruction: str | None = None
    twins: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    apart: tuple[int, ...] = ()
    why_apart: str = ""

    @property
    def part(self) -> Path:
        """The folder of the package's references."""
        return self.folder / self.reference.partition("/")[0]

    @cached_property
    def _told(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((self.part / "reference.json").read_text("utf-8"))
        return told

    @property
    def package(self) -> str:
        """The original package with its version, and that of transformers beside it."""
        versions = self._told["versions"]
        name = next(iter(versions))
        beside = "" if name == "transformers" else f" (transformers {versions['transformers']})"
        return f"{name} {versions[name]}{beside}"

    @property
    def texts(self) -> list[str]:
        """The texts that are compared."""
        return [t for i, t in enumerate(self._told["texts"]) if i not in self.apart]

    def recipe(self, **wrong: Any) -> Recipe:
        """The entry with its weights looked for among the references.

        Args:
            wrong: Fields that are changed besides, for a twin.
        """
        recipe = recipe_of(self.embedder).model_copy(update=dict(self.changes))
        places = {
            "checkpoint": self._place(recipe.checkpoint),
            "adapters": tuple(map(self._place, recipe.adapters)),
            "head": recipe.head and self._place(recipe.head),
            "revision": None,
        }
        recipe = recipe.model_copy(update=places).named(self.prompt_name)
        return Recipe.model_validate({**recipe.model_dump(), **wrong})

    def _place(self, checkpoint: str) -> str:
        return str(self.part / checkpoint.partition("@")[0])

    def expected(self, batch_size: int = 1) -> np.ndarray:
        """The package's vectors of `texts`, ``(N, d)`` float32."""
        setting = self.reference.partition("/")[2]
        vectors = load_file(self.part / "vectors.safetensors")[f"{setting}/batch{batch_size}"]
        kept = [i for i in range(len(vectors)) if i not in self.apart]
        found: np.ndarray = vectors[kept]
        return found

    def distance(self, *, batch_size: int = 1, dtype: str = "float32", **wrong: Any) -> np.ndarray:
        """Largest difference of each text's vector from the package's, ``(N,)``.

        Args:
            batch_size: Of both computations.
            dtype: Of ours.
            wrong: Fields of the recipe that are wrong, for a twin.
        """
        embedder = load_embedder(self.recipe(**wrong), dtype=dtype)
        made = embedder.encode(self.texts, instruction=self.instruction, batch_size=batch_size)
        far: np.ndarray = np.abs(made.vectors - self.expected(batch_size)).max(axis=1)
        return far


def read_proofs(folder: Path) -> list[Proof]:
    """The proofs of a folder of references, in the order of its ``proofs.yaml``.

    Args:
        folder: `data/models/references` of the project.
    """
    entries = yaml.safe_load((folder / "proofs.yaml").read_text("utf-8"))
    return [Proof(folder=folder, **entry) for entry in entries]
