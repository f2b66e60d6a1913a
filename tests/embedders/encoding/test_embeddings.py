from __future__ import annotations

import numpy as np
import pytest
from checkpoints import TEXTS

from tokalign.embedders import Embeddings, Space


def test_vectors_say_where_they_come_from(embedder, checkpoint):
    it = embedder("llama", normalise=True, pooling="mean")
    last, inner = it.encode(TEXTS), it.encode(TEXTS, layer=1)
    owner = str(checkpoint("llama"))
    assert last.space == Space(owner, 32, "final", "mean", normalised=True)
    assert inner.space.place == "layer 1"


def test_normalisation_can_be_taken_back(embedder, relative):
    unit = embedder("llama", normalise=True).encode(TEXTS)
    plain = embedder("llama").encode(TEXTS)
    assert np.allclose(np.linalg.norm(unit.vectors, axis=1), 1, atol=1e-6)
    assert relative(unit.unnormalised().vectors, plain.vectors) < 1e-5
    assert unit.unnormalised().space == plain.space
    assert plain.unnormalised() is plain


def test_the_width_must_be_the_spaces():
    with pytest.raises(ValueError, match="do not fit width 4"):
        Embeddings(np.ones((2, 3), "f"), Space("x", 4), np.ones(2, "f"), np.zeros(2, bool))
