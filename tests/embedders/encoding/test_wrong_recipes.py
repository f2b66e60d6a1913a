"""Twins with one mistake each: the comparisons of the other tests must see every one of them.

Each of these mistakes gives plausible vectors and no error. Where a twin agreed with the right
vectors, the tests that compare them would be worth nothing.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from checkpoints import TEXTS

from tokalign.embedders.encoding.batching import pad

FAR = 1e-3  # a hundred times what rounding may do


def padded(embedder, side):
    sequences = [np.array(embedder.tokenizer(text)["input_ids"]) for text in TEXTS]
    return pad(sequences, 0, side)


@pytest.mark.parametrize("family", ["gpt_neo", "opt", "llama", "mistral", "qwen2"])
def test_index_minus_one_under_right_padding(embedder, relative, family):
    good = embedder(family, pooling="last")
    ids, mask = padded(good, "right")
    by_index = good.states(ids, mask)[:, -1].numpy()
    assert relative(by_index, good.encode(TEXTS).vectors) > FAR


@pytest.mark.parametrize("family", ["gpt_neo", "opt", "llama", "mistral", "qwen2"])
def test_a_second_final_norm(embedder, relative, family):
    good = embedder(family, pooling="last")
    body = good.model
    norms = [getattr(body, name, None) for name in ("ln_f", "norm", "decoder")]
    norm = next(n for n in norms if n is not None)
    norm = getattr(norm, "final_layer_norm", norm)
    right = good.encode(TEXTS).vectors
    with torch.inference_mode():
        twice = norm(torch.from_numpy(right)).numpy()
    assert relative(twice, right) > FAR


@pytest.mark.parametrize("family", ["gpt_neo", "llama", "bert"])
def test_the_prompt_pooled(embedder, relative, family):
    prompt = {"template": "query: {text}", "pooling": "mean"}
    without = embedder(family, **prompt, pool_over="text").encode(TEXTS).vectors
    assert relative(embedder(family, **prompt).encode(TEXTS).vectors, without) > FAR


@pytest.mark.parametrize("family", ["opt", "llama", "mistral", "qwen2"])
def test_causal_instead_of_bidirectional(embedder, relative, family):
    both = [
        embedder(family, pooling="mean", attention=attention).encode(TEXTS).vectors
        for attention in ("causal", "bidirectional")
    ]
    assert relative(*both) > FAR


def forgetful(embedder, **given):
    """The embedder, whose model gets inputs that it should not get or lacks some."""
    right = embedder.model

    class Wrong(torch.nn.Module):
        config = right.config

        def forward(self, input_ids, **more):
            added = {k: make(input_ids) for k, make in given.items() if make is not None}
            kept = {k: v for k, v in more.items() if k not in given}
            return right(input_ids=input_ids, **kept, **added)

    twin = dataclasses.replace(embedder, model=Wrong())
    twin.__dict__["_accepts"] = embedder._accepts  # its signature is the right one's
    twin.__dict__["_takes_position_ids"] = embedder._takes_position_ids
    return twin


def test_left_padded_gpt_neo_without_position_ids(embedder, relative):
    good = embedder("gpt_neo", pooling="mean")
    right = good.encode(TEXTS).vectors
    same = forgetful(good).encode(TEXTS, batch_size=64, padding_side="left").vectors
    assert relative(same, right) < 1e-5  # the twin itself is sound
    twin = forgetful(good, position_ids=None)
    assert relative(twin.encode(TEXTS, batch_size=64, padding_side="left").vectors, right) > FAR


def test_gpt_neo_given_token_type_ids(embedder, relative):
    good = embedder("gpt_neo", pooling="mean")
    twin = forgetful(good, token_type_ids=torch.zeros_like)
    assert relative(twin.encode(TEXTS).vectors, good.encode(TEXTS).vectors) > FAR
    assert "token_type_ids" not in good.tokenizer(TEXTS[0])


def test_left_padded_roberta_with_position_ids_from_the_mask(embedder, relative):
    good = embedder("roberta", pooling="mean")
    right = good.encode(TEXTS).vectors
    twin = forgetful(good, position_ids=lambda ids: ((ids != 1).cumsum(1) - 1).clamp(min=0))
    assert relative(twin.encode(TEXTS, batch_size=64, padding_side="left").vectors, right) > FAR


def test_the_wrong_pooling_or_an_early_layer(embedder, relative):
    right = embedder("llama", pooling="mean").encode(TEXTS).vectors
    for wrong in ("weighted_mean", "last", "cls"):
        assert relative(embedder("llama", pooling=wrong).encode(TEXTS).vectors, right) > FAR
    assert relative(embedder("llama", pooling="mean").encode(TEXTS, layer=1).vectors, right) > FAR
