from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from checkpoints import TEXTS

from tokalign.embedders.encoding import stored as vectors_stored
from tokalign.store import Store
from tokalign.tokens import VocabularyForms, aligned_tokens, decode, load_head, ranked_forms, stored


@pytest.fixture(scope="module")
def parts(embedder):
    it = embedder("bert", pooling="mean", normalise=True)
    head = load_head(it)
    assert not head.linear  # the vectors have to be brought back to their length
    return it, head, VocabularyForms.from_tokenizer(it.tokenizer)


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(stored, "SHARD", 3)
    monkeypatch.setattr(vectors_stored, "SHARD", 3)


def test_aligned_tokens_with_a_store_or_without(parts, tmp_path):
    it, head, _ = parts
    store = Store(tmp_path)
    runs = [aligned_tokens(it, head, TEXTS, 7, which) for which in (None, store, store)]
    for found in runs[1:]:
        assert found.ids.tobytes() == runs[0].ids.tobytes()
        assert found.logits.tobytes() == runs[0].logits.tobytes()
    direct = decode(it.encode(TEXTS).unnormalised(), head, 7)
    assert np.array_equal(direct.ids, runs[0].ids)


def test_a_second_call_asks_neither_model_nor_head(parts, tmp_path, monkeypatch):
    it, head, forms = parts
    store = Store(tmp_path)
    first = aligned_tokens(it, head, TEXTS, 7, store)
    ranked = ranked_forms(it, head, forms, TEXTS, 5, store)
    dead = dataclasses.replace(it, model=None)
    # Vectors are shared: another K decodes anew without the model.
    assert np.array_equal(aligned_tokens(dead, head, TEXTS, 4, store).ids, first.ids[:, :4])

    def never(*_, **__):
        raise AssertionError("decoded again")

    for name in ("decode", "decode_forms"):
        monkeypatch.setattr(stored, name, never)
    assert np.array_equal(aligned_tokens(dead, head, TEXTS, 7, store).ids, first.ids)
    assert np.array_equal(ranked_forms(dead, head, forms, TEXTS, 5, store), ranked)
    for change in ({"k": 8}, {"head": head.random()}):
        settings = {"head": head, "k": 7, **change}
        with pytest.raises(AssertionError, match="decoded again"):
            aligned_tokens(dead, settings["head"], TEXTS, settings["k"], store)
    with pytest.raises(AssertionError, match="decoded again"):
        ranked_forms(dead, head, forms, TEXTS, 6, store)
    other = dataclasses.replace(dead, fingerprint="another")
    with pytest.raises((AttributeError, TypeError)):
        aligned_tokens(other, head, TEXTS, 7, store)


@pytest.mark.parametrize("k", [1, 5, 40, 10_000])
def test_ranked_forms_are_those_of_a_full_ranking(parts, k):
    it, head, forms = parts
    found = ranked_forms(it, head, forms, TEXTS, k)
    content = head.restricted(forms.of[head.ids.numpy()] >= 0)
    # In the same shards: near ties may fall the other way in a product of another shape.
    shards = [it.encode(TEXTS[i : i + 3]).unnormalised() for i in range(0, len(TEXTS), 3)]
    every = [row for shard in shards for row in decode(shard, content, len(content)).ids]
    for row, ids in zip(found, every, strict=True):
        expected = list(dict.fromkeys(int(forms.of[i]) for i in ids if forms.of[i] >= 0))
        assert row.tolist() == expected[:k]
    assert found.shape[1] == min(k, len(forms.number))
