"""Deltas over a base: the same vectors as a whole model with those tensors."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch
from adapters import make_adapter
from checkpoints import TEXTS, full_model
from safetensors.torch import save_file

from tokalign.embedders import load_embedder
from tokalign.embedders.recipes.recipe import Recipe
from tokalign.errors import TokalignError
from tokalign.tokens import load_head

ENTRY = {"readout": "lm_head", "pooling": "last", "attention": "causal", "max_length": 64}


def moved(base, folder, chosen, *, whole=True, seed=0):
    """A delta in `folder` with noise on the chosen tensors, and the model that has it in it."""
    model = full_model(base)
    drawn = torch.Generator().manual_seed(seed)
    tensors = {}
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            inner = name.removeprefix(f"{model.base_model_prefix}.")
            if chosen(name) and inner != name:
                parameter += torch.randn(parameter.shape, generator=drawn)
                tensors[name if whole else inner] = parameter.detach().clone()
    folder.mkdir(parents=True)
    save_file(tensors, folder / "delta.safetensors")
    return model


def loaded(base, *adapters, dtype="float32"):
    recipe = Recipe(name="x", checkpoint=str(base), adapters=tuple(map(str, adapters)), **ENTRY)
    return load_embedder(recipe, dtype=dtype)


@pytest.mark.parametrize("whole", [True, False], ids=["named with head", "named in body"])
@pytest.mark.parametrize("family", ["llama", "opt", "gpt_neo", "mistral"])
def test_vectors_are_those_of_the_whole_model(
    checkpoint, embedder, relative, tmp_path, family, whole
):
    base = checkpoint(family)
    chosen = (lambda name: "bias" in name) if family in ("opt", "gpt_neo") else lambda name: True
    model = moved(base, tmp_path / "delta", chosen, whole=whole)
    shutil.copytree(base, tmp_path / "whole")
    model.save_pretrained(tmp_path / "whole")
    expected = loaded(tmp_path / "whole").encode(TEXTS).vectors
    found = loaded(base, tmp_path / "delta")
    np.testing.assert_array_equal(found.encode(TEXTS).vectors, expected)
    plain = loaded(base)
    assert relative(plain.encode(TEXTS).vectors, expected) > 1e-2
    assert found.fingerprint != plain.fingerprint
    # The head stays the base's, whatever has happened to the embeddings that it may be tied to.
    assert load_head(found).fingerprint == load_head(plain).fingerprint


def test_it_may_lie_over_a_lora_adapter_and_under_one(checkpoint, relative, tmp_path):
    pytest.importorskip("peft", reason="the extra tokalign[lora] is not installed")
    base = checkpoint("opt")
    make_adapter(base, tmp_path / "lora", "opt", whole=True)
    moved(base, tmp_path / "delta", lambda name: name.endswith("layer_norm.bias"))
    found = [
        loaded(base, *(tmp_path / name for name in names)).encode(TEXTS).vectors
        for names in (("lora", "delta"), ("delta", "lora"), ("lora",), ("delta",))
    ]
    # They touch different tensors, so their order does not matter.
    assert relative(found[0], found[1]) < 1e-6
    assert relative(found[0], found[2]) > 1e-2
    assert relative(found[0], found[3]) > 1e-2


@pytest.mark.parametrize(
    ("name", "shape"),
    [("transformer.h.9.ln_1.bias", (32,)), ("transformer.ln_f.bias", (3,)),
     ("lm_head.weight", (4, 4)), ("ln_f.nothing", (1,))],
)  # fmt: skip
def test_a_delta_of_another_model_is_refused(checkpoint, tmp_path, name, shape):
    save_file({name: torch.zeros(shape)}, tmp_path / "delta.safetensors")
    with pytest.raises(TokalignError, match=f"does not fit its base, which has no .*{name[-5:]}"):
        loaded(checkpoint("gpt_neo"), tmp_path)


def test_quantised_weights_cannot_take_it(checkpoint, tmp_path, monkeypatch):
    from tokalign.embedders.loading.adapters import apply_adapters

    moved(checkpoint("gpt_neo"), tmp_path / "delta", lambda name: "bias" in name)
    with pytest.raises(TokalignError, match="cannot take; allowed: dtype float32"):
        apply_adapters(None, [tmp_path / "delta"], quantised=True)
