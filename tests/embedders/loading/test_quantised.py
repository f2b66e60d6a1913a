"""8 and 4 bit: near the vectors in float32, whatever the batch; adapters stay beside them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from checkpoints import TEXTS

from tokalign.embedders import load_embedder
from tokalign.embedders.inspecting.inspection import inspect_folder
from tokalign.embedders.loading import quantisation
from tokalign.embedders.loading.memory import estimate_memory
from tokalign.errors import TokalignError
from tokalign.tokens import decode, load_head

LIBRARY = {"int8": "torchao", "int4": "bitsandbytes"}
#: Smallest mean cosine with the vectors in float32. Weights at random are the worst case for 4
#: bits: nothing in them is redundant.
NEAR = {"int8": 0.999, "int4": 0.8}


def need(dtype):
    for name in (LIBRARY[dtype], "accelerate"):
        pytest.importorskip(name, reason="the extra tokalign[quantised] is not installed")


def cosines(found, expected):
    product = (found * expected).sum(axis=1)
    return product / np.linalg.norm(found, axis=1) / np.linalg.norm(expected, axis=1)


@pytest.mark.parametrize("dtype", LIBRARY)
def test_without_the_library(checkpoint, monkeypatch, dtype):
    monkeypatch.setattr(quantisation, "find_spec", lambda name: None)
    with pytest.raises(TokalignError) as error:
        load_embedder(str(checkpoint("llama")), dtype=dtype)
    assert str(error.value) == (
        f"dtype {dtype!r} needs {LIBRARY[dtype]}: pip install 'tokalign[quantised]'; "
        "allowed without it: float32, bfloat16, float16"
    )


@pytest.mark.parametrize("dtype", LIBRARY)
@pytest.mark.parametrize("name", ["llama", "llama-tied", "mistral", "gpt_neo", "opt", "bert"])
def test_near_float32_whatever_the_batch(checkpoint, embedder, relative, name, dtype):
    need(dtype)
    plain = embedder(name)
    it = load_embedder(str(checkpoint(name)), dtype=dtype)
    found, expected = it.encode(TEXTS), plain.encode(TEXTS)
    assert cosines(found.vectors, expected.vectors).mean() > NEAR[dtype]
    assert relative(found.vectors, expected.vectors) > 1e-4  # it is quantised indeed
    one_by_one = it.encode(TEXTS, batch_size=1).vectors
    for side in ("right", "left"):
        batch = it.encode(TEXTS, batch_size=len(TEXTS), padding_side=side).vectors
        assert relative(batch, one_by_one) < 1e-5
    head = load_head(it)
    assert head.matrix.dtype == torch.float32
    assert head.fingerprint == load_head(plain).fingerprint
    decode(found if head.linear else found.unnormalised(), head, 3)


@pytest.mark.parametrize("dtype", LIBRARY)
def test_it_takes_less_memory_as_estimated(checkpoint, dtype):
    need(dtype)
    folder = checkpoint("llama", tag="wide", hidden_size=256, intermediate_size=512)
    it = load_embedder(str(folder), dtype=dtype)
    floats = {n: p for n, p in it.model.named_parameters() if type(p) is torch.nn.Parameter}
    assert all("norm" in n or "embed" in n for n in floats)
    state = it.model.state_dict()
    linear = 0
    for name, value in state.items():
        if name in floats:
            continue
        inner = getattr(value, "__tensor_flatten__", None)  # torchao's weights are made of several
        parts = [getattr(value, n) for n in inner()[0]] if inner else [value]
        linear += sum(part.nbytes for part in parts)
    took = linear + sum(p.nbytes for p in floats.values())
    assert took == pytest.approx(
        estimate_memory(inspect_folder(folder), dtype=dtype).weights, rel=0.05
    )


def test_what_cannot_be_quantised(checkpoint):
    need("int8")
    with pytest.raises(TokalignError, match="torchao finds no layer to quantise in GPT2Model"):
        load_embedder(str(checkpoint("gpt2")), dtype="int8")


def test_loading_is_silent(checkpoint, capfd):
    for dtype in LIBRARY:
        need(dtype)
        load_embedder(str(checkpoint("bert")), dtype=dtype)
    out, err = capfd.readouterr()
    assert out + err == ""


def adapted(checkpoint, tmp_path, count, **more):
    pytest.importorskip("peft", reason="the extra tokalign[lora] is not installed")
    from adapters import make_adapter

    base = checkpoint("llama")
    folders = [tmp_path / str(number) for number in range(count)]
    for number, folder in enumerate(folders):
        make_adapter(base, folder, "llama", whole=number % 2 == 0, seed=number, **more)
    recipe = inspect_folder(folders[0])
    return recipe.model_copy(update={"adapters": tuple(map(str, folders))})


@pytest.mark.parametrize("dtype", LIBRARY)
@pytest.mark.parametrize("count", [1, 2])
def test_adapters_stay_beside_the_weights_and_add_up(
    checkpoint, embedder, relative, tmp_path, dtype, count
):
    need(dtype)
    recipe = adapted(checkpoint, tmp_path, count)
    merged = load_embedder(recipe).encode(TEXTS).vectors
    it = load_embedder(recipe, dtype=dtype)
    assert type(it.model).__name__ == "LlamaModel"
    found = it.encode(TEXTS).vectors
    near = cosines(found, merged).mean()
    assert near > NEAR[dtype] - 0.1 * (dtype == "int4")
    # Each of them counts: without the last, or without any, the vectors are others.
    fewer = recipe.model_copy(update={"adapters": recipe.adapters[:-1]})
    assert cosines(load_embedder(fewer, dtype=dtype).encode(TEXTS).vectors, merged).mean() < near
    assert cosines(embedder("llama").encode(TEXTS).vectors, merged).mean() < 0.5
    assert relative(it.encode(TEXTS, batch_size=8).vectors, found) < 1e-5
    load_head(it)


def test_adapters_that_do_not_add_up_are_refused(checkpoint, tmp_path):
    need("int8")
    recipe = adapted(checkpoint, tmp_path, 2, use_dora=True)
    with pytest.raises(TokalignError, match=r"has DoRA, so it cannot be added to another adapter"):
        load_embedder(recipe, dtype="int8")
    load_embedder(recipe)  # in float32 they are merged in turn
