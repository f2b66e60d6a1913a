"""The untrained twin: the same architecture and reading, weights and head of its own."""

from __future__ import annotations

import dataclasses
import gc
from pathlib import Path

import numpy as np
import pytest
import torch
from checkpoints import FAMILIES, TEXTS
from transformers import AutoModel

from tokalign.embedders import load_embedder
from tokalign.embedders.inspecting.inspection import inspect_folder
from tokalign.embedders.loading import untrained as module
from tokalign.embedders.loading.probes import sees_later_tokens
from tokalign.embedders.loading.untrained import untrained
from tokalign.errors import TokalignError
from tokalign.tokens import decode, load_head


@pytest.mark.parametrize("family", FAMILIES)
def test_its_own_head_gives_the_logits_of_the_whole_model(embedder, family, monkeypatch):
    drawn = []

    def keep(*given):
        drawn.append(make(*given))
        # At first all biases are 0 and all norms 1: a forgotten one would not show.
        generator = torch.Generator().manual_seed(0)
        with torch.no_grad():
            for parameter in drawn[0].parameters():
                parameter.add_(0.2 * torch.randn(parameter.shape, generator=generator))
        return drawn[0]

    make = module._drawn
    monkeypatch.setattr(module, "_drawn", keep)
    blank = untrained(embedder(family, pooling="last", max_length=60))
    head = load_head(blank)
    for text in TEXTS[:3]:
        ids = torch.tensor([blank.tokenizer(text)["input_ids"]])
        with torch.inference_mode():
            logits = drawn[0](input_ids=ids).logits[0, -1].numpy()
        found = decode(blank.encode([text]), head, len(head))
        expected = logits[found.ids[0]]
        assert np.abs(found.logits[0] - expected).max() < 1e-5 * np.abs(expected).max()
        assert expected.std() > 0.01


def test_the_seed_decides_and_torchs_own_state_stays(embedder, relative):
    trained = embedder("llama")
    before = torch.get_rng_state()
    one, again, other = (untrained(trained, seed) for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), before)
    vectors = [it.encode(TEXTS).vectors for it in (one, again, other, trained)]
    assert np.array_equal(vectors[0], vectors[1])
    assert relative(vectors[2], vectors[0]) > 0.1
    assert relative(vectors[3], vectors[0]) > 0.1
    fingerprints = [it.fingerprint for it in (one, again, other, trained)]
    assert fingerprints[0] == fingerprints[1]
    assert len(set(fingerprints)) == 3


@pytest.mark.parametrize("seed", [0, 1, 42])
def test_it_is_not_the_draw_that_a_training_from_that_seed_began_with(embedder, seed):
    """A trained matrix may still resemble its first draw, which would look like an effect."""
    trained = embedder("gpt_neo")
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        first = AutoModel.from_config(trained.model.config).get_input_embeddings().weight
    rows = untrained(trained, seed).model.get_input_embeddings().weight
    cosines = torch.nn.functional.cosine_similarity(rows, first.detach())
    # Random directions of width 32: the mean of 420 cosines spreads by less than 0.01.
    assert abs(float(cosines.mean())) < 0.05


def test_the_trained_head_is_another_models(embedder):
    trained = embedder("opt")
    blank = untrained(trained)
    made, head = blank.encode(TEXTS), load_head(trained)
    with pytest.raises(TokalignError, match="swapped=True"):
        decode(made, head, 3)
    assert decode(made, head, 3, swapped=True).ids.shape == (len(TEXTS), 3)
    with pytest.raises(TokalignError, match="swapped=True"):
        decode(trained.encode(TEXTS), load_head(blank), 3)


def test_it_reads_as_the_trained_one_does(embedder):
    changes = {"attention": "bidirectional", "pooling": "mean", "normalise": True,
               "template": "{instruction} {text}", "instruction": "topic",
               "max_length": 20}  # fmt: skip
    trained = embedder("mistral", **changes)
    blank = untrained(trained)
    assert all(getattr(blank.recipe, field) == value for field, value in changes.items())
    assert sees_later_tokens(blank.model)
    found = blank.encode(TEXTS)
    assert np.array_equal(found.truncated, trained.encode(TEXTS).truncated)
    assert np.linalg.norm(found.vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert not any(parameter.requires_grad for parameter in blank.model.parameters())


def test_a_recipe_or_a_folder_will_do(checkpoint, embedder):
    folder = checkpoint("gpt_neo")
    expected = untrained(embedder("gpt_neo")).encode(TEXTS).vectors
    for given in (str(folder), inspect_folder(folder)):
        assert np.array_equal(untrained(given).encode(TEXTS).vectors, expected)


def test_low_precision_stays(checkpoint):
    blank = untrained(load_embedder(str(checkpoint("llama")), dtype="bfloat16"))
    assert blank.dtype == "bfloat16"
    assert {p.dtype for p in blank.model.parameters()} == {torch.bfloat16}
    assert load_head(blank).matrix.dtype == torch.bfloat16


def test_its_folder_goes_with_its_last_copy(embedder):
    blank = untrained(embedder("llama"))
    folder = Path(blank.recipe.checkpoint)
    copy = dataclasses.replace(blank, fingerprint="another")
    del blank
    gc.collect()
    assert load_head(copy).width == 32
    del copy
    gc.collect()
    assert not folder.exists()


def test_what_cannot_be_built_is_told(embedder):
    wrong = embedder("llama")
    wrong = dataclasses.replace(wrong, recipe=wrong.recipe.model_copy(update={"readout": "mlm"}))
    with pytest.raises(TokalignError, match="no untrained model can be built of LlamaConfig"):
        untrained(wrong)
