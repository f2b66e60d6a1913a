"""Memory is told before anything is loaded, and what cannot fit is refused."""

from __future__ import annotations

import dataclasses
import json
from math import prod

import pytest
import torch
from adapters import make_adapter
from safetensors.torch import load_file
from transformers import AutoConfig

from tokalign.embedders import Recipe, load_embedder
from tokalign.embedders.inspecting.inspection import inspect_folder
from tokalign.embedders.loading import available, memory
from tokalign.embedders.loading.available import available_memory, cgroup_room
from tokalign.embedders.loading.memory import estimate_memory
from tokalign.embedders.loading.shapes import shapes_of
from tokalign.errors import TokalignError
from tokalign.tokens import load_head

GIB = 2**30
MISTRAL_7B = {
    "vocab_size": 32_000, "hidden_size": 4096, "intermediate_size": 14_336,
    "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
    "sliding_window": None, "tie_word_embeddings": False,
}  # fmt: skip


def recipe_of(folder, **more):
    return Recipe(
        name="large", checkpoint=str(folder), readout="lm_head", pooling="last",
        attention="causal", max_length=64, **more,
    )  # fmt: skip


@pytest.fixture(scope="module")
def seven_billion(tmp_path_factory):
    """Mistral-7B's configuration with weights whose headers are whole and whose data are a hole.

    The files are as long as the real ones, and take no room on the disk.
    """
    folder = tmp_path_factory.mktemp("mistral-7b")
    config = AutoConfig.for_model("mistral", **MISTRAL_7B)
    config.architectures = ["MistralForCausalLM"]
    config.save_pretrained(folder)
    place, header = 0, {}
    for name, shape in shapes_of(config).items():
        size = 2 * prod(shape)
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [place, place + size]}
        place += size
    said = json.dumps(header).encode()
    said += b" " * (-len(said) % 8)
    with (folder / "model.safetensors").open("wb") as file:
        file.write(len(said).to_bytes(8, "little") + said)
        file.truncate(8 + len(said) + place)
    return folder


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_seven_billion_parameters_from_headers_or_configuration(seven_billion, tmp_path, dtype):
    config = AutoConfig.from_pretrained(seven_billion)
    with torch.device("meta"):
        from transformers import AutoModelForCausalLM

        model = AutoModelForCausalLM.from_config(config)
    true = sum(p.numel() for p in model.parameters()) * getattr(torch, dtype).itemsize
    assert 7.2e9 < true / getattr(torch, dtype).itemsize < 7.3e9
    config.save_pretrained(tmp_path)
    stated = Recipe(
        name="x", checkpoint="owner/not-here", readout="lm_head", pooling="last",
        attention="causal", max_length=64, parameters=7_241_732_096,
    )  # fmt: skip
    sources = {"headers": recipe_of(seven_billion), "configuration": recipe_of(tmp_path),
               "parameters": stated}  # fmt: skip
    for source, recipe in sources.items():
        found = estimate_memory(recipe, dtype=dtype)
        assert found.source == source
        assert found.weights + found.head == pytest.approx(true, rel=0.01)
        # Not nothing, and not the larger part.
        assert 0 < found.working < true / 5


def test_on_a_device_that_need_not_be_there(seven_billion):
    recipe = recipe_of(seven_billion)
    here, there = (estimate_memory(recipe, dtype="bfloat16", device=d) for d in ("cpu", "cuda:3"))
    assert (there.weights, there.head) == (here.weights, here.head)
    assert there.working > here.working  # a larger batch
    for more, message in (({"device": "gpu"}, "unknown device 'gpu'; allowed: cpu, cuda"),
                          ({"device": "mps", "dtype": "int4"}, "is for cpu and cuda, not for mps"),
                          ({"dtype": "int3"}, "unknown dtype 'int3'")):  # fmt: skip
        with pytest.raises(TokalignError, match=message):
            estimate_memory(recipe, **more)


def test_smaller_precisions_take_less(seven_billion):
    recipe = recipe_of(seven_billion)
    sizes = [estimate_memory(recipe, dtype=d).weights for d in memory.DTYPES if d != "float16"]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == 2 * sizes[1]
    assert sizes[2] / GIB == pytest.approx(7.0, abs=0.2)
    assert sizes[3] / GIB == pytest.approx(4.1, abs=0.2)


def test_it_is_refused_where_it_cannot_fit(seven_billion, monkeypatch):
    recipe = recipe_of(seven_billion)
    monkeypatch.setattr(memory, "available_memory", lambda device: 16 * GIB)
    with pytest.raises(TokalignError) as error:
        load_embedder(recipe)
    said = str(error.value)
    assert "\n" not in said
    assert "large needs about 27." in said
    assert "cpu has 16.0 GiB available; what would fit: dtype bfloat16 (13." in said
    # In int8 it is smaller, but all of its bfloat16 is held while it is quantised.
    assert "dtype int8" not in said
    monkeypatch.setattr(memory, "available_memory", lambda device: 24 * GIB)
    with pytest.raises(TokalignError, match=r"what would fit: dtype bfloat16 .*, dtype int8 \("):
        load_embedder(recipe)
    monkeypatch.setattr(memory, "available_memory", lambda device: GIB)
    with pytest.raises(TokalignError, match=r"1\.0 GiB available; no smaller dtype would fit"):
        load_embedder(recipe, dtype="bfloat16")


def test_before_it_is_fetched_too(monkeypatch):
    stated = recipe_of("owner/not-here", parameters=7_000_000_000)
    monkeypatch.setattr(memory, "available_memory", lambda device: 16 * GIB)
    with pytest.raises(TokalignError, match=r"needs about 26\.\d GiB in float32"):
        load_embedder(stated)
    with pytest.raises(TokalignError, match="neither a folder nor in the hub's cache"):
        load_embedder(stated, dtype="bfloat16")
    with pytest.raises(TokalignError, match="not on disk and its recipe states no parameters"):
        estimate_memory(recipe_of("owner/not-here"))


@pytest.mark.parametrize("name", ["llama", "llama-tied", "opt", "gpt_neo", "bert", "modernbert"])
def test_the_estimate_is_what_is_loaded(checkpoint, embedder, name):
    it = embedder(name)
    found = estimate_memory(it.recipe)
    head = load_head(it)
    inputs = it.model.get_input_embeddings().weight
    own = head.matrix.data_ptr() == inputs.data_ptr()
    body = sum(p.nbytes for n, p in it.model.named_parameters() if not n.startswith("pooler"))
    assert found.weights == pytest.approx(body, rel=0.02)
    assert found.head == (0 if own else pytest.approx(head.matrix.nbytes, rel=0.02))


def test_adapters_and_the_head_of_another_checkpoint_count(checkpoint, tmp_path):
    pytest.importorskip("peft", reason="the extra tokalign[lora] is not installed")
    make_adapter(checkpoint("llama"), tmp_path, "llama", whole=True)
    plain, adapted = (estimate_memory(inspect_folder(f)) for f in (checkpoint("llama"), tmp_path))
    stored = load_file(tmp_path / "adapter_model.safetensors").values()
    assert adapted.weights - plain.weights == sum(tensor.nbytes for tensor in stored)
    assert adapted.head == plain.head > 0
    tied = inspect_folder(checkpoint("llama-tied"))
    assert estimate_memory(tied).head == 0
    other = tied.model_copy(update={"head": str(checkpoint("llama"))})
    assert estimate_memory(other).head == plain.head


def test_what_is_available_is_bounded_by_the_control_group(tmp_path, monkeypatch):
    assert available_memory("cpu") > 0
    assert available_memory("auto") == pytest.approx(available_memory("cpu"), rel=0.2)
    monkeypatch.setattr(available, "cgroup_room", lambda: 12345)
    assert available_memory("cpu") == 12345

    def group(folder, limit, used, files=0):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "memory.max").write_text(f"{limit}\n")
        (folder / "memory.current").write_text(f"{used}\n")
        (folder / "memory.stat").write_text(f"anon 7\ninactive_file {files}\nactive_file 0\n")

    own = tmp_path / "own"
    own.write_text("0::/outer/inner\n")
    root = tmp_path / "cgroup"
    group(root / "outer" / "inner", "max", 5)
    assert cgroup_room(root, own) is None
    group(root / "outer" / "inner", 1000, 300, files=100)
    assert cgroup_room(root, own) == 800
    group(root / "outer", 900, 600)  # the tighter one, above
    assert cgroup_room(root, own) == 300
    own.write_text("0::/not/mounted/here\n")
    assert cgroup_room(root, own) is None
    group(root, 50, 60)
    assert cgroup_room(root, own) == 0
    own.write_text("3:memory:/version/one\n")
    assert cgroup_room(root, own) is None
    assert cgroup_room(root, tmp_path / "missing") is None


def test_gpus(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda which: (10 if which == 0 else 7, 20))
    assert available_memory("auto") == 17
    assert available_memory("cuda:1") == 7


def test_what_is_held_while_weights_are_quantised_counts(checkpoint):
    """All of them as they are stored, and the quantised ones beside: seen at a billion."""
    folder = checkpoint("llama")
    size = sum(path.stat().st_size for path in folder.glob("*.safetensors"))
    plain = estimate_memory(str(folder))
    assert plain.loading == 0
    assert plain.total == plain.weights + plain.head + plain.working
    quantised = estimate_memory(str(folder), dtype="int8")
    assert quantised.loading == size
    larger = dataclasses.replace(quantised, loading=quantised.working * 10)
    assert larger.total == larger.weights + larger.loading
