"""Vectors by layer: the last one is the embedder's own, and the norm is never left out silently."""

from __future__ import annotations

import dataclasses
from typing import get_args

import numpy as np
import pytest
import torch
from checkpoints import FAMILIES, TEXTS

from tokalign.embedders.encoding import layers
from tokalign.embedders.encoding.layers import LayerNorm, ending_of, layer_embeddings
from tokalign.errors import TokalignError
from tokalign.tokens import decode, load_head

POST_NORM = {"bert", "roberta", "mpnet", "distilbert", "albert", "opt-350m"}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_ends_are_what_the_embedder_gives(embedder, relative, family):
    it = embedder(family, pooling="weighted_mean")
    own = it.encode(TEXTS).vectors
    normed, later, bare = (layer_embeddings(it, TEXTS, norm) for norm in get_args(LayerNorm))
    assert len(normed) == len(later) == len(bare) == 3
    assert relative(normed[-1].vectors, own) < 1e-5
    assert relative(normed[0].vectors, own) > 0.1
    for layer in (0, 1):
        assert relative(bare[layer].vectors, it.encode(TEXTS, layer=layer).vectors) < 1e-5
    head = load_head(it)
    for layer, (first, second, none) in enumerate(zip(normed, later, bare, strict=True)):
        for lens in (first, second):
            assert lens.space == it.encode(TEXTS).space
            decode(lens, head, 2)
        assert none.space.place == f"layer {layer}"
        with pytest.raises(TokalignError, match=f"place 'layer {layer}'"):
            decode(none, head, 2)
        # A mean before the norm is another vector; a projection alone would commute with it.
        far = relative(first.vectors, second.vectors)
        assert far < 1e-4 if family in POST_NORM else far > 0.01


def by_hand(it, text, norm):
    """Each layer's lens of one text at its last token, straight from transformers."""
    ids = torch.tensor([it.tokenizer(text)["input_ids"]])
    with torch.inference_mode():
        states = it.model(input_ids=ids, output_hidden_states=True).hidden_states
        # transformers has normed the last of them already.
        return [norm(state[0, -1]).numpy() for state in states[:-1]] + [states[-1][0, -1].numpy()]


@pytest.mark.parametrize(
    ("family", "where"),
    [
        ("gpt_neo", "ln_f"), ("opt", "decoder.final_layer_norm"), ("llama", "norm"),
        ("gpt_neox", "final_layer_norm"), ("modernbert", "final_norm"), ("gemma2", "norm"),
        ("opt-350m", "decoder.project_out"),
    ],
)  # fmt: skip
def test_a_single_token_is_the_logit_lens(embedder, relative, family, where):
    it = embedder(family, pooling="last")
    norm = it.model.get_submodule(where)
    expected = np.array([by_hand(it, text, norm) for text in TEXTS])
    for how in ("before_pooling", "after_pooling"):
        found = layer_embeddings(it, TEXTS, how)
        for layer, vectors in enumerate(found):
            assert relative(vectors.vectors, expected[:, layer]) < 1e-4


@pytest.mark.parametrize("norm", get_args(LayerNorm))
def test_batches_change_nothing_and_each_vector_has_its_own_length(embedder, relative, norm):
    plain = layer_embeddings(embedder("gpt_neo", pooling="mean"), TEXTS, norm)
    it = embedder("gpt_neo", pooling="mean", normalise=True)
    for budget in (1, 4000):
        found = layer_embeddings(it, TEXTS[::-1], norm, batch_tokens=budget)
        for one, other in zip(found, plain, strict=True):
            assert np.linalg.norm(one.vectors, axis=1) == pytest.approx(1, abs=1e-5)
            assert one.space.normalised
            assert relative(one.unnormalised().vectors[::-1], other.vectors) < 1e-4


def test_prompt_pooled_tokens_and_truncation_are_the_recipes(embedder, relative):
    it = embedder("llama", template="query: {text} end", pool_over="text", pooling="mean",
                  max_length=20)  # fmt: skip
    own = it.encode(TEXTS)
    last = layer_embeddings(it, TEXTS)[-1]
    assert relative(last.vectors, own.vectors) < 1e-5
    assert np.array_equal(last.truncated, own.truncated)
    assert own.truncated.any()


def test_after_the_last_layer_the_bare_state_is_not_the_normed_one(embedder, relative):
    """What transformers calls the last hidden state is normed: taken as bare, it would be so twice.

    Pooled at one token, the norm of the bare state is the embedder's own vector.
    """
    it = embedder("llama", pooling="last")
    bare = layer_embeddings(it, TEXTS, "none")[-1].vectors
    own = it.encode(TEXTS).vectors
    assert relative(bare, own) > 0.01
    with torch.inference_mode():
        assert relative(it.model.norm(torch.from_numpy(bare)).numpy(), own) < 1e-5
    assert not it.model.norm._forward_pre_hooks  # nothing is watched any more


def test_low_precision(checkpoint):
    from tokalign.embedders import load_embedder

    it = load_embedder(str(checkpoint("opt")), dtype="bfloat16")
    for norm in get_args(LayerNorm):
        assert all(v.vectors.dtype == np.float32 for v in layer_embeddings(it, TEXTS, norm))
    last = layer_embeddings(it, TEXTS)[-1].vectors
    assert np.allclose(last, it.encode(TEXTS).vectors, atol=1e-2)


@pytest.mark.parametrize("family", ["gpt_neo", "bert", "llama"])
def test_a_norm_that_is_not_found_is_an_error(embedder, monkeypatch, family):
    monkeypatch.setattr(layers, "_FINAL_NORMS", ("elsewhere.norm",))
    monkeypatch.setattr(layers, "_LAST_OF_A_LAYER", ("encoder.layer.-1.elsewhere", "h.-1.norm"))
    model = embedder(family).model
    with pytest.raises(TokalignError, match=f"{type(model).__name__} has no final norm"):
        ending_of(model)


@pytest.mark.parametrize(
    ("final", "last"), [("embeddings.norm", "nowhere"), ("nowhere", "layers.-1.mlp_norm")]
)
def test_the_wrong_module_is_an_error(embedder, monkeypatch, final, last):
    """What was found is held against the states that the body gives itself."""
    monkeypatch.setattr(layers, "_FINAL_NORMS", (final,))
    monkeypatch.setattr(layers, "_LAST_OF_A_LAYER", (last,))
    with pytest.raises(TokalignError, match="does more after its last layer than LayerNorm"):
        layer_embeddings(embedder("modernbert"), TEXTS)


@pytest.mark.parametrize("family", ["llama", "bert"])
def test_more_after_the_norm_is_an_error(embedder, family):
    it = embedder(family)

    class More(torch.nn.Module):
        config = it.model.config

        def __init__(self):
            super().__init__()
            self.norm = getattr(it.model, "norm", None)
            self.encoder = getattr(it.model, "encoder", None)

        def forward(self, **given):
            out = it.model(**given)
            out.last_hidden_state = out.last_hidden_state * 1.1
            return out

    with pytest.raises(TokalignError, match="More does more after its last layer"):
        layer_embeddings(dataclasses.replace(it, model=More()), TEXTS)


def test_bad_input_is_a_users_error(embedder):
    with pytest.raises(TokalignError, match=r"unknown norm 'before'.*did you mean before_pooling"):
        layer_embeddings(embedder("llama"), TEXTS, "before")
    with pytest.raises(TokalignError, match="there is no text to embed"):
        layer_embeddings(embedder("llama"), [])
    dropped = dataclasses.replace(embedder("llama"), model=torch.nn.Linear(2, 2))
    with pytest.raises(TokalignError, match="Linear has no final norm"):
        ending_of(dropped.model)
