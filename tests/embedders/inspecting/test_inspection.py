"""What is read off a folder: prompts, end token, length, head, layouts old and new."""

from __future__ import annotations

import json
import shutil

import pytest
from checkpoints import TEXTS
from layouts import adapter_folder, edit_json, gritlm_folder, sentence_transformers_folder
from tokenizers import Tokenizer, processors

from tokalign.embedders import load_embedder
from tokalign.embedders.checking.sentence_transformers_check import (
    compare_with_sentence_transformers,
)
from tokalign.embedders.encoding.tokenising import tokenise
from tokalign.embedders.inspecting.inspection import inspect_folder
from tokalign.embedders.inspecting.tokenizer_facts import end_token
from tokalign.errors import TokalignError

PROMPTS = {"query": "query: ", "document": "", "topic": "Topic:"}


@pytest.fixture
def saved(checkpoint, tmp_path):
    pytest.importorskip("sentence_transformers", reason="the reference is not installed")

    def save(family, pooling, **more):
        return sentence_transformers_folder(checkpoint(family), tmp_path / "it", pooling, **more)

    return save


def told(recipe):
    return {name: prompt.template for name, prompt in recipe.prompts.items()}


@pytest.mark.parametrize(
    ("default", "include", "template", "left_out"),
    [
        (None, True, "{text}", set()),
        ("query", True, "query: {text}", set()),
        ("document", True, "{text}", set()),
        ("query", False, "query: {text}", {"query", "topic"}),
        (None, False, "{text}", {"query", "topic"}),
    ],
)
def test_every_prompt_is_named_and_the_default_is_the_template(
    saved, default, include, template, left_out
):
    recipe = inspect_folder(
        saved("bert", "mean", prompts=PROMPTS, default=default, include_prompt=include)
    )
    assert recipe.template == template
    assert recipe.pool_over == ("after_prompt" if default in left_out else "all")
    assert told(recipe) == {name: text + "{text}" for name, text in PROMPTS.items()}
    pooled = {name: recipe.named(name).pool_over for name in PROMPTS}
    assert {name for name, over in pooled.items() if over == "after_prompt"} == left_out


@pytest.mark.parametrize("default", [None, "query"])
def test_each_prompt_is_pooled_as_sentence_transformers_pools_it(saved, default):
    folder = saved("bert", "mean", prompts=PROMPTS, default=default, include_prompt=False)
    embedder = load_embedder(inspect_folder(folder))
    checks = compare_with_sentence_transformers(embedder, folder)
    assert len(checks) == 1 + len(PROMPTS)
    assert all(check.compared and check.passed for check in checks)


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("config_sentence_transformers.json", {"prompts": {"a": "see {text}"}},
         r"prompt 'a' is 'see \{text\}'"),
        ("config_sentence_transformers.json", {"default_prompt_name": "ask"},
         "default_prompt_name is 'ask', but the prompts are document, query, topic"),
        ("sentence_bert_config.json", {"transformer_task": "fill-mask"},
         "the task 'fill-mask'.*allowed: feature-extraction"),
        ("sentence_bert_config.json", {"modality_config": {"message": {}}},
         "reads message; allowed: text"),
        ("sentence_bert_config.json", {"modality_config": {
            "text": {"method": "forward", "method_output_name": "pooler_output"}}},
         "takes 'pooler_output' of the model; allowed: last_hidden_state"),
        ("1_Pooling/config.json", {"embedding_dimension": 31}, "dimension 31, but .* says 32"),
        ("1_Pooling/config.json", {"embedding_dimension": None, "word_embedding_dimension": 33},
         "dimension 33, but .* says 32"),
    ],
)  # fmt: skip
def test_files_that_say_what_cannot_be_followed(saved, name, changes, message):
    folder = saved("bert", "mean", prompts=PROMPTS)
    inspect_folder(folder)
    edit_json(folder / name, **changes)
    with pytest.raises(TokalignError, match=message) as error:
        inspect_folder(folder)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("listed", ['{"a": 1}', "[1]", '[{"path": ""}]'])
def test_a_list_of_layers_that_is_none(saved, listed):
    folder = saved("bert", "mean")
    (folder / "modules.json").write_text(listed)
    with pytest.raises(TokalignError, match="is no list of layers"):
        inspect_folder(folder)


def test_a_decoder_without_its_head_is_read_through_its_input(saved):
    recipe = inspect_folder(saved("llama", "mean"))
    assert recipe.readout == "tied_input"
    assert "holds no output head" in recipe.note
    assert "set head" in recipe.note


def test_a_tied_head_is_there_even_so(saved):
    assert inspect_folder(saved("qwen2", "lasttoken")).readout == "lm_head"


def ends_with(folder, token):
    """Let the tokenizer of a folder put a token behind every text."""
    path = folder / "tokenizer.json"
    tokenizer = Tokenizer.from_file(str(path))
    template = processors.TemplateProcessing(
        single=f"$A {token}", special_tokens=[(token, tokenizer.token_to_id(token))]
    )
    byte_level = processors.ByteLevel(trim_offsets=False)
    tokenizer.post_processor = processors.Sequence([byte_level, template])
    tokenizer.save(str(path))


def test_an_end_token_of_the_tokenizer(checkpoint, tmp_path):
    """As Qwen3-Embedding has it: a sequence of post-processors, the template last."""
    folder = shutil.copytree(checkpoint("qwen2"), tmp_path / "it")
    assert inspect_folder(folder).end_token is None
    ends_with(folder, "<pad>")
    recipe = inspect_folder(folder)
    assert recipe.end_token == "<pad>"
    it = load_embedder(recipe)
    expected = it.tokenizer("Parrots")["input_ids"]
    assert expected[-1] == it.tokenizer.get_vocab()["<pad>"]
    # The tokenizer does it already: it must not be put there twice.
    alone = load_embedder(recipe.model_copy(update={"end_token": None}))
    assert (it.encode(TEXTS).vectors == alone.encode(TEXTS).vectors).all()


def test_an_end_token_that_the_configuration_asks_for(checkpoint, tmp_path):
    """As E5-Mistral has it."""
    folder = shutil.copytree(checkpoint("llama"), tmp_path / "it")
    assert inspect_folder(folder).end_token is None
    edit_json(folder / "tokenizer_config.json", add_eos_token=True)
    recipe = inspect_folder(folder)
    assert recipe.end_token == "</s>"
    it = load_embedder(recipe)
    read = tokenise(it.tokenizer, recipe, ["Parrots"]).ids[0].tolist()
    end = it.tokenizer.get_vocab()["</s>"]
    assert read.count(end) == 1
    assert read[-1] == end
    # Older files write a token with its properties.
    token = {"content": "</s>", "lstrip": False}
    edit_json(folder / "tokenizer_config.json", eos_token=token)
    assert inspect_folder(folder).end_token == "</s>"


def test_an_end_token_that_sentence_transformers_asks_for(saved):
    folder = saved("qwen2", "lasttoken")
    edit_json(folder / "sentence_bert_config.json", processor_kwargs={"add_eos_token": True})
    assert inspect_folder(folder).end_token == "<pad>"


def test_an_encoder_has_no_end_token_of_its_own(checkpoint):
    assert inspect_folder(checkpoint("bert")).end_token is None


def test_without_a_tokenizer_there_is_no_end_token(tmp_path):
    assert end_token([tmp_path]) is None
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"add_eos_token": True}))
    assert end_token([tmp_path]) is None


def test_gritlm_is_known_by_the_name_of_its_code(checkpoint, tmp_path):
    folder = gritlm_folder(checkpoint("mistral"), tmp_path / "it")
    recipe = inspect_folder(folder)
    assert recipe.prompt("topic") == ("<|user|>\ntopic\n<|embed|>\n", "")
    assert recipe.prompt() == ("<|embed|>\n", "")
    assert (recipe.attention, recipe.pool_over, recipe.pooling) == (
        "bidirectional", "after_prompt", "mean",
    )  # fmt: skip
    assert recipe.normalise
    assert "gritlm" in recipe.note
    assert not (folder / "it-ran").exists()
    # Its files of sentence-transformers do not know of the instruction, so they do not decide.
    (folder / "modules.json").write_text("[]")
    assert inspect_folder(folder) == recipe
    own = {"AutoModel": "GritLM/GritLM-7B--modeling_gritlm7b.MistralModel"}
    edit_json(folder / "config.json", auto_map=own)
    assert inspect_folder(folder).pool_over == "after_prompt"
    edit_json(folder / "config.json", auto_map={"AutoModel": "modeling_own.MistralModel"})
    (folder / "modules.json").unlink()
    assert inspect_folder(folder).pool_over == "all"


def test_code_that_is_not_run_is_spoken_of(checkpoint, tmp_path):
    """LLM2Vec's reads both ways, which nothing else in its folders says."""
    pytest.importorskip("peft", reason="the extra tokalign[lora] is not installed")
    base = shutil.copytree(checkpoint("llama"), tmp_path / "base")
    adapter = adapter_folder(checkpoint("llama"), tmp_path / "it", named="../base")
    for folder in (base, adapter):
        assert "code of its own" not in inspect_folder(adapter).note
        before = (folder / "config.json").read_text() if folder is base else None
        own = {"auto_map": {"AutoModel": "modeling_llama_encoder.LlamaEncoderModel"}}
        said = json.loads(before or "{}")
        (folder / "config.json").write_text(json.dumps({**said, **own}))
        assert "code of its own, which is not run" in inspect_folder(adapter).note
        (folder / "config.json").write_text(before or "{}")


def test_an_adapter_over_an_adapter(checkpoint, tmp_path):
    """Both are merged, the inner one first; the head is that of the model below."""
    pytest.importorskip("peft", reason="the extra tokalign[lora] is not installed")
    base = checkpoint("llama")
    inner = adapter_folder(base, tmp_path / "inner")
    outer = adapter_folder(base, tmp_path / "outer", named="../inner", seed=2)
    recipe = inspect_folder(outer)
    assert recipe.adapters == (str(inner), str(outer))
    assert (recipe.checkpoint, recipe.backbone, recipe.name) == (str(base), "llama", "outer")
    load_embedder(recipe)


def test_an_adapter_in_the_layout_of_sentence_transformers(checkpoint, saved, tmp_path):
    pytest.importorskip("peft", reason="the extra tokalign[lora] is not installed")
    folder = saved("llama", "mean", prompts=PROMPTS)
    for path in folder.glob("*"):
        if path.name in ("config.json", "model.safetensors"):
            path.unlink()
    adapter = adapter_folder(checkpoint("llama"), tmp_path / "adapter")
    for path in adapter.glob("adapter*"):
        shutil.copy(path, folder)
    recipe = inspect_folder(folder)
    assert recipe.adapters == (str(folder),)
    assert (recipe.readout, recipe.pooling) == ("lm_head", "mean")
    assert set(recipe.prompts) == set(PROMPTS)


def test_an_encoder_decoder_is_refused(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "t5"}))
    with pytest.raises(TokalignError, match=r"is an encoder-decoder \(t5\); allowed: a decoder"):
        inspect_folder(tmp_path)
