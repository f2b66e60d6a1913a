"""The two ways of reading a backbone beside the embedder that was made from it."""

from __future__ import annotations

import numpy as np
import pytest
from checkpoints import TEXTS

from tokalign.embedders import load_embedder
from tokalign.embedders.inspecting.inspection import inspect_folder
from tokalign.embedders.recipes.views import backbone_view
from tokalign.errors import TokalignError

PROMPTED = {"template": "query: {text} !", "pool_over": "after_prompt", "pooling": "mean",
            "attention": "bidirectional", "normalise": True, "max_length": 12}  # fmt: skip


@pytest.fixture
def pair(checkpoint):
    backbone = inspect_folder(checkpoint("llama"))
    embedder = inspect_folder(checkpoint("llama", tag="tuned", seed=1))
    return backbone, embedder.model_copy(update={"role": "embedder", **PROMPTED})


def vectors(recipe):
    return load_embedder(recipe).encode(TEXTS).vectors


def test_published_is_the_plain_text_with_the_embedders_pooling(pair):
    backbone, embedder = pair
    view = backbone_view(backbone, embedder)
    plain = backbone.model_copy(update={"pooling": "mean", "max_length": 12})
    np.testing.assert_array_equal(vectors(view), vectors(plain))
    assert view.head_owner == backbone.head_owner


def test_matched_differs_from_the_embedder_by_its_weights_alone(pair):
    backbone, embedder = pair
    view = backbone_view(backbone, embedder, "matched")
    reading = backbone.model_copy(update=PROMPTED)
    np.testing.assert_array_equal(vectors(view), vectors(reading))
    # With the embedder's own weights put in, it would be the embedder.
    own = view.model_copy(update={"checkpoint": embedder.checkpoint})
    np.testing.assert_array_equal(vectors(own), vectors(embedder))
    assert np.abs(vectors(view) - vectors(embedder)).max() > 1e-3
    assert view.head_owner == backbone.head_owner


def test_a_matched_view_of_the_same_weights_is_refused(pair):
    backbone, _ = pair
    by_prompt = backbone.model_copy(update={"name": "eol", "template": '"{text}" means:"'})
    with pytest.raises(TokalignError, match=r"eol has the weights of llama.*view published"):
        backbone_view(backbone, by_prompt, "matched")
    # An adapter makes other weights of the same checkpoint.
    adapted = by_prompt.model_copy(update={"adapters": ("somewhere",)})
    assert backbone_view(backbone, adapted, "matched").adapters == ()


def test_bidirectional_gpt_neo_is_refused_when_it_is_loaded(checkpoint):
    backbone = inspect_folder(checkpoint("gpt_neo"))
    embedder = inspect_folder(checkpoint("llama")).model_copy(update=PROMPTED)
    with pytest.raises(TokalignError, match=r"says bidirectional attention, but .* is causal"):
        load_embedder(backbone_view(backbone, embedder, "matched"))


def test_an_unknown_view(pair):
    with pytest.raises(TokalignError, match=r"unknown view 'matchd'.*did you mean matched"):
        backbone_view(*pair, "matchd")
