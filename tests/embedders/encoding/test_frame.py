"""Brackets and end tokens, put round by id; LLM2Vec's cut by whole words."""

from __future__ import annotations

import pytest
from checkpoints import TEXTS
from hypothesis import given
from hypothesis import strategies as st

from tokalign.embedders.encoding.cutting import cut_words
from tokalign.embedders.encoding.tokenising import tokenise
from tokalign.embedders.inspecting.inspection import inspect_folder
from tokalign.errors import TokalignError


@pytest.fixture
def reader(embedder):
    def read(texts, family="gpt_neo", **changes):
        found = embedder(family, **changes)
        return tokenise(found.tokenizer, found.recipe, texts), found.tokenizer

    return read


def test_brackets_stand_round_the_plain_ids(reader):
    for text in TEXTS:
        plain, tokenizer = reader([text])
        framed, _ = reader([text], brackets=("[", "]"))
        left, right = (tokenizer.encode(mark, add_special_tokens=False) for mark in "[]")
        assert framed.ids[0].tolist() == [*left, *plain.ids[0].tolist(), *right]
        assert framed.pool.tolist() == [[0, len(framed.ids[0])]]


def test_brackets_come_after_the_cut(reader):
    long = "The language of the sea. " * 5
    framed, _ = reader([long], brackets=("[", "]"), max_length=8)
    assert len(framed.ids[0]) == 10
    assert framed.truncated.tolist() == [True]


def test_what_is_pooled_of_a_framed_text(reader):
    changes = {"brackets": ("[", "]"), "template": "query: {text}"}
    for over, inside in (("text", True), ("after_prompt", True), ("all", False)):
        framed, _ = reader(["bananas"], pool_over=over, **changes)
        [(first, last)] = framed.pool.tolist()
        assert (last < len(framed.ids[0])) == inside
        assert (first > 0) == inside


def test_the_end_token_is_put_where_the_tokenizer_does_not(reader):
    plain, tokenizer = reader(TEXTS, family="llama")
    end = tokenizer.convert_tokens_to_ids("</s>")
    assert all(ids[-1] != end for ids in plain.ids)
    ended, _ = reader(TEXTS, family="llama", end_token="</s>")
    assert [ids.tolist() for ids in ended.ids] == [[*ids.tolist(), end] for ids in plain.ids]
    # It counts in the length: the text is cut for it.
    cut, _ = reader(TEXTS, family="llama", end_token="</s>", max_length=6)
    assert max(cut.lengths) == 6
    assert all(ids[-1] == end for ids in cut.ids)


def test_the_end_token_is_not_doubled(reader):
    plain, tokenizer = reader(TEXTS, family="bert")
    last = tokenizer.convert_ids_to_tokens(int(plain.ids[0][-1]))
    ended, _ = reader(TEXTS, family="bert", end_token=last)
    assert [ids.tolist() for ids in ended.ids] == [ids.tolist() for ids in plain.ids]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"end_token": "<nope>"}, "the tokenizer has no token '<nope>' to end a text with"),
        ({"brackets": ("[[[{", "]")}, r"the bracket '\[\[\[\{' is \d+ tokens; one is needed"),
    ],
)
def test_what_cannot_be_put_round(reader, changes, message):
    with pytest.raises(TokalignError, match=message):
        reader(["a"], **changes)


def test_named_prompts(embedder, checkpoint):
    prompts = {"query": {"template": "{instruction}: {text}", "instruction": "find"},
               "document": {"brackets": ("{", "}")}}  # fmt: skip
    recipe = inspect_folder(checkpoint("llama")).model_copy(update={"prompts": {}})
    recipe = type(recipe).model_validate({**recipe.model_dump(), "prompts": prompts})
    tokenizer = embedder("llama").tokenizer

    def read(**how):
        return [i.tolist() for i in tokenise(tokenizer, recipe, ["a boat"], **how).ids]

    assert read(prompt_name="query") == [tokenizer("find: a boat")["input_ids"]]
    asked = read(prompt_name="query", instruction="seek")
    assert asked == [tokenizer("seek: a boat")["input_ids"]]
    assert read(prompt_name="document") != read() == [tokenizer("a boat")["input_ids"]]
    with pytest.raises(TokalignError, match=r"unknown prompt of llama 'qery': did you mean query"):
        read(prompt_name="qery")


class Letters:
    """A tokenizer of one token a character."""

    def __call__(self, texts, **_):
        return {"input_ids": [list(text) for text in texts]}


@given(st.lists(st.text(alphabet="ab \n", max_size=40), max_size=5), st.integers(1, 20))
def test_words_go_until_a_text_fits(texts, most):
    found = cut_words(Letters(), texts, most, 1000)
    for old, new in zip(texts, found, strict=True):
        assert len(new) <= max(most, 0) or new == old
        assert (new == old) == (len(old) <= most) or " ".join(old.split()).startswith(new)
        assert len(new) <= most
        assert old.split()[: len(new.split())] == new.split()
