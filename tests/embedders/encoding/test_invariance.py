"""The same texts give the same vectors, whatever the batches and wherever the padding."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from checkpoints import TEXTS

from tokalign.embedders import load_embedder
from tokalign.embedders.inspecting.inspection import inspect_folder
from tokalign.embedders.recipes.recipe import Pooling

TOLERANCE = 1e-5
MANY = (TEXTS * 9)[:66]  # more than one batch of 64
FAMILIES = [
    "gpt_neo", "opt", "opt-350m", "llama", "mistral", "qwen2", "bert", "roberta", "mpnet",
    "distilbert",
]  # fmt: skip


def check(embedder, relative):
    one_by_one = embedder.encode(TEXTS, batch_size=1)
    expected = one_by_one.vectors[np.arange(len(MANY)) % len(TEXTS)]
    causal_first_token = embedder.recipe.attention == "causal" and embedder.recipe.pooling == "cls"
    if not causal_first_token:  # that one has seen no text yet
        assert relative(expected[1:], expected[:-1]) > 0.1
    for side in ("right", "left"):
        found = embedder.encode(MANY, batch_size=64, padding_side=side).vectors
        assert relative(found, expected) < TOLERANCE
    order = np.random.default_rng(0).permutation(len(MANY))
    shuffled = embedder.encode([MANY[i] for i in order]).vectors
    assert relative(shuffled, expected[order]) < TOLERANCE
    inner = [
        embedder.encode(TEXTS, layer=1, batch_size=size, padding_side=side).vectors
        for size, side in ((1, "right"), (64, "left"))
    ]
    assert relative(inner[1], inner[0]) < TOLERANCE


@pytest.mark.parametrize("pooling", get_args(Pooling))
@pytest.mark.parametrize("family", FAMILIES)
def test_batch_size_order_and_padding_change_nothing(embedder, relative, family, pooling):
    check(embedder(family, pooling=pooling), relative)


@pytest.mark.parametrize("family", ["gpt_neo", "llama"])
def test_nor_do_they_where_the_prompt_is_not_pooled(embedder, relative, family):
    changes = {"template": "query: {text} end", "pooling": "weighted_mean", "pool_over": "text"}
    check(embedder(family, **changes), relative)


@pytest.mark.shared
@pytest.mark.parametrize("pooling", get_args(Pooling))
def test_nor_do_they_for_a_trained_model(shared, relative, pooling):
    recipe = inspect_folder(shared / "models" / "stories260K")
    check(load_embedder(recipe.model_copy(update={"pooling": pooling})), relative)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_low_precision_is_near_and_comes_out_as_float32(checkpoint, embedder, dtype):
    found = load_embedder(str(checkpoint("llama")), dtype=dtype).encode(TEXTS).vectors
    exact = embedder("llama").encode(TEXTS).vectors
    assert found.dtype == np.float32
    cosines = (found * exact).sum(1) / np.linalg.norm(found, axis=1)
    assert (cosines / np.linalg.norm(exact, axis=1) > 0.98).all()
    assert not np.array_equal(found, exact)


def test_no_text_gives_no_vector(embedder):
    found = embedder("opt-350m").encode([])
    assert found.vectors.shape == (0, 16)
    assert len(found) == 0
    assert embedder("opt-350m", template="a {text} b").encode([]).vectors.shape == (0, 16)
