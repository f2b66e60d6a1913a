from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from checkpoints import TEXTS, full_model
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from tokalign.embedders.encoding.tokenising import special_tokens_around, tokenise
from tokalign.embedders.recipes.recipe import Recipe
from tokalign.errors import TokalignError

EOL = 'This sentence : "{text}" means in one word:"'
LONG = 'The committee agreed on the new climate treaty "." ' * 30


def recipe(**changes):
    said = {"name": "it", "checkpoint": "c", "readout": "lm_head", "pooling": "last",
            "attention": "causal", "max_length": 100, **changes}  # fmt: skip
    return Recipe(**said)


@pytest.fixture(scope="session")
def tokenizer(checkpoint):
    return lambda name: AutoTokenizer.from_pretrained(checkpoint(name))


def test_prompt_eol_is_plain_transformers_on_the_rendered_prompt(checkpoint, embedder, relative):
    it = embedder("opt", template=EOL, pooling="last")
    body = full_model(checkpoint("opt")).base_model
    expected = []
    for text in TEXTS:
        ids = it.tokenizer(EOL.replace("{text}", text), return_tensors="pt")["input_ids"]
        with torch.inference_mode():
            expected.append(body(input_ids=ids).last_hidden_state[0, -1].numpy())
    found = it.encode(TEXTS, batch_size=64, padding_side="left").vectors
    assert relative(found, np.stack(expected)) < 1e-5


@pytest.mark.parametrize("family", ["gpt_neo", "opt", "llama", "bert"])
@pytest.mark.parametrize("limit", range(40, 60, 3))
def test_a_long_text_is_cut_inside_the_text_and_the_suffix_stays(tokenizer, family, limit):
    it = tokenizer(family)
    read = tokenise(it, recipe(template=EOL, max_length=limit), [LONG, "a"])
    assert read.truncated.tolist() == [True, False]
    assert limit - 6 < len(read.ids[0]) <= limit
    trail = special_tokens_around(it)[1]
    rendered = it.decode(read.ids[0][: len(read.ids[0]) - trail], skip_special_tokens=True)
    squeezed = rendered.replace(" ", "").lower()
    assert squeezed.startswith('thissentence:"thecommittee')
    assert squeezed.endswith('"meansinoneword:"')


def test_a_cut_text_is_read_as_if_it_had_been_that_short(tokenizer):
    it = tokenizer("opt")
    read = tokenise(it, recipe(template=EOL, max_length=60), [LONG])
    rendered = it.decode(read.ids[0], skip_special_tokens=True)
    assert it(rendered)["input_ids"] == read.ids[0].tolist()


def test_without_a_suffix_it_is_cut_as_transformers_cuts_it(tokenizer):
    for family in ("bert", "gpt_neo", "roberta"):
        it = tokenizer(family)
        for template in ("{text}", "query: {text}"):
            read = tokenise(it, recipe(template=template, max_length=20), [LONG])
            whole = template.replace("{text}", LONG)
            expected = it(whole, truncation=True, max_length=20)["input_ids"]
            assert read.ids[0].tolist() == expected


def test_a_prompt_that_is_too_long_by_itself_is_refused(tokenizer):
    for family in ("opt", "bert"):
        with pytest.raises(TokalignError, match="prompt of it alone is longer than its 9 tokens"):
            tokenise(tokenizer(family), recipe(template=EOL, max_length=9), [LONG])
    with pytest.raises(TokalignError, match="alone is longer"):
        tokenise(tokenizer("opt"), recipe(template="query: {text}", max_length=2), [LONG])


@pytest.mark.parametrize("family", ["gpt_neo", "llama", "bert", "roberta"])
@pytest.mark.parametrize("template", ["{text}", "query: {text}", 'a "{text}" means', "{text}."])
def test_what_is_pooled(tokenizer, family, template):
    it = tokenizer(family)
    lead, trail = special_tokens_around(it)
    for text in ["language of the birds", "東京 music"]:
        spans = {}
        for over in ("all", "after_prompt", "text"):
            read = tokenise(it, recipe(template=template, pool_over=over), [text])
            spans[over] = tuple(read.pool[0])
            ids = read.ids[0]
        assert spans["all"] == (0, len(ids))
        assert spans["after_prompt"] == (spans["text"][0], len(ids))
        inside = it.decode(ids[slice(*spans["text"])])
        assert it.decode(it(text, add_special_tokens=False)["input_ids"]).strip() in inside
        if template == "{text}":
            assert spans["text"] == (lead, len(ids) - trail)
        if family == "gpt_neo" and template.startswith("query") and text.startswith("l"):
            assert it.decode(ids[: spans["text"][0]]) == "query:"  # its space is the text's


def test_special_tokens_around(tokenizer):
    expected = {"bert": (1, 1), "llama": (1, 0), "gpt_neo": (0, 0), "roberta": (1, 1)}
    assert {name: special_tokens_around(tokenizer(name)) for name in expected} == expected


def test_a_tokenizer_that_knows_no_letter_a(tokenizer):
    class Odd:
        def __call__(self, text, **more):
            known = [0] if text == "." else []
            return {"special_tokens_mask": [1, *known, 1, 1]}

    assert special_tokens_around(Odd()) == (1, 2)

    class Mute(Odd):
        def __call__(self, text, **more):
            return {"special_tokens_mask": [1, 1]}

    with pytest.raises(TokalignError, match="makes no token"):
        special_tokens_around(Mute())


def test_empty_texts(tokenizer):
    assert tokenise(tokenizer("bert"), recipe(), [""]).ids[0].tolist() == [2, 3]
    assert tokenise(tokenizer("llama"), recipe(), [""]).ids[0].tolist() == [1]
    read = tokenise(tokenizer("gpt_neo"), recipe(template=EOL), ["", "a"])
    assert read.pool[0].tolist() == [0, len(read.ids[0])]
    with pytest.raises(TokalignError, match="text 2 is empty: it has no token to pool"):
        tokenise(tokenizer("gpt_neo"), recipe(), ["a", ""])
    with pytest.raises(TokalignError, match="text 1 is empty"):
        tokenise(tokenizer("gpt_neo"), recipe(template="query: {text}", pool_over="text"), [""])


def test_what_is_no_text_is_refused(tokenizer):
    it = tokenizer("bert")
    with pytest.raises(TokalignError, match="text 2 is a int; a string is needed"):
        tokenise(it, recipe(), ["a", 3])
    with pytest.raises(TokalignError, match="text 1 is not valid Unicode at character 2"):
        tokenise(it, recipe(), ["ab\ud800"])
    with pytest.raises(TokalignError, match="one string; a list"):
        tokenise(it, recipe(), "parrots")


def test_lower_case_takes_in_the_prompt(tokenizer):
    it = tokenizer("gpt_neo")
    found = tokenise(it, recipe(template="QUERY: {text}", lowercase=True), ["Parrots"])
    assert it.decode(found.ids[0]) == "query: parrots"


def test_instruction_fills_the_template(tokenizer):
    it = tokenizer("gpt_neo")
    said = recipe(template="{instruction}: {text}", instruction="topic")
    for given_, rendered in ((None, "topic: a"), ("mood", "mood: a"), ("", ": a")):
        assert it.decode(tokenise(it, said, ["a"], given_).ids[0]) == rendered


def test_the_vocabulary_and_merges_of_opt_begin_with_its_special_token(tmp_path: Path, tokenizer):
    """facebook/opt-1.3b has no tokenizer.json, and says ``add_bos_token``."""
    from tokalign.embedders.loading.tokenizers import load_tokenizer

    tokenizer("opt").backend_tokenizer.model.save(str(tmp_path))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({
        "tokenizer_class": "GPT2Tokenizer", "add_bos_token": True, "bos_token": "</s>",
        "eos_token": "</s>", "unk_token": "</s>", "pad_token": "<pad>",
    }))  # fmt: skip
    it = load_tokenizer([tmp_path])
    assert (
        it("Parrots are birds")["input_ids"] == tokenizer("opt")("Parrots are birds")["input_ids"]
    )
    assert special_tokens_around(it) == (1, 0)


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), min_size=1),
    limit=st.integers(36, 70),
    over=st.sampled_from(["all", "after_prompt"]),
)
def test_any_text_fits_and_has_something_to_pool(tokenizer, texts, limit, over):
    it = tokenizer("opt")
    read = tokenise(it, recipe(template=EOL, max_length=limit, pool_over=over), texts)
    suffix = '" means in one word:"'
    for ids, (first, last), cut, text in zip(
        read.ids, read.pool, read.truncated, texts, strict=True
    ):
        assert 0 <= first < last <= len(ids) <= limit
        if cut:
            assert it.decode(ids).endswith(suffix)
        else:
            assert ids.tolist() == it(EOL.replace("{text}", text))["input_ids"]
