"""Exported folders load by the package's own loader and give the trainer's own vectors."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open

from tokalign.embedders import load_embedder
from tokalign.errors import TokalignError
from tokalign.train.contrastive.examples import Example
from tokalign.train.contrastive.export import agreement, best_dtype, export
from tokalign.train.contrastive.layouts import materialise
from tokalign.train.contrastive.mixture import Mixture
from tokalign.train.contrastive.plans import Phase, Plan, Source, plan
from tokalign.train.contrastive.reader import Reader
from tokalign.train.contrastive.starting import load_backbone
from tokalign.train.contrastive.trainer import Training
from tokalign.train.packing import Sequences

NOTES = {"licence": "CC BY-SA 4.0", "steps": 3}
Train = Callable[..., Reader]


@pytest.fixture
def train(backbone: Any, examples: list[Example], packed: Path, tmp_path: Path) -> Train:
    """Three steps of the last phase of a plan, on a tiny model."""

    def run(made: Plan, phase: Phase, name: str, adapters: tuple[Path, ...] = ()) -> Reader:
        model, tokenizer = load_backbone(backbone(name), adapters)
        fields = {"sources": (Source(name="nli"),), "batch": 6, "lr": 2e-2, "warmup": 0,
                  "rank": 2, "sequences": min(phase.sequences, 2)}  # fmt: skip
        if phase.objective == "mntp":
            fields["sources"] = ()
        run = Training(
            tmp_path / f"run-{made.name}-{phase.objective}", model, tokenizer,
            made.recipe("unused").model_copy(update={"max_length": 60}),
            Phase.model_validate({**phase.model_dump(), **fields}),
            mixture=Mixture([Source(name="nli")], {"nli": examples}, 0),
            sequences=Sequences(packed, 20, 1, 0),
        )  # fmt: skip
        list(run.go(steps=3))
        return run.reader

    return run


def _texts(examples: list[Example]) -> list[str]:
    return [e.anchor for e in examples[:12]]


@pytest.mark.parametrize("name", ["mini-sgpt-nli", "mini-sgpt-msmarco"])
def test_a_sentence_transformers_folder(
    name: str, train: Train, backbone: Any, examples: list[Example], tmp_path: Path
) -> None:
    made = plan(name)
    reader = train(made, made.phases[-1], "gpt-neo")
    export(reader, made, tmp_path / "delta", base="../gpt-neo", dtype="float32", notes=NOTES)
    materialise(tmp_path / "delta", backbone("gpt-neo"), tmp_path / "whole")
    embedder = load_embedder(str(tmp_path / "whole"))
    assert (embedder.recipe.pooling, embedder.recipe.readout) == ("weighted_mean", "lm_head")
    assert embedder.recipe.max_length == min(made.reading["max_length"], 64)
    expected = reader.encode(_texts(examples))
    vectors = embedder.encode(_texts(examples)).vectors
    assert np.allclose(vectors, expected, atol=1e-5)
    laid_over = made.recipe(
        str(backbone("gpt-neo")), (str(tmp_path / "delta"),), max_length=embedder.recipe.max_length
    )
    assert np.array_equal(load_embedder(laid_over).encode(_texts(examples)).vectors, vectors)
    with safe_open(tmp_path / "delta" / "delta.safetensors", framework="pt") as file:
        names = set(file.keys())
        assert file.metadata()["licence"] == "CC BY-SA 4.0"
    if name == "mini-sgpt-msmarco":
        assert names
        assert all(n.endswith(".bias") for n in names)
    assert not any("wte" in n for n in names)


def test_sentence_transformers_itself_reads_the_folder(
    train: Train, backbone: Any, examples: list[Example], tmp_path: Path
) -> None:
    package = pytest.importorskip("sentence_transformers")
    made = plan("mini-sgpt-nli")
    reader = train(made, made.phases[-1], "gpt-neo")
    export(reader, made, tmp_path / "delta", base="../gpt-neo", dtype="float32", notes=NOTES)
    materialise(tmp_path / "delta", backbone("gpt-neo"), tmp_path / "whole")
    model = package.SentenceTransformer(str(tmp_path / "whole"), device="cpu")
    found = model.encode(_texts(examples), batch_size=1)
    assert np.allclose(found, reader.encode(_texts(examples)), atol=1e-4)


@pytest.mark.parametrize(
    ("name", "architecture"), [("mini-opt-eol-cse", "opt"), ("mini-llama-eol-cse", "llama")]
)
def test_an_adapter_folder(
    name: str, architecture: str, train: Train, backbone: Any, examples: list[Example],
    tmp_path: Path,
) -> None:  # fmt: skip
    made = plan(name)
    reader = train(made, made.phases[-1], architecture)
    folder = tmp_path / made.name
    export(reader, made, folder, base="some/base", dtype="float32", notes=NOTES)
    assert {p.name for p in folder.iterdir()} == {
        "adapter_config.json", "adapter_model.safetensors", "manifest.json",
    }  # fmt: skip
    said = json.loads((folder / "adapter_config.json").read_text())
    assert said["base_model_name_or_path"] == "some/base"
    assert str(tmp_path) not in (folder / "adapter_config.json").read_text()
    recipe = made.recipe(str(backbone(architecture)), (str(folder),), max_length=60)
    found = load_embedder(recipe).encode(_texts(examples)).vectors
    assert np.allclose(found, reader.encode(_texts(examples)), atol=1e-5)
    plain = load_embedder(recipe.model_copy(update={"adapters": ()}))
    assert not np.allclose(plain.encode(_texts(examples)).vectors, found, atol=1e-3)


def test_two_adapters_in_turn(
    train: Train, backbone: Any, examples: list[Example], tmp_path: Path
) -> None:
    made = plan("mini-llm2vec")
    first = train(made, made.phases[0], "mistral")
    folders = tmp_path / "mini-llm2vec-mntp", tmp_path / "mini-llm2vec"
    export(first, made, folders[0], base=str(backbone("mistral")), dtype="float32", notes=NOTES)
    second = train(made, made.phases[1], "mistral", (folders[0],))
    export(second, made, folders[1], base="../mini-llm2vec-mntp", dtype="float32", notes=NOTES)
    adapters = tuple(map(str, folders))
    recipe = made.recipe(str(backbone("mistral")), adapters, max_length=60)
    found = load_embedder(recipe).encode(_texts(examples)).vectors
    assert np.allclose(found, second.encode(_texts(examples)), atol=1e-5)
    # What lies over what can be read off the folders themselves.
    assert load_embedder(str(folders[1])).recipe.adapters == adapters


def test_a_unified_checkpoint(
    train: Train, backbone: Any, examples: list[Example], tmp_path: Path
) -> None:
    from tokalign.tokens import load_head

    made = plan("mini-gritlm")
    reader = train(made, made.phases[-1], "mistral")
    export(reader, made, tmp_path / "delta", base="../mistral", dtype="float32", notes=NOTES)
    materialise(tmp_path / "delta", backbone("mistral"), tmp_path / "whole")
    embedder = load_embedder(str(tmp_path / "whole"))
    assert embedder.recipe.attention == "bidirectional"
    assert embedder.recipe.normalise
    found = embedder.encode(_texts(examples)).unnormalised().vectors
    assert np.allclose(found, reader.encode(_texts(examples)), atol=1e-5)
    asked = embedder.encode(_texts(examples), instruction="What is it about")
    assert not np.allclose(asked.unnormalised().vectors, found, atol=1e-3)
    # Its head is its own: it was trained on.
    head = load_head(embedder)
    own = reader.model.get_output_embeddings().weight.detach()
    assert torch.equal(head.matrix, own[head.ids])
    before = load_backbone(backbone("mistral"))[0].get_output_embeddings().weight
    assert not torch.equal(head.matrix, before[head.ids])


def test_formats_are_measured(train: Train, examples: list[Example], tmp_path: Path) -> None:
    made = plan("mini-sgpt-nli")
    reader = train(made, made.phases[-1], "gpt-neo")
    texts = _texts(examples)
    weights = {n: p.detach().clone() for n, p in reader.model.named_parameters()}
    assert agreement(reader, torch.float32, texts) == 1.0
    name, found = best_dtype(reader, texts)
    assert found[name] == max(found.values()) > 0.9
    for key, parameter in reader.model.named_parameters():
        assert torch.equal(parameter, weights[key])
    for dtype in ("float16", "bfloat16"):
        export(reader, made, tmp_path / dtype, base="b", dtype=dtype, notes=NOTES)
    sizes = {d: (tmp_path / d / "delta.safetensors").stat().st_size for d in ("float16",)}
    trained = sum(p.numel() for p in reader.model.parameters() if p.requires_grad)
    assert sizes["float16"] < 2 * trained + 10_000
    said = json.loads((tmp_path / "float16" / "manifest.json").read_text())
    assert said["dtype"] == "float16"
    assert said["licence"] == "CC BY-SA 4.0"
    assert said["phases"][0]["method"] == "full"


def test_errors_of_export(train: Train, backbone: Any, tmp_path: Path) -> None:
    made = plan("mini-sgpt-nli")
    reader = train(made, made.phases[-1], "gpt-neo")
    with pytest.raises(TokalignError, match="unknown dtype 'int8'"):
        export(reader, made, tmp_path / "a", base="b", dtype="int8", notes=NOTES)
    export(reader, made, tmp_path / "delta", base="b", dtype="float32", notes=NOTES)
    with pytest.raises(TokalignError, match="does not fit"):
        materialise(tmp_path / "delta", backbone("opt"), tmp_path / "whole")
    with pytest.raises(TokalignError, match="describes no delta"):
        materialise(tmp_path, backbone("gpt-neo"), tmp_path / "whole")
    with torch.no_grad():
        next(p for p in reader.model.parameters() if p.requires_grad).fill_(1e9)
    with pytest.raises(TokalignError, match="float16 cannot hold"):
        export(reader, made, tmp_path / "c", base="b", dtype="float16", notes=NOTES)
    with pytest.raises(TokalignError, match="is not opened"):
        load_backbone(tmp_path)
