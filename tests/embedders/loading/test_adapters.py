"""LoRA adapters over a base, against peft itself."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch
from adapters import make_adapter
from checkpoints import TEXTS, full_model
from safetensors.torch import load_file, save_file

from tokalign.embedders import load_embedder
from tokalign.errors import TokalignError
from tokalign.tokens import decode, load_head

peft = pytest.importorskip("peft", reason="the extra tokalign[lora] is not installed")


def last_states(model, tokenizer):
    vectors = []
    for text in TEXTS:
        ids = torch.tensor([tokenizer(text)["input_ids"]])
        with torch.inference_mode():
            states = model(input_ids=ids, output_hidden_states=True).hidden_states[-1]
        vectors.append(states[0, -1].numpy())
    return np.stack(vectors)


@pytest.mark.parametrize("whole", [True, False], ids=["trained with head", "trained on body"])
@pytest.mark.parametrize("family", ["llama", "opt", "gpt_neo"])
def test_vectors_are_those_of_peft(checkpoint, embedder, relative, tmp_path, family, whole):
    base = checkpoint(family)
    adapted = make_adapter(base, tmp_path, family, whole=whole)
    found = load_embedder(str(tmp_path))
    vectors = found.encode(TEXTS).vectors
    assert relative(vectors, last_states(adapted, found.tokenizer)) < 1e-5
    assert relative(vectors, embedder(family).encode(TEXTS).vectors) > 1e-2
    assert found.recipe.head_owner == str(base)


def test_the_head_is_the_bases(checkpoint, embedder, tmp_path):
    make_adapter(checkpoint("llama"), tmp_path, "llama", whole=True)
    found = load_embedder(str(tmp_path))
    head, base_head = load_head(found), load_head(embedder("llama"))
    assert head.owner == base_head.owner == str(checkpoint("llama"))
    assert head.fingerprint == base_head.fingerprint
    assert decode(found.encode(TEXTS), base_head, 3).ids.shape == (len(TEXTS), 3)
    assert found.fingerprint != embedder("llama").fingerprint


def test_the_base_may_be_named_relative_to_the_adapter(checkpoint, relative, tmp_path):
    shutil.copytree(checkpoint("llama"), tmp_path / "base")
    adapter = tmp_path / "adapter"
    adapted = make_adapter(tmp_path / "base", adapter, "llama", whole=True)
    said = json.loads((adapter / "adapter_config.json").read_text())
    said["base_model_name_or_path"] = "../base"
    (adapter / "adapter_config.json").write_text(json.dumps(said))
    found = load_embedder(str(adapter))
    expected = last_states(adapted, found.tokenizer)
    assert relative(found.encode(TEXTS).vectors, expected) < 1e-5
    assert found.recipe.head_owner == str((tmp_path / "base").resolve())


def test_two_adapters_are_merged_in_turn(checkpoint, relative, tmp_path):
    base = checkpoint("llama")
    for number in (1, 2):
        make_adapter(base, tmp_path / str(number), "llama", whole=True, seed=number)
    recipe = load_embedder(str(tmp_path / "1")).recipe
    both = recipe.model_copy(update={"adapters": (str(tmp_path / "1"), str(tmp_path / "2"))})
    found = load_embedder(both)
    model = full_model(base)
    for number in (1, 2):
        model = peft.PeftModel.from_pretrained(model, tmp_path / str(number)).merge_and_unload()
    assert relative(found.encode(TEXTS).vectors, last_states(model, found.tokenizer)) < 1e-5


def test_without_a_base_it_is_refused(checkpoint, tmp_path):
    make_adapter(checkpoint("llama"), tmp_path, "llama", whole=True)
    path = tmp_path / "adapter_config.json"
    said = json.loads(path.read_text())
    for base, message in ((None, "names no base_model"), ("nowhere/at-all", "neither a folder")):
        path.write_text(json.dumps({**said, "base_model_name_or_path": base}))
        with pytest.raises(TokalignError, match=message):
            load_embedder(str(tmp_path))


def test_over_another_architecture_it_is_refused(checkpoint, tmp_path):
    make_adapter(checkpoint("gpt_neo"), tmp_path, "gpt_neo", whole=True)
    path = tmp_path / "adapter_config.json"
    said = json.loads(path.read_text())
    path.write_text(json.dumps({**said, "base_model_name_or_path": str(checkpoint("llama"))}))
    with pytest.raises(TokalignError, match=r"does not fit its base, which has no .*h.0"):
        load_embedder(str(tmp_path))


def test_tensors_that_are_missing_are_an_error(checkpoint, tmp_path):
    make_adapter(checkpoint("llama"), tmp_path, "llama", whole=True)
    path = tmp_path / "adapter_model.safetensors"
    tensors = load_file(path)
    del tensors[sorted(tensors)[0]]
    save_file(tensors, path)
    with pytest.raises(TokalignError, match=r"does not fit its base: .*missing adapter keys"):
        load_embedder(str(tmp_path))


def test_another_kind_of_adapter_is_refused(checkpoint, tmp_path):
    model = full_model(checkpoint("llama"))
    config = peft.PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=2)
    peft.get_peft_model(model, config).save_pretrained(tmp_path)
    path = tmp_path / "adapter_config.json"
    said = json.loads(path.read_text())
    path.write_text(json.dumps({**said, "base_model_name_or_path": str(checkpoint("llama"))}))
    with pytest.raises(TokalignError, match="does not fit its base"):
        load_embedder(str(tmp_path))
