"""One device, several, or what accelerate keeps elsewhere: the vectors are the same."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from checkpoints import TEXTS

from tokalign.embedders import load_embedder
from tokalign.embedders.loading import devices, load
from tokalign.embedders.loading.devices import Placement, input_device, output_device, placement
from tokalign.embedders.loading.probes import sees_later_tokens
from tokalign.errors import TokalignError
from tokalign.tokens import decode, load_head


def test_auto_without_a_gpu_is_the_cpu(checkpoint, embedder):
    it = load_embedder(str(checkpoint("llama")), device="auto")
    assert it.device == torch.device("cpu")
    assert np.array_equal(it.encode(TEXTS).vectors, embedder("llama").encode(TEXTS).vectors)


@pytest.fixture
def two_gpus(monkeypatch):
    """What torch would say on a machine with two; nothing is put on them."""
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(devices, "check_device", torch.device)


def test_where_a_model_is_put(two_gpus):
    pytest.importorskip("accelerate", reason="the extra tokalign[lora] is not installed")
    first = torch.device("cuda:0")
    assert placement("auto") == Placement(first, "auto")
    assert placement("cuda:1") == Placement(torch.device("cuda:1"), {"": torch.device("cuda:1")})
    assert placement("cpu") == Placement(torch.device("cpu"))
    cpu = torch.device("cpu")
    assert placement("cpu", quantised=True) == Placement(cpu, {"": cpu})


def test_without_accelerate(two_gpus, monkeypatch):
    monkeypatch.setattr(devices, "find_spec", lambda name: None)
    with pytest.raises(TokalignError, match=r"'auto' spreads .* needs accelerate: pip install"):
        placement("auto")
    with pytest.raises(TokalignError, match="'int4' needs accelerate"):
        placement("cpu", quantised=True)
    assert placement("cuda:1") == Placement(torch.device("cuda:1"))


def same(found, expected):
    lengths = np.linalg.norm(expected.vectors, axis=1)
    return (np.linalg.norm(found.vectors - expected.vectors, axis=1) / lengths).max() < 1e-5


@pytest.mark.parametrize("family", ["llama", "llama-tied", "mistral", "gpt_neo", "opt", "bert"])
def test_a_device_map_of_one_device(checkpoint, embedder, monkeypatch, family):
    pytest.importorskip("accelerate", reason="the extra tokalign[lora] is not installed")
    cpu = torch.device("cpu")
    monkeypatch.setattr(load, "placement", lambda *_, **__: Placement(cpu, {"": "cpu"}))
    it = load_embedder(str(checkpoint(family)))
    assert it.device == input_device(it.model) == output_device(it.model) == cpu
    expected = embedder(family)
    assert same(it.encode(TEXTS), expected.encode(TEXTS))
    assert load_head(it).fingerprint == load_head(expected).fingerprint


SPLITS = {
    "llama": {"embed_tokens": "disk", "layers.0": "cpu", "layers.1": "disk", "norm": "cpu",
              "rotary_emb": "cpu"},
    "llama-tied": {"embed_tokens": "disk", "layers.0": "disk", "layers.1": "cpu", "norm": "disk",
                   "rotary_emb": "cpu"},
    "gpt_neo": {"wte": "cpu", "wpe": "disk", "drop": "cpu", "h.0": "disk", "h.1": "cpu",
                "ln_f": "cpu"},
}  # fmt: skip


@pytest.mark.parametrize("family", SPLITS)
def test_parts_that_lie_elsewhere(checkpoint, embedder, tmp_path, family):
    """The hooks that move states between GPUs, shown with parts on disk: those are on ``meta``."""
    accelerate = pytest.importorskip("accelerate", reason="tokalign[lora] is not installed")
    plain = embedder(family)
    own = load_embedder(str(checkpoint(family)))
    spread = accelerate.dispatch_model(
        own.model, SPLITS[family], main_device="cpu", offload_dir=tmp_path, force_hooks=True
    )
    assert any(p.is_meta for p in spread.parameters())
    it = dataclasses.replace(own, model=spread, device=input_device(spread))
    assert it.device == output_device(spread) == torch.device("cpu")
    assert not sees_later_tokens(spread)
    for more in ({}, {"padding_side": "left", "batch_size": 8}, {"layer": 1}):
        assert same(it.encode(TEXTS, **more), plain.encode(TEXTS, **more))
    # The embeddings' own tensor has no data here, so the head is read from the files.
    head = load_head(it)
    assert not head.matrix.is_meta
    assert head.fingerprint == load_head(plain).fingerprint
    decode(it.encode(TEXTS), head, 3)


def test_the_last_gpu_is_where_a_head_of_its_own_goes(embedder):
    model = torch.nn.Module()
    model.hf_device_map = {"embed_tokens": 0, "layers.0": 0, "layers.1": 1, "norm": 1}
    assert output_device(model) == torch.device("cuda:1")
    model.hf_device_map = {"embed_tokens": "cuda:0", "layers.0": "cpu", "norm": "disk"}
    assert output_device(model) == torch.device("cuda:0")
