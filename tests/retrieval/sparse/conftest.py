"""A vocabulary of a few words, a head for it, and a tokenizer that cuts at white space."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from tokalign.embedders import Embeddings, Space
from tokalign.tokens import Head


class WordTokenizer:
    """A text is cut at white space, and each word looked up with a space in front."""

    words = ("</s>", " game", "game", " Game", " games", " the", " The", "\ufffd", "\ufffd", "!")
    all_special_ids = (0,)
    added_tokens_decoder: dict[int, object] = {}  # noqa: RUF012

    def decode(self, ids: list[int]) -> str:
        return self.words[ids[0]]

    def encode(self, text: str, add_special_tokens: bool = True) -> list[int]:
        found = [self.words.index(f" {word}") for word in text.split()]
        return [*found, 0] if add_special_tokens else found


@pytest.fixture(scope="session")
def tokenizer() -> WordTokenizer:
    return WordTokenizer()


@pytest.fixture(scope="session")
def head() -> Callable[..., Head]:
    """A head over the words; `seed` of its whole-numbered rows."""

    def make(seed: int = 0, width: int = 4, **more: object) -> Head:
        matrix = np.random.default_rng(seed).integers(-3, 4, (len(WordTokenizer.words), width))
        rows = torch.arange(len(WordTokenizer.words))
        return Head("x", torch.from_numpy(matrix.astype("f")), rows, width, **more)  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def vectors() -> Callable[..., Embeddings]:
    """Vectors of whole numbers, so that products are exact; or given ones."""

    def make(seed: int = 0, n: int = 5, width: int = 4, given: object = None) -> Embeddings:
        drawn = np.random.default_rng(seed + 99).integers(-3, 4, (n, width))
        array = np.asarray(drawn if given is None else given, dtype=np.float32)
        norms = np.linalg.norm(array, axis=1)
        return Embeddings(array, Space("x", array.shape[1]), norms, np.zeros(len(array), bool))

    return make
