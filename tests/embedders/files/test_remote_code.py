"""Code of a checkpoint is run where the user has named that very checkpoint, and nowhere else."""

from __future__ import annotations

import json
import shutil
import sys

import numpy as np
import pytest
import torch
from checkpoints import TEXTS
from safetensors.torch import load_file

from tokalign.embedders import Recipe, load_embedder
from tokalign.embedders.files import checkpoints
from tokalign.embedders.files.remote_code import VARIABLE, trusted
from tokalign.errors import TokalignError
from tokalign.tokens import decode, load_head

CODE = {
    "configuration_own.py": """
from transformers import LlamaConfig
class OwnConfig(LlamaConfig):
    model_type = "own-kind"
""",
    "modeling_own.py": """
from transformers import LlamaModel
from .configuration_own import OwnConfig
class OwnModel(LlamaModel):
    config_class = OwnConfig
""",
}


@pytest.fixture(scope="module")
def modules(tmp_path_factory):
    """Where transformers puts code that it runs: one place, since Python keeps what it imported."""
    return str(tmp_path_factory.mktemp("modules"))


@pytest.fixture
def own_code(checkpoint, tmp_path, monkeypatch, modules):
    """A LLaMA that says it is of a kind of its own; importing its code leaves a trace."""
    folder = shutil.copytree(checkpoint("llama"), tmp_path / "with-code")
    trace = tmp_path / "it-ran"
    for name, code in CODE.items():
        (folder / name).write_text(f"open({str(trace)!r}, 'a').write('x')\n{code}")
    said = json.loads((folder / "config.json").read_text())
    said["model_type"] = "own-kind"
    said["auto_map"] = {
        "AutoConfig": "configuration_own.OwnConfig", "AutoModel": "modeling_own.OwnModel",
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(said))
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", modules)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(checkpoints, "_from_hub", lambda *_: folder)
    monkeypatch.setattr(checkpoints, "_is_local", lambda *_: True)
    recipe = Recipe(
        name="own", checkpoint="owner/with-code", readout="lm_head", pooling="last",
        attention="causal", max_length=64,
    )  # fmt: skip
    return recipe, folder, trace


@pytest.mark.parametrize(
    "named", [None, "", "owner/other", "owner/with", "owner", "with-code", "*"]
)
def test_it_is_not_run_unless_named(own_code, monkeypatch, named):
    recipe, folder, trace = own_code
    if named is not None:
        monkeypatch.setenv(VARIABLE, named)
    for one in (recipe, recipe.model_copy(update={"checkpoint": str(folder)})):
        with pytest.raises(TokalignError, match=rf"not run unless {VARIABLE} names its hub id"):
            load_embedder(one)
    assert not trace.exists()


def test_it_is_run_where_it_is_named(own_code, monkeypatch, embedder):
    recipe, folder, trace = own_code
    monkeypatch.setenv(VARIABLE, "owner/other, owner/with-code")
    it = load_embedder(recipe)
    assert trace.exists()
    assert type(it.model).__name__ == "OwnModel"
    plain = embedder("llama", pooling="last")
    vectors = it.encode(TEXTS)
    assert np.allclose(vectors.vectors, plain.encode(TEXTS).vectors, atol=1e-5)
    found = decode(vectors, load_head(it), 3)
    assert np.array_equal(found.ids, decode(plain.encode(TEXTS), load_head(plain), 3).ids)
    # Trust is in a name on the hub: a folder, even the same, has none.
    with pytest.raises(TokalignError, match="not run unless"):
        load_embedder(recipe.model_copy(update={"checkpoint": str(folder)}))


def test_pickles_are_not_opened_even_then(own_code, monkeypatch):
    recipe, folder, _ = own_code
    monkeypatch.setenv(VARIABLE, "owner/with-code")
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(TokalignError, match=r"only pytorch_model.bin, a pickle"):
        load_embedder(recipe)


def test_what_is_trusted(monkeypatch):
    monkeypatch.setenv(VARIABLE, "owner/name,/tmp/folder")
    assert trusted("owner/name")
    assert trusted("owner/name@0123abc")
    for other in ("owner/names", "Owner/name", "name", "/tmp/folder", "owner/name/inner", ""):
        assert not trusted(other)
