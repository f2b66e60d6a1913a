"""Proof that a registry entry reads texts as the original package does.

The repository holds tiny checkpoints in the layout of the published ones, and the vectors that the
original packages make of them (`data/models/references`). A proof takes a registry entry as it
stands, only looks for its weights there, and compares. Beside it stand twins with one mistake each,
which must be far off: a comparison that no mistake can fail would prove nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import yaml
from safetensors.numpy import load_file

from tokalign.embedders.encoding.embedder import Embedder
from tokalign.embedders.loading.load import load_embedder
from tokalign.embedders.recipes.hub_ids import without_commit
from tokalign.embedders.recipes.recipe import Attention, Readout, Recipe
from tokalign.embedders.recipes.registry import recipe_of

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
    """

    folder: Path
    embedder: str
    reference: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    prompt_name: str | None = None
    instruction: str | None = None
    twins: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

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
        # peft only merges adapters: transformers alone reads these.
        name = next((name for name in versions if name != "peft"), "peft")
        beside = "" if name == "transformers" else f" (transformers {versions['transformers']})"
        return f"{name} {versions[name]}{beside}"

    @property
    def texts(self) -> list[str]:
        """The texts that are compared."""
        texts: list[str] = self._told["texts"]
        return texts

    @property
    def ids(self) -> list[list[int]]:
        """The token ids that the model read there, a list for each text."""
        ids: list[list[int]] = self._told["settings"][self.reference.partition("/")[2]]["ids"]
        return ids

    def recipe(self, **wrong: Any) -> Recipe:
        """The entry with its weights looked for among the references.

        Args:
            wrong: Fields that are changed besides, for a twin.
        """
        right = Recipe.model_validate({**recipe_of(self.embedder).model_dump(), **self.changes})
        read = Recipe.model_validate({**right.named(self.prompt_name).model_dump(), **wrong})
        places = {
            "checkpoint": self._place(read.checkpoint),
            "adapters": tuple(map(self._place, read.adapters)),
            "head": read.head and self._place(read.head),
            "revision": None,
            "parameters": None,
            "pickled": False,
        }
        return read.model_copy(update=places)

    def _place(self, checkpoint: str) -> str:
        return str(self.part / without_commit(checkpoint))

    def expected(self, batch_size: int = 1) -> np.ndarray:
        """The package's vectors of `texts`, ``(N, d)`` float32."""
        setting = self.reference.partition("/")[2]
        vectors: np.ndarray = load_file(self.part / "vectors.safetensors")[
            f"{setting}/batch{batch_size}"
        ]
        return vectors

    def distance(self, *, batch_size: int = 1, dtype: str = "float32", **wrong: Any) -> np.ndarray:
        """Largest difference of each text's vector from the package's, ``(N,)``.

        Args:
            batch_size: Of both computations.
            dtype: Of ours.
            wrong: Fields of the recipe that are wrong, for a twin.
        """
        embedder = _read_by(self.recipe(**wrong), dtype)
        made = embedder.encode(self.texts, instruction=self.instruction, batch_size=batch_size)
        far: np.ndarray = np.abs(made.vectors - self.expected(batch_size)).max(axis=1)
        return far


def _read_by(recipe: Recipe, dtype: str) -> Embedder:
    """The embedder of a recipe; most twins differ in the reading alone and share the model."""
    made = _loaded(recipe.checkpoint, recipe.adapters, recipe.attention, recipe.readout, dtype)
    return replace(made, recipe=recipe)


@lru_cache(maxsize=4)
def _loaded(
    checkpoint: str, adapters: tuple[str, ...], attention: Attention, readout: Readout, dtype: str
) -> Embedder:
    weights = Recipe(
        name=Path(checkpoint).name, checkpoint=checkpoint, adapters=adapters, attention=attention,
        readout=readout, pooling="mean", max_length=1,
    )  # fmt: skip
    return load_embedder(weights, dtype=dtype)


def read_proofs(folder: Path) -> list[Proof]:
    """The proofs of a folder of references, in the order of its ``proofs.yaml``.

    Args:
        folder: `data/models/references` of the project.
    """
    entries = yaml.safe_load((folder / "proofs.yaml").read_text("utf-8"))
    return [Proof(folder=folder, **entry) for entry in entries]


def proofs_frame(proofs: Sequence[Proof], *, batch_size: int = 20) -> pd.DataFrame:
    """Run proofs, each with its twins.

    Args:
        proofs: Which.
        batch_size: Texts in a batch.

    Returns:
        One row a reading: ``embedder``, ``reference``, ``package``, ``reading`` (``right``, or what
        is wrong in words), ``right`` (bool), ``texts`` and ``difference``, the largest of all
        texts and dimensions.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # several on one tiny product only wait for one another
    try:
        return pd.DataFrame([row for proof in proofs for row in _rows(proof, batch_size)])
    finally:
        torch.set_num_threads(threads)


def _rows(proof: Proof, batch_size: int) -> Iterator[dict[str, Any]]:
    for reading, wrong in {"right": {}, **proof.twins}.items():
        yield {
            "embedder": proof.embedder,
            "reference": proof.reference,
            "package": proof.package,
            "reading": reading,
            "right": reading == "right",
            "texts": len(proof.texts),
            "difference": float(proof.distance(batch_size=batch_size, **wrong).max()),
        }
