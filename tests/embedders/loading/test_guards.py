"""What cannot be loaded is refused in one line that says what was wrong and what is allowed."""

from __future__ import annotations

import json
import shutil

import pytest
import torch
from checkpoints import TEXTS, build
from safetensors.torch import load_file, save_file

from tokalign.embedders import find_recipe, is_available, load_embedder
from tokalign.embedders.files import checkpoints
from tokalign.embedders.inspecting.inspection import inspect_folder
from tokalign.errors import TokalignError


@pytest.fixture
def copy(checkpoint, tmp_path):
    def make(name, **more):
        return shutil.copytree(checkpoint(name, **more), tmp_path / "model")

    return make


def refused(folder, message):
    with pytest.raises(TokalignError, match=message) as error:
        load_embedder(str(folder))
    assert "\n" not in str(error.value)


def edit(folder, **changes):
    path = folder / "config.json"
    said = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({k: v for k, v in said.items() if v is not None}))


SHARDS = {"tag": "sharded", "save": {"max_shard_size": "30KB"}}


def test_truncated_weights(copy):
    folder = copy("llama")
    weights = folder / "model.safetensors"
    for size in (weights.stat().st_size - 10, 100, 3, 0):
        weights.write_bytes(weights.read_bytes()[:size])
        refused(folder, "model.safetensors cannot be read as safetensors.*truncated or altered")


def test_sharded_weights_load_and_a_missing_shard_is_refused(copy, embedder, relative):
    folder = copy("llama", **SHARDS)
    found = load_embedder(str(folder)).encode(TEXTS).vectors
    assert relative(found, embedder("llama").encode(TEXTS).vectors) < 1e-5
    shards = sorted(folder.glob("model-*.safetensors"))
    assert len(shards) > 2
    shards[1].unlink()
    refused(folder, f"lacks {shards[1].name}, which its index names")


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ("{", "is not a safetensors index"),
        ('{"weight_map": {"a": "../b.safetensors"}}', "names files outside its own folder"),
    ],
)
def test_a_bad_index(copy, index, message):
    folder = copy("llama", **SHARDS)
    (folder / "model.safetensors.index.json").write_text(index)
    refused(folder, message)


def test_a_layer_without_weights(copy):
    folder = copy("llama")
    edit(folder, num_hidden_layers=3, layer_types=None)
    refused(folder, "weights do not fit config.json: 9 tensors missing, 0 of another shape")


def test_a_tensor_that_is_missing(copy):
    folder = copy("bert")
    tensors = load_file(folder / "model.safetensors")
    del tensors["bert.encoder.layer.1.attention.self.query.bias"]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    refused(folder, "1 tensors missing.*encoder.layer.1.attention.self.query.bias")


def test_weights_of_another_width(copy):
    folder = copy("llama")
    edit(folder, intermediate_size=40)
    refused(folder, "(?i)(cannot be loaded|do not fit).*(mismatch|of another shape)")


def test_pickles_are_not_opened(copy):
    folder = copy("llama")
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    refused(folder, "only pytorch_model.bin, a pickle, which is not opened")
    (folder / "pytorch_model.bin").unlink()
    refused(folder, "holds no weights")


def test_altered_weights_of_a_registered_model(copy):
    from tokalign.embedders.files.weights import sha256_of

    folder = copy("llama")
    weights = folder / "model.safetensors"
    registered = {"model.safetensors": sha256_of(weights)}
    recipe = inspect_folder(folder).model_copy(update={"sha256": registered})
    load_embedder(recipe)
    changed = bytearray(weights.read_bytes())
    changed[-1] ^= 1
    weights.write_bytes(changed)
    with pytest.raises(TokalignError, match=r"is not the registered file: sha256 .* expected"):
        load_embedder(recipe)
    with pytest.raises(TokalignError, match=r"lacks other.bin, which the registry asks for"):
        load_embedder(recipe.model_copy(update={"sha256": {"other.bin": "0"}}))


def test_what_is_no_model(tmp_path):
    refused(tmp_path, "is no model: it has neither modules.json, config.json nor adapter_config")
    (tmp_path / "config.json").write_text("[")
    refused(tmp_path, "config.json is not valid JSON")
    (tmp_path / "config.json").write_text('{"model_type": "no-such-type"}')
    refused(tmp_path, "names no model type that transformers knows: 'no-such-type'")
    refused(tmp_path / "config.json", "is a file; an embedder is a name, a hub id or a folder")


def test_code_of_a_checkpoint_is_never_run(copy, tmp_path):
    folder = copy("llama")
    trace = tmp_path / "it-ran"
    code = f"open({str(trace)!r}, 'w').close()\n"
    for module in ("configuration_own", "modeling_own", "tokenization_own"):
        (folder / f"{module}.py").write_text(code + "class Own: pass\n")
    auto = {"AutoConfig": "configuration_own.Own", "AutoModel": "modeling_own.Own"}
    edit(folder, model_type="own", auto_map=auto)
    refused(folder, "needs code of its own, which is not run")
    # A type that transformers knows is loaded by transformers' own class.
    edit(folder, model_type="llama", auto_map=auto)
    load_embedder(str(folder))
    assert not trace.exists()


def test_a_tokenizer_that_is_missing_or_broken(copy):
    folder = copy("llama")
    (folder / "tokenizer.json").write_text("{}")
    refused(folder, "the tokenizer of .* cannot be loaded")
    for path in folder.glob("tokenizer*"):
        path.unlink()
    refused(folder, "holds no tokenizer; allowed: tokenizer.json")


def test_no_padding_token_is_needed(embedder, relative):
    it = embedder("gpt2", pooling="mean")
    assert it.tokenizer.pad_token is None
    one_by_one = it.encode(TEXTS, batch_size=1).vectors
    assert relative(it.encode(TEXTS, batch_size=64).vectors, one_by_one) < 1e-5


def test_a_padding_token_beyond_the_embeddings(copy, embedder, relative):
    """GPT-2's tokenizer with a padding token added, its embeddings left as they were."""
    folder = copy("gpt2")
    it = load_embedder(str(folder)).tokenizer
    it.add_special_tokens({"pad_token": "<added>"})
    it.save_pretrained(folder)
    found = load_embedder(str(folder))
    assert found.tokenizer.pad_token_id == found.model.config.vocab_size
    expected = embedder("gpt2").encode(TEXTS).vectors
    assert relative(found.encode(TEXTS, batch_size=64).vectors, expected) < 1e-5


def test_vectors_that_are_not_finite_are_refused(copy):
    folder = copy("llama")
    tensors = load_file(folder / "model.safetensors")
    tensors["model.norm.weight"][0] = float("inf")
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(TokalignError, match="not finite in float32"):
        load_embedder(str(folder)).encode(["a"])


def test_layers_that_are_not_there(embedder):
    with pytest.raises(TokalignError, match="has no layer 2; allowed: 0 to 1, or None"):
        embedder("llama").encode(["a"], layer=2)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("all-minilm-l6", "did you mean all-minilm-l6-v2"),
        ("no-such", "unknown embedder 'no-such'; known: .*all-minilm.*; or a hub id"),
        ("./no/such/folder", "no folder ./no/such/folder"),
        ("owner/no-such", "neither a folder nor in the hub's cache, and HF_HUB_OFFLINE is set"),
    ],
)
def test_unknown_names(name, message):
    with pytest.raises(TokalignError, match=message):
        find_recipe(name)


def test_devices_and_dtypes(checkpoint):
    for more, message in (
        ({"device": "gpu"}, "device 'gpu' is not there; allowed: cpu"),
        ({"device": "cuda:99"}, "device 'cuda:99' is not there"),
        ({"dtype": "int3"}, "unknown dtype 'int3'.*bfloat16, float16, float32, int4, int8"),
    ):
        with pytest.raises(TokalignError, match=message):
            load_embedder(str(checkpoint("llama")), **more)


def test_loading_is_silent(checkpoint, capfd):
    load_embedder(str(checkpoint("bert")))
    out, err = capfd.readouterr()
    assert out + err == ""


def test_a_hub_id_stands_for_the_folder_in_the_cache(checkpoint, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "_from_hub", lambda *_: checkpoint("llama"))
    recipe = find_recipe("owner/model")
    assert (recipe.name, recipe.checkpoint) == ("owner/model", "owner/model")
    base = checkpoint("llama")
    (tmp_path / "adapter_config.json").write_text(
        json.dumps({"base_model_name_or_path": str(base)})
    )
    monkeypatch.setattr(checkpoints, "_from_hub", lambda *_: tmp_path)
    recipe = find_recipe("owner/adapter")
    assert (recipe.name, recipe.checkpoint) == ("owner/adapter", str(base))
    assert recipe.adapters == (str(tmp_path),)


def test_what_is_available(checkpoint):
    recipe = inspect_folder(checkpoint("llama"))
    assert is_available(recipe)
    assert not is_available(recipe.model_copy(update={"head": "owner/no-such"}))
    assert not is_available(recipe.model_copy(update={"checkpoint": "owner/no-such"}))
    assert not is_available(recipe.model_copy(update={"adapters": ("owner/no-such",)}))
    absent = {"checkpoint": "package:no_such_package/model"}
    assert not is_available(recipe.model_copy(update=absent))
    with pytest.raises(TokalignError, match="package no_such_package is not installed"):
        load_embedder(recipe.model_copy(update=absent))
    with pytest.raises(TokalignError, match="install the Python package no-such-package, or"):
        load_embedder(recipe.model_copy(update={**absent, "hub": "owner/no-such"}))


def test_fingerprints_follow_weights_recipe_and_configuration(tmp_path, checkpoint):
    recipe = inspect_folder(checkpoint("llama"))
    first = load_embedder(recipe).fingerprint
    elsewhere = shutil.copytree(checkpoint("llama"), tmp_path / "llama")
    assert load_embedder(inspect_folder(elsewhere)).fingerprint == first
    other = build("llama", tmp_path / "other", seed=1)
    assert load_embedder(inspect_folder(other)).fingerprint != first
    for change in ({"pooling": "mean"}, {"template": "a {text}"}, {"normalise": True}):
        assert load_embedder(recipe.model_copy(update=change)).fingerprint != first


def test_weights_published_as_pickles_are_not_even_asked_for(checkpoint, monkeypatch):
    def asked(*_, **__):
        raise AssertionError("the hub was asked for a download")

    monkeypatch.setattr(checkpoints, "_from_hub", asked)
    recipe = inspect_folder(checkpoint("llama"))
    absent = {"checkpoint": "owner/pickled", "pickled": True}
    with pytest.raises(TokalignError, match=r"owner/pickled some weights are published as pickles"):
        load_embedder(recipe.model_copy(update=absent))
    load_embedder(recipe.model_copy(update={"pickled": True}))  # a converted folder is there


def test_what_has_to_be_accepted_is_said(checkpoint):
    recipe = inspect_folder(checkpoint("llama"))
    absent = {"checkpoint": "owner/gated", "gated": "Ask at https://example.org."}
    with pytest.raises(TokalignError, match=r"About these weights: Ask at https://example\.org\."):
        load_embedder(recipe.model_copy(update=absent))


def test_weights_of_another_size_are_noticed(checkpoint):
    recipe = inspect_folder(checkpoint("llama"))
    size = sum(
        tensor.numel() for tensor in load_file(checkpoint("llama") / "model.safetensors").values()
    )
    load_embedder(recipe.model_copy(update={"parameters": size}))
    with pytest.warns(UserWarning, match=rf"llama has {size:,} parameters, but the entry of llama"):
        load_embedder(recipe.model_copy(update={"parameters": 7_000_000_000}))
