"""Layers: the last is the embedder itself, and norming before and after pooling differ."""

from __future__ import annotations

import pytest
from checkpoints import TEXTS

from tokalign.embedders import load_embedder
from tokalign.embedders.inspecting.inspection import inspect_folder
from tokalign.measures import VectorOverlap, layer_overlap
from tokalign.tokens import load_head

WORDS = [f"{text} A treaty on the climate was agreed." for text in TEXTS]


@pytest.mark.parametrize("name", ["gpt_neo", "llama"])
def test_the_last_layer_is_the_embedder(checkpoint, name):
    recipe = inspect_folder(checkpoint(name)).model_copy(update={"pooling": "mean"})
    embedder = load_embedder(recipe)
    found = layer_overlap(embedder, WORDS, measure="lar").set_index(["norm", "layer"])
    layers = embedder.model.config.num_hidden_layers
    overlap = VectorOverlap(WORDS, embedder.tokenizer)
    own = overlap.per_text(embedder.encode(WORDS), load_head(embedder))["lar"].mean()
    assert found.loc[("before_pooling", layers), "value"] == pytest.approx(own)
    assert len(found) == 2 * (layers + 1)
    assert (found["low"] <= found["value"]).all()
    assert set(found["model"]) == {embedder.name}
