"""The checks before an entry is written: each passes on a sound model, and each can fail."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from checkpoints import FAMILIES
from layouts import adapter_folder

from tokalign.embedders import load_embedder
from tokalign.embedders.checking.checks import Check, check_attention_kind, check_vectors
from tokalign.embedders.inspecting.inspection import inspect_folder
from tokalign.errors import TokalignError
from tokalign.tokens import checks as checks_module
from tokalign.tokens.checks import check_own_logits, check_recipe

SLOPPY = 1e-3  # a hundred times what rounding may do


def by_name(checks):
    return {check.name: check for check in checks}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_head_of_a_sound_checkpoint_passes(embedder, family):
    found = check_own_logits(embedder(family))
    assert found.passed, found
    assert found.compared
    assert 0 <= found.value <= 1e-5


@pytest.mark.parametrize("family", ["gpt_neo", "llama", "mistral", "bert", "roberta"])
def test_the_vectors_of_a_sound_checkpoint_pass(embedder, family):
    checks = check_vectors(embedder(family))
    assert [check.name for check in checks if not check.passed] == []
    assert len(checks) == 3
    assert check_attention_kind(embedder(family)).passed


@pytest.mark.parametrize(
    ("family", "part"),
    [
        *((family, "matrix") for family in ("llama", "opt-350m", "gemma2", "gptj", "bert")),
        *((family, "scale") for family in ("llama", "gptj", "roberta")),
        *((family, "bias") for family in ("gptj", "bert", "roberta")),
        *((family, "transform") for family in ("bert", "roberta")),
        ("gemma2", "soft_cap"),
    ],
)
def test_a_head_that_is_read_wrongly_is_seen(embedder, monkeypatch, family, part):
    it = embedder(family)
    head = checks_module.load_head(it)
    wrong = {
        "matrix": lambda: head.matrix.roll(1, 0),
        "bias": lambda: head.bias.roll(1),
        "scale": lambda: 1.01,
        "transform": lambda: lambda vectors: vectors,
        "soft_cap": lambda: head.soft_cap + 1,
    }[part]()
    twin = dataclasses.replace(head, **{part: wrong})
    monkeypatch.setattr(checks_module, "load_head", lambda _: twin)
    found = check_own_logits(it)
    assert not found.passed
    assert found.value > SLOPPY
    assert found.allowed == "at most 1e-05"


def test_both_ways_and_adapters_are_compared_through_the_embedders_own_body(
    checkpoint, embedder, tmp_path
):
    both_ways = embedder("mistral", attention="bidirectional", pooling="mean")
    assert check_own_logits(both_ways).value <= 1e-5
    pytest.importorskip("peft", reason="the extra tokalign[lora] is not installed")
    adapted = load_embedder(str(adapter_folder(checkpoint("llama"), tmp_path / "lora")))
    assert check_own_logits(adapted).value <= 1e-5


def test_the_head_of_another_checkpoint(checkpoint, embedder):
    """Its own transformers model tells its logits, over the embedder's body."""
    it = embedder("llama", head=str(checkpoint("llama", tag="other", seed=5)))
    found = check_own_logits(it)
    assert found.value <= 1e-5
    own = dataclasses.replace(it, recipe=it.recipe.model_copy(update={"head": None}))
    vectors = [checks_module.load_head(one).fingerprint for one in (it, own)]
    assert vectors[0] != vectors[1]


def test_half_precision(checkpoint):
    recipe = inspect_folder(checkpoint("llama"))
    found = by_name(check_recipe(recipe, dtype="bfloat16"))
    assert all(check.passed for check in found.values())
    assert 1e-5 < found["own logits"].value <= 0.05


class Spoilt(torch.nn.Module):
    """A model with one mistake."""

    def __init__(self, right, change):
        super().__init__()
        self.right, self.change, self.config = right, change, right.config

    def forward(self, input_ids, attention_mask=None, use_cache=None):
        states = self.right(input_ids=input_ids, attention_mask=attention_mask)
        states.last_hidden_state = self.change(states.last_hidden_state, attention_mask)
        return states


@pytest.mark.parametrize(
    ("change", "failed"),
    [
        (lambda states, mask: states * len(states), ["batch size", "padding side"]),
        (lambda states, mask: states if mask is None or mask[:, 0].all() else states + 1,
         ["padding side"]),
        (lambda states, mask: torch.ones_like(states), ["different texts"]),
    ],
    ids=["batch", "left padding", "all the same"],
)  # fmt: skip
def test_vectors_that_depend_on_their_batch_are_seen(embedder, change, failed):
    it = embedder("llama")
    twin = dataclasses.replace(it, model=Spoilt(it.model, change))
    assert [c.name for c in check_vectors(twin) if not c.passed] == failed


def test_attention_that_padding_changes_is_seen(embedder):
    it = embedder("llama")
    twin = dataclasses.replace(
        it, recipe=it.recipe.model_copy(update={"attention": "bidirectional"})
    )
    found = check_attention_kind(twin)
    assert (found.passed, found.value) == (False, "causal, with padding causal")


def test_vectors_that_are_not_finite_are_a_check_that_failed(checkpoint, monkeypatch):
    def refuse(_):
        raise TokalignError("it gives vectors that are not finite in float32")

    monkeypatch.setattr(checks_module, "check_vectors", refuse)
    [*_, last] = check_recipe(inspect_folder(checkpoint("llama")))
    assert (last.passed, last.allowed) == (False, "finite vectors of every text")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1.1e-5])
def test_a_figure_that_is_no_number_fails(value):
    assert not Check.at_most("it", value, 1e-5).passed
    assert Check.at_most("it", 1e-5, 1e-5).passed
    assert np.isfinite(1e-5)
