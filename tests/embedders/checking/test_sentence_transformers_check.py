"""The comparison with sentence-transformers: what it compares, and when it says that it cannot."""

from __future__ import annotations

import importlib.util
import shutil

import pytest
from layouts import adapter_folder, edit_json, gritlm_folder, sentence_transformers_folder

from tokalign.embedders import load_embedder
from tokalign.embedders.checking.checks import CHECK_TEXTS
from tokalign.embedders.checking.sentence_transformers_check import (
    compare_with_sentence_transformers,
)
from tokalign.embedders.inspecting.inspection import inspect_folder

pytest.importorskip("sentence_transformers", reason="the reference is not installed")


@pytest.fixture
def saved(checkpoint, tmp_path):
    def save(family, pooling, **more):
        return sentence_transformers_folder(checkpoint(family), tmp_path / "it", pooling, **more)

    return save


def compare(folder, **changes):
    recipe = inspect_folder(folder).model_copy(update=changes)
    return compare_with_sentence_transformers(load_embedder(recipe), folder)


def test_a_plain_folder_is_not_compared(checkpoint):
    assert compare(checkpoint("llama")) == []


@pytest.mark.parametrize(
    ("changes", "passed"),
    [({}, True), ({"normalise": True}, False), ({"lowercase": True}, False),
     ({"template": "It: {text}"}, False), ({"max_length": 9}, False)],
)  # fmt: skip
def test_what_it_sees(saved, changes, passed):
    # Its two empty prompts, which it saves of its own accord, are compared as well.
    [found, query, document] = compare(saved("gpt_neo", "weightedmean"), **changes)
    assert {query.name, document.name} == {
        f"{found.name}, prompt {p}" for p in ("query", "document")
    }
    assert (found.passed, found.compared) == (passed, True)
    assert (found.value <= 1e-5) is passed
    assert passed or found.value > 1e-3


def test_it_says_nothing_on_its_own(saved, capfd):
    folder = saved("bert", "mean", prompts={"query": "q: "}, default="query")
    capfd.readouterr()  # what sentence-transformers says while it makes the folder
    compare(folder)
    out, err = capfd.readouterr()
    assert out + err == ""


def test_an_adapter_in_its_layout_is_compared(checkpoint, saved, tmp_path):
    pytest.importorskip("peft", reason="the extra tokalign[lora] is not installed")
    folder = saved("llama", "mean")
    for name in ("config.json", "model.safetensors"):
        (folder / name).unlink()
    adapter = adapter_folder(checkpoint("llama"), tmp_path / "adapter")
    for path in adapter.glob("adapter*"):
        shutil.copy(path, folder)
    found, *_ = compare(folder)
    assert found.compared
    assert found.value <= 1e-5
    without, *_ = compare(folder, adapters=())
    assert without.value > 1e-3


def test_only_texts_of_which_it_drops_no_word_are_compared(saved):
    """A blank that ends the prompt may melt into the first token of the text."""
    folder = saved("gpt_neo", "mean", prompts={"q": "query: "}, default="q", include_prompt=False)
    default, named, *_ = compare(folder)
    assert default.passed
    assert named.passed
    assert f"of {len(CHECK_TEXTS)} texts of which it drops no word" in default.allowed
    # Pooled as a whole, all texts are compared again, and the mistake is seen.
    default, *_ = compare(folder, pool_over="all")
    assert not default.passed
    assert default.allowed == "at most 1e-05"


def test_a_prompt_that_melts_into_every_text_is_not_compared(saved, monkeypatch):
    from tokalign.embedders.checking import sentence_transformers_check as module

    folder = saved("gpt_neo", "mean", prompts={"q": "query: "}, default="q", include_prompt=False)
    monkeypatch.setattr(module, "_countable", lambda *_: [])
    found = compare(folder)
    assert {check.compared for check in found} == {False}
    assert "it drops both" in found[0].value


def test_where_it_is_not_installed(saved, monkeypatch):
    folder = saved("bert", "mean")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    [found] = compare(folder)
    assert (found.passed, found.compared) == (True, False)
    assert found.value == "not compared: it is not installed"


def test_where_it_cannot_load_the_folder(saved):
    folder = saved("bert", "mean")
    edit_json(folder / "sentence_bert_config.json", module_output_name=None, modality_config=None,
              transformer_task="feature-extraction", model_args={"no_such": 1})  # fmt: skip
    [found] = compare(folder)
    assert not found.compared
    assert "it cannot load the folder" in found.value


def test_gritlm_is_not_compared_with_what_reads_it_causally(checkpoint, tmp_path):
    folder = gritlm_folder(checkpoint("mistral"), tmp_path / "it")
    (folder / "modules.json").write_text("[]")
    [found] = compare(folder)
    assert not found.compared
    assert "causal attention" in found.value
