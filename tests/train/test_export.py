from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from safetensors import safe_open
from transformers import AutoModelForCausalLM

from tokalign.embedders import load_embedder
from tokalign.errors import TokalignError
from tokalign.tokens import load_head
from tokalign.train.architectures import ARCHITECTURES, build_model
from tokalign.train.export import best_dtype, export, mean_loss
from tokalign.train.manifest import export_run
from tokalign.train.packing import Sequences
from tokalign.train.run_folder import RunFolder
from tokalign.train.settings import Settings

TEXT = "The band of Oslo was founded in 1931."


@pytest.fixture(scope="module")
def exported(tmp_path_factory, shape, tokenizer):
    """Give the folder of an exported model whose biases and norms all matter."""

    def make(name):
        folder = tmp_path_factory.mktemp(name) / f"mini-{name}"
        model = build_model(name, shape, seed=0)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter += 0.1 * torch.randn_like(parameter)
        export(model, Settings(name, shape), tokenizer, folder, dtype="float16")
        return folder

    return make


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_an_exported_model_is_an_embedder_whose_head_gives_its_logits(exported, name):
    folder = exported(name)
    embedder = load_embedder(str(folder))
    assert embedder.recipe.role == "backbone"
    assert embedder.recipe.max_length == 32
    head = load_head(embedder)
    vectors = torch.from_numpy(embedder.encode([TEXT]).vectors)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    assert model.dtype == torch.float32
    ids = torch.tensor(embedder.tokenizer([TEXT])["input_ids"])
    logits = model(input_ids=ids, use_cache=False).logits[:, -1]
    torch.testing.assert_close(vectors @ head.matrix.float().T, logits, atol=1e-4, rtol=1e-4)
    assert (head.ids == torch.arange(logits.shape[1])).all()


@pytest.fixture(scope="module")
def run(tmp_path_factory, start):
    """The folder of a run that has ended."""
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tokalign.train.run_folder.FIRST_SNAPSHOT", 1000)
        list(start(folder).go(tokens=5120))
    return folder


def test_the_manifest_tells_how_the_model_was_made(tmp_path, run, data, tokenizer_file, settings):
    folder = tmp_path / "mini-gpt-neo"
    made = export_run(run, data / "validation.bin", tokenizer_file, folder)
    assert json.loads((folder / "manifest.json").read_text("utf-8")) == made
    assert made["name"] == "mini-gpt-neo"
    assert made["tokens"] == 5120
    assert made["settings"] == settings.plain()
    assert made["data"]["train"]["sources"][0]["file"] == "toy.jsonl.xz"
    assert made["licence"] == "CC-BY-SA-3.0"
    assert made["dtype"] == max(made["top_10_kept"], key=made["top_10_kept"].get)
    assert made["held_out"]["perplexity"] == pytest.approx(math.exp(made["held_out"]["loss"]),
                                                           rel=1e-3)  # fmt: skip
    assert [line["tokens"] for line in made["log"]] == [1024, 2048, 3072, 4096, 5120]
    text = (folder / "manifest.json").read_text("utf-8")
    assert str(run) not in text
    assert str(data) not in text
    with safe_open(folder / "model.safetensors", "pt") as file:
        assert file.metadata()["licence"] == "CC-BY-SA-3.0"
    with pytest.raises(TokalignError, match="is no snapshot"):
        export_run(run, data / "validation.bin", tokenizer_file, folder,
                   weights=folder / "model.safetensors")  # fmt: skip


def test_a_snapshot_can_be_exported(tmp_path, run, data, tokenizer_file):
    tokens, weights = next(iter(RunFolder(run).snapshots().items()))
    early, late = (
        export_run(run, data / "validation.bin", tokenizer_file, tmp_path / name, weights=w,
                   dtype="bfloat16")
        for name, w in (("early", weights), ("late", None))
    )  # fmt: skip
    assert (early["tokens"], early["steps"]) == (tokens, 8)
    assert early["dtype"] == "bfloat16"
    assert early["held_out"]["loss"] > late["held_out"]["loss"]
    assert len(early["log"]) == 1


def test_the_mean_loss_is_over_tokens(shape, data):
    model = build_model("llama", shape, seed=0)
    held_out = Sequences(data / "validation.bin", shape.positions, 1, 0)
    count, loss = mean_loss(model, held_out, count=19)
    ids = torch.from_numpy(held_out.span(0, 19))
    with torch.no_grad():
        logits = model(input_ids=ids[:, :-1]).logits
    expected = torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())
    assert count == 19 * shape.positions
    assert loss == pytest.approx(float(expected), rel=1e-5)


def test_a_format_that_cannot_hold_the_weights_is_refused(tmp_path, shape, tokenizer):
    model = build_model("opt", shape, seed=0)
    with torch.no_grad():
        model.get_input_embeddings().weight[5, 5] = 1e6
    with pytest.raises(TokalignError, match="values that float16 cannot hold"):
        export(model, Settings("opt", shape), tokenizer, tmp_path / "x", dtype="float16")
    with pytest.raises(TokalignError, match="unknown dtype"):
        export(model, Settings("opt", shape), tokenizer, tmp_path / "x", dtype="int8")
    assert not (tmp_path / "x").exists()


def test_sixteen_bits_keep_most_of_the_top_ten(shape):
    model = build_model("mistral", shape, seed=0)
    kept = best_dtype(model, np.arange(3, 35)[None])
    assert list(kept) == ["float16", "bfloat16"]
    assert kept["float16"] > 0.97


def test_another_tokenizer_is_refused(tmp_path, run, data, tokenizer):
    tokenizer.save(str(tmp_path / "other.json"), pretty=False)
    with pytest.raises(TokalignError, match="trained with another tokenizer"):
        export_run(run, data / "validation.bin", tmp_path / "other.json", tmp_path / "x")
