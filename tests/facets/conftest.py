"""Fixtures: a tokenizer of a few words, a head for it, and readings with a planted effect."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from tokalign.datasets.facets import Facet, FacetLabel, FacetTexts, Instruction
from tokalign.embedders import Embeddings, Space
from tokalign.facets.labels import LabelTokens
from tokalign.facets.readings import Reading, Readings
from tokalign.tokens import Head, VocabularyForms

TOKENS = [
    "<s>", " joy", "joy", " Joys", " joyful", " sad", " sorrow", " ang", "er", " food", " meal",
    " travel", " emotion", " the", ",", " game", " talk", " rel", "ief", "ax", " of", "ang", "rel",
]  # fmt: skip


class Words:
    """A tokenizer that takes the longest token that fits, and skips what no token begins."""

    all_special_ids = (0,)

    def get_vocab(self) -> dict[str, int]:
        return {token: number for number, token in enumerate(TOKENS)}

    def decode(self, ids: Any) -> str:
        return "".join(TOKENS[int(i)] for i in ids)

    def encode(self, text: str, add_special_tokens: bool = True) -> list[int]:
        found = []
        while text:
            fits = [token for token in TOKENS[1:] if text.startswith(token)]
            best = max(fits, key=len, default="")
            found += [TOKENS.index(best)] if best else []
            text = text[len(best) or 1 :]
        return found

    def __call__(self, text: str, **_: Any) -> dict[str, list[int]]:
        return {"input_ids": self.encode(text)}


@pytest.fixture(scope="module", autouse=True)
def _one_thread(one_thread: None) -> None:
    """Tiny models here."""


@pytest.fixture(scope="session")
def words() -> Words:
    return Words()


@pytest.fixture(scope="session")
def forms(words: Words) -> VocabularyForms:
    return VocabularyForms.from_tokenizer(words)


@pytest.fixture(scope="session")
def head() -> Head:
    generator = torch.Generator().manual_seed(0)
    matrix = torch.randn(len(TOKENS), 5, generator=generator)
    bias = torch.randn(len(TOKENS), generator=generator)
    return Head("x", matrix, torch.arange(len(TOKENS)), 5, bias, scale=0.5, soft_cap=3.0)


@pytest.fixture(scope="session")
def wrap() -> Callable[..., Embeddings]:
    def make(array: np.ndarray, **space: Any) -> Embeddings:
        array = np.asarray(array, dtype=np.float32)
        norms = np.linalg.norm(array, axis=1)
        return Embeddings(array, Space("x", array.shape[1], **space), norms, norms < 0)

    return make


FACETS = (
    Facet("emotion", "toy", (FacetLabel("joy", "joy"), FacetLabel("sad", "sad"))),
    Facet("topic", "toy", (FacetLabel("food", "food"), FacetLabel("game", "game"),
                           FacetLabel("travel", "travel"))),
)  # fmt: skip
TOY_TOKENS = {
    "emotion": [LabelTokens("joy", np.array([1, 2]), True),
                LabelTokens("sad", np.array([5]), True)],
    "topic": [LabelTokens("food", np.array([9]), True), LabelTokens("game", np.array([15]), True),
              LabelTokens("travel", np.array([11]), True)],
}  # fmt: skip


@pytest.fixture(scope="session")
def toy(words: Words, forms: VocabularyForms) -> Callable[..., Readings]:
    """Readings of 24 texts: asked for a facet, its own labels rise and its texts come together."""

    def make(effect: float = 1.0, seed: int = 0, order: np.ndarray | None = None) -> Readings:
        generator = np.random.default_rng(seed)
        n, wide = 24, 8
        rows = np.arange(n) if order is None else order
        own = {"emotion": np.arange(n) % 2, "topic": np.arange(n) % 3}
        content = np.unique(forms.of[forms.of >= 0])

        def reading(facet: str | None, kind: str, wording: int) -> Reading:
            vectors = generator.standard_normal((n, wide)) + 3.0
            scores = {
                f: generator.standard_normal((n, many))
                for f, many in (("emotion", 2), ("topic", 3))
            }
            lists = np.stack([generator.permutation(content)[:4] for _ in range(n)])
            if facet is not None:
                strength = effect * wording
                scores[facet][np.arange(n), own[facet]] += strength
                vectors[np.arange(n), own[facet]] += strength
            instruction = Instruction(facet, kind, f"{kind} {wording}", wording, False, "eol")
            return Reading(instruction, vectors[rows].astype(np.float32), lists[rows],
                           {name: table[rows] for name, table in scores.items()})  # fmt: skip

        of = {
            "emotion": [reading("emotion", "asked", w) for w in (1, 2, 3)],
            "topic": [reading("topic", "asked", w) for w in (1, 2, 3)],
            "empty": [reading(None, "empty", 1)],
            "irrelevant": [reading(None, "irrelevant", w) for w in (1, 2)],
        }
        labels = {name: numbers[rows] for name, numbers in own.items()}
        held = FacetTexts("toy", tuple(f"text {i}" for i in rows), FACETS, labels,
                          np.zeros(n, bool), "toy", "0" * 64, "ours")  # fmt: skip
        embedder: Any = SimpleNamespace(name="toy", tokenizer=words)
        return Readings(embedder, "eol", held, TOY_TOKENS, {"emotion": [], "topic": []}, forms, of)

    return make
