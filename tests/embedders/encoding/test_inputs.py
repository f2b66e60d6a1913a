"""Pooled input embeddings against numpy, and what they must not depend on."""

from __future__ import annotations

import dataclasses
from collections import Counter
from math import log
from typing import get_args

import numpy as np
import pytest
import torch
from checkpoints import TEXTS
from hypothesis import given, settings
from hypothesis import strategies as st

from tokalign.embedders import encode_stored
from tokalign.embedders.encoding.inputs import input_embedder, inverse_document_frequency
from tokalign.embedders.encoding.tokenising import tokenise
from tokalign.embedders.recipes.recipe import Pooling
from tokalign.errors import TokalignError
from tokalign.store import Store
from tokalign.tokens import decode, load_head

FAMILIES = ["gpt_neo", "opt", "opt-350m", "llama", "mistral", "bert", "modernbert"]


def plain(embedder, texts, idf=None, centred=False):
    """The definition in numpy, one text at a time, in float64."""
    table = embedder.model.get_input_embeddings().weight.numpy().astype(np.float64)
    idf = np.ones(len(table)) if idf is None else idf.astype(np.float64)
    read = tokenise(embedder.tokenizer, embedder.recipe, texts)
    vectors = []
    for ids, (first, last) in zip(read.ids, read.pool, strict=True):
        places = np.arange(first, last)
        how = embedder.recipe.pooling
        if how in ("last", "cls"):
            places = places[-1:] if how == "last" else places[:1]
        weights = idf[ids[places]] * (places + 1.0 if how == "weighted_mean" else 1.0)
        vectors.append(weights @ table[ids[places]] / weights.sum())
    return np.stack(vectors) - centred * table.mean(0)


@pytest.mark.parametrize("pooling", get_args(Pooling))
@pytest.mark.parametrize("family", FAMILIES)
def test_it_is_what_numpy_makes_of_the_matrix(embedder, relative, family, pooling):
    it = embedder(family, pooling=pooling)
    idf = inverse_document_frequency(it, TEXTS[::2])
    for settled in ({}, {"idf": idf}, {"centred": True}, {"idf": idf, "centred": True}):
        found = input_embedder(it, **settled).encode(TEXTS)
        assert relative(found.vectors, plain(it, TEXTS, **settled)) < 1e-4
        assert found.space == it.encode(TEXTS).space
        if load_head(it).linear:
            assert decode(found, load_head(it), 3).ids.shape == (len(TEXTS), 3)


def test_prompt_and_pooled_tokens_are_the_recipes(embedder, relative):
    changes = {"template": "query: {text} end", "pool_over": "text", "pooling": "weighted_mean",
               "max_length": 20}  # fmt: skip
    it = embedder("llama", **changes)
    assert relative(input_embedder(it).encode(TEXTS).vectors, plain(it, TEXTS)) < 1e-4
    unit = input_embedder(embedder("llama", **changes, normalise=True)).encode(TEXTS)
    assert np.linalg.norm(unit.vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert relative(unit.unnormalised().vectors, plain(it, TEXTS)) < 1e-4
    last = embedder("llama", template="query: {text} end", pooling="last")
    for how, over in (("mean", "text"), ("weighted_mean", "all")):
        other = embedder("llama", template="query: {text} end", pooling=how, pool_over=over)
        found = input_embedder(last, pooling=how, pool_over=over).encode(TEXTS).vectors
        assert np.array_equal(found, input_embedder(other).encode(TEXTS).vectors)


@settings(max_examples=15)
@given(order=st.permutations(range(len(TEXTS))), size=st.integers(1, len(TEXTS)),
       side=st.sampled_from(["left", "right"]), seed=st.integers(0, 99))  # fmt: skip
def test_order_batches_and_padding_change_nothing(embedder, relative, order, size, side, seed):
    it = embedder("gpt_neo", pooling="weighted_mean")
    idf = np.random.default_rng(seed).uniform(0.1, 9, 420).astype(np.float32)
    rival = input_embedder(it, idf=idf, centred=bool(seed % 2))
    expected = plain(it, TEXTS, idf, bool(seed % 2))
    found = rival.encode([TEXTS[i] for i in order], batch_size=size, padding_side=side).vectors
    assert relative(found, expected[list(order)]) < 1e-4


def test_a_bag_of_words_has_no_order(embedder):
    rival = input_embedder(embedder("gpt_neo", pooling="mean"))
    one, other = rival.encode([" moon river moon", " river moon moon"]).vectors
    assert one == pytest.approx(other, abs=1e-6)
    layers = embedder("gpt_neo", pooling="mean").encode([" moon river moon", " river moon moon"])
    assert not np.allclose(*layers.vectors, atol=1e-3)


def test_idf_is_the_smoothed_one(embedder):
    it = embedder("llama", template="so: {text}", max_length=30)
    read = tokenise(it.tokenizer, it.recipe, TEXTS)
    occurs = Counter(i for ids in read.ids for i in set(ids.tolist()))
    found = inverse_document_frequency(it, TEXTS)
    assert found.shape == (420,)
    for token in range(420):
        expected = log((1 + len(TEXTS)) / (1 + occurs[token])) + 1
        assert found[token] == pytest.approx(expected, rel=1e-6)
    assert found[it.tokenizer.bos_token_id] == 1  # it stands before every text
    with pytest.raises(TokalignError, match="no text to fit idf on"):
        inverse_document_frequency(it, [])


def test_the_store_tells_the_rivals_apart(embedder, tmp_path):
    it = embedder("llama")
    idf = inverse_document_frequency(it, TEXTS)
    rivals = [
        it, input_embedder(it), input_embedder(it, idf=idf), input_embedder(it, idf=2 + idf),
        input_embedder(it, centred=True), input_embedder(it, pooling="mean"),
        input_embedder(embedder("llama-tied")),
    ]  # fmt: skip
    assert len({rival.fingerprint for rival in rivals}) == len(rivals)
    assert input_embedder(it, idf=idf).fingerprint == rivals[2].fingerprint
    store = Store(tmp_path)
    for rival in rivals[:5]:
        found = encode_stored(rival, TEXTS, store).vectors
        assert np.allclose(found, rival.encode(TEXTS).vectors, atol=1e-5)
    assert rivals[3].name.endswith("(input embeddings, idf)")


def test_what_cannot_stand_in_is_refused(embedder):
    with pytest.raises(TokalignError, match=r"shape \(252, 16\) cannot stand in .* width 32"):
        input_embedder(embedder("albert"))
    it = embedder("llama")
    for idf in (np.ones(7), np.zeros(420), np.full(420, np.nan)):
        with pytest.raises(TokalignError, match="one positive number for each is needed"):
            input_embedder(it, idf=idf)
    with pytest.raises(TokalignError, match="has no layer 1"):
        input_embedder(it).encode(TEXTS, layer=1)
    silent = dataclasses.replace(it, model=torch.nn.Identity())
    with pytest.raises(TokalignError, match="Identity does not say which"):
        input_embedder(silent)
