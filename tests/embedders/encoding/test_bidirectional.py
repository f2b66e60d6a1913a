"""Decoders that read both ways, and the probe that keeps a recipe to its word."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from checkpoints import TEXTS

from tokalign.embedders import load_embedder
from tokalign.embedders.inspecting.inspection import inspect_folder
from tokalign.embedders.loading.probes import check_attention, sees_later_tokens
from tokalign.errors import TokalignError

DECODERS = ["llama", "mistral", "qwen2", "opt"]


@pytest.mark.parametrize("family", DECODERS)
def test_a_later_token_is_seen_and_padding_changes_nothing(embedder, relative, family):
    both_ways = embedder(family, attention="bidirectional", pooling="mean")
    assert sees_later_tokens(both_ways.model)
    assert sees_later_tokens(both_ways.model, padded=True)
    expected = both_ways.encode(TEXTS, batch_size=1).vectors
    for side in ("right", "left"):
        found = both_ways.encode(TEXTS, batch_size=64, padding_side=side).vectors
        assert relative(found, expected) < 1e-5


@pytest.mark.parametrize("family", DECODERS)
def test_every_token_sees_every_other(embedder, family):
    model = embedder(family, attention="bidirectional", pooling="mean")
    ids = np.arange(3, 9)[None]
    mask = np.ones(ids.shape, bool)
    states = model.states(ids, mask)[0]
    for changed in range(ids.shape[1]):
        other = ids.copy()
        other[0, changed] += 50
        moved = (model.states(other, mask)[0] != states).any(1)
        assert moved.all()


def test_no_window_hides_a_part_of_the_text(checkpoint):
    """GritLM's and LLM2Vec's bidirectional Mistral ignores its sliding window."""
    folder = checkpoint("mistral", tag="narrow", sliding_window=3, num_hidden_layers=1)
    states = {}
    for attention in ("causal", "bidirectional"):
        recipe = inspect_folder(folder).model_copy(update={"attention": attention})
        model = load_embedder(recipe)
        ids = np.arange(3, 15)[None]
        other = np.concatenate([ids[:, :1] + 50, ids[:, 1:]], axis=1)
        mask = np.ones(ids.shape, bool)
        states[attention] = [model.states(x, mask)[0, -1].numpy() for x in (ids, other)]
    # One layer of a window of three: the last of twelve tokens cannot see the first.
    assert np.array_equal(*states["causal"])
    assert not np.allclose(*states["bidirectional"], atol=1e-6)


def test_gpt_neo_is_refused_since_it_stays_causal(embedder):
    with pytest.raises(TokalignError, match="says bidirectional attention, but GPTNeoModel is"):
        embedder("gpt_neo", attention="bidirectional")


def test_an_encoder_is_not_causal(embedder):
    with pytest.raises(TokalignError, match="says causal attention, but BertModel is bidirect"):
        embedder("bert", attention="causal")


def test_bidirectional_without_padding_and_causal_with_it_is_refused(checkpoint):
    """What setting ``is_causal`` on the modules instead of the configuration gives."""
    trap = load_embedder(str(checkpoint("llama")))
    for layer in trap.model.layers:
        layer.self_attn.is_causal = False
    assert sees_later_tokens(trap.model)
    assert not sees_later_tokens(trap.model, padded=True)
    recipe = trap.recipe.model_copy(update={"attention": "bidirectional"})
    with pytest.raises(TokalignError, match="LlamaModel is causal where there is padding"):
        check_attention(trap.model, recipe)


def test_a_folder_that_says_so_is_read_as_bidirectional(checkpoint, tmp_path):
    folder = tmp_path / "both"
    shutil.copytree(checkpoint("llama"), folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "is_causal": False}))
    assert inspect_folder(folder).attention == "bidirectional"
    assert sees_later_tokens(load_embedder(str(folder)).model)
