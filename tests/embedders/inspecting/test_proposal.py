"""The entry that is proposed: its name, its pinned commits, what the user sets."""

from __future__ import annotations

import json
import shutil

import pytest
from checkpoints import full_model
from layouts import adapter_folder

from tokalign.embedders.files import checkpoints
from tokalign.embedders.inspecting.proposal import propose
from tokalign.errors import TokalignError

COMMITS = {"owner/base-model": "a" * 40, "owner/lora": "b" * 40}


def test_a_folder_gives_absolute_paths(checkpoint, monkeypatch):
    folder = checkpoint("llama")
    monkeypatch.chdir(folder.parent)
    recipe = propose(f"./{folder.name}")
    assert (recipe.name, recipe.checkpoint) == ("llama", str(folder))
    assert recipe.revision is None
    assert str(folder) in recipe.source
    assert recipe.parameters == sum(p.numel() for p in full_model(folder).parameters())


def test_a_hub_id_is_pinned_to_its_commit(checkpoint, tmp_path, monkeypatch):
    cached = tmp_path / "snapshots" / ("a" * 40)
    shutil.copytree(checkpoint("llama"), cached)
    monkeypatch.setattr(checkpoints, "_from_hub", lambda *_: cached)
    recipe = propose("owner/model")
    assert (recipe.name, recipe.checkpoint) == ("model", "owner/model")
    assert recipe.revision == "a" * 40
    # Laid there by hand, it has no commit.
    by_hand = shutil.copytree(cached, tmp_path / "model")
    monkeypatch.setattr(checkpoints, "_from_hub", lambda *_: by_hand)
    assert propose("owner/model").revision is None


def test_an_adapter_on_the_hub_is_pinned_and_so_is_its_base(checkpoint, tmp_path, monkeypatch):
    pytest.importorskip("peft", reason="the extra tokalign[lora] is not installed")
    places = {}
    for name, commit in COMMITS.items():
        places[name] = tmp_path / name / "snapshots" / commit
        places[name].parent.mkdir(parents=True)
    shutil.copytree(checkpoint("llama"), places["owner/base-model"])
    adapter_folder(checkpoint("llama"), places["owner/lora"], named="owner/base-model")
    monkeypatch.setattr(checkpoints, "_from_hub", lambda repo, _: places[repo])
    recipe = propose("owner/lora")
    assert (recipe.name, recipe.checkpoint) == ("lora", "owner/base-model")
    assert recipe.revision == COMMITS["owner/base-model"]
    assert recipe.adapters == (f"owner/lora@{COMMITS['owner/lora']}",)


@pytest.mark.parametrize(
    ("field", "written", "value"),
    [
        ("template", "query: {text}", "query: {text}"),
        ("normalise", "true", True),
        ("max_length", "40", 40),
        ("brackets", '["[", "]"]', ("[", "]")),
        ("end_token", "</s>", "</s>"),
        ("end_token", "null", None),
        ("adapters", "owner/lora", ("owner/lora",)),
        ("adapters", "[owner/a, owner/b]", ("owner/a", "owner/b")),
        ("sha256", "{model.safetensors: abc}", {"model.safetensors": "abc"}),
    ],
)
def test_values_as_a_person_writes_them(checkpoint, field, written, value):
    recipe = propose(str(checkpoint("llama")), fields=[(field, written)])
    assert getattr(recipe, field) == value


def test_a_folder_whose_name_cannot_be_one_needs_another(checkpoint, tmp_path):
    (tmp_path / "my model").symlink_to(checkpoint("llama"), target_is_directory=True)
    odd = tmp_path / "a,b"
    odd.mkdir()
    for path in checkpoint("llama").iterdir():
        (odd / path.name).symlink_to(path)
    with pytest.raises(TokalignError, match=r"'a,b' cannot be a name.*--name"):
        propose(str(odd))
    assert propose(str(odd), "fine").name == "fine"


def test_a_registry_name_is_refused_even_where_a_folder_has_it(checkpoint, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "all-minilm-l6-v2").symlink_to(checkpoint("bert"), target_is_directory=True)
    with pytest.raises(TokalignError, match=r"written ./all-minilm-l6-v2"):
        propose("all-minilm-l6-v2")
    assert json.loads(propose("./all-minilm-l6-v2").model_dump_json())["name"] == "bert"
