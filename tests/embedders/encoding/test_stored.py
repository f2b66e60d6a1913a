from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from checkpoints import TEXTS

from tokalign.embedders import encode_stored
from tokalign.embedders.encoding import stored
from tokalign.embedders.encoding.stored import embedding_key
from tokalign.errors import TokalignError
from tokalign.store import Store


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(stored, "SHARD", 3)


def test_with_a_store_or_without_byte_for_byte(embedder, tmp_path):
    it = embedder("llama", normalise=True, template="{instruction}: {text}", max_length=20)
    store = Store(tmp_path)
    runs = [encode_stored(it, TEXTS, which, instruction="topic") for which in (None, store, store)]
    for found in runs[1:]:
        for field in ("vectors", "norms", "truncated"):
            first, again = getattr(runs[0], field), getattr(found, field)
            assert first.dtype == again.dtype
            assert first.tobytes() == again.tobytes()
        assert found.space == runs[0].space
    assert runs[0].space.normalised
    direct = it.encode(TEXTS, instruction="topic")
    assert np.allclose(runs[0].vectors, direct.vectors, atol=1e-5)
    assert runs[0].truncated.any()


def test_what_is_stored_is_not_computed_again(embedder, tmp_path):
    it = embedder("llama")
    store = Store(tmp_path)
    first = encode_stored(it, TEXTS, store)
    dead = dataclasses.replace(it, model=None)
    assert np.array_equal(encode_stored(dead, TEXTS, store).vectors, first.vectors)
    # A longer list takes its whole shards from the store, and computes the rest.
    with pytest.raises((AttributeError, TypeError)):
        encode_stored(dead, [*TEXTS, "another"], store)


def test_the_key_follows_all_that_the_vectors_depend_on(embedder):
    it = embedder("llama")
    others = [
        embedding_key(embedder("llama", pooling="mean"), TEXTS),
        embedding_key(embedder("llama", template="a {text}"), TEXTS),
        embedding_key(embedder("opt"), TEXTS),
        embedding_key(it, TEXTS, "instruction"),
        embedding_key(it, TEXTS[::-1]),
        embedding_key(dataclasses.replace(it, dtype="bfloat16"), TEXTS),
        embedding_key(it, TEXTS),
    ]
    assert len(set(others)) == len(others)
    assert embedding_key(it, list(TEXTS)) == others[-1]


def test_no_text_is_refused(embedder):
    with pytest.raises(TokalignError, match="there is no text to embed"):
        encode_stored(embedder("llama"), [], None)
