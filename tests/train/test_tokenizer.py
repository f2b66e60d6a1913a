from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from tokalign.errors import TokalignError
from tokalign.train.architectures import ARCHITECTURES, architecture
from tokalign.train.tokenizer import (
    END_ID,
    PAD_ID,
    START_ID,
    fast_tokenizer,
    load_tokenizer,
    save_tokenizer,
    train_tokenizer,
)

TEXTS = [
    "The band of Oslo was sold.",
    " led by a space",
    "Größe, 東京\n\n  море \U0001f389",
    "a\tb",
    "",
]
#: Architecture -> what stands in front of a text.
IN_FRONT = {"gpt-neo": [], "opt": [END_ID], "llama": [START_ID], "mistral": [START_ID]}


@given(text=st.text())
def test_every_text_comes_back(tokenizer, text):
    # Special tokens are read as such wherever they stand, as in the published tokenizers.
    assume(not any(token in text for token in ("<pad>", "<s>", "</s>")))
    back = tokenizer.decode(tokenizer.encode(text).ids)
    assert back in (text, " " + text)
    if text and not text[0].isspace():
        assert back == " " + text


def test_a_word_has_one_token_wherever_it_stands(tokenizer):
    assert tokenizer.encode("Oslo").tokens == ["ĠOslo"]
    assert tokenizer.encode("of Oslo").tokens[-1] == "ĠOslo"


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_what_is_saved_is_what_is_loaded(tmp_path, tokenizer, name):
    made = fast_tokenizer(tokenizer, architecture(name).prefix, 32)
    save_tokenizer(made, tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    assert loaded.is_fast
    assert loaded.model_input_names == ["input_ids", "attention_mask"]
    assert loaded.model_max_length == 32
    assert loaded.pad_token_id == PAD_ID
    assert loaded.get_vocab() == made.get_vocab() == tokenizer.get_vocab()
    for text in TEXTS:
        own = tokenizer.encode(text, add_special_tokens=False).ids
        assert loaded(text)["input_ids"] == IN_FRONT[name] + own
        assert made(text)["input_ids"] == loaded(text)["input_ids"]
        assert loaded.decode(own) == tokenizer.decode(own)
    assert set(loaded(["a", "The band"], padding=True)) == {"input_ids", "attention_mask"}


def test_too_little_text_is_an_error():
    with pytest.raises(TokalignError, match="give more text"):
        train_tokenizer(["a b a b"], entries=500)


@pytest.mark.parametrize(
    ("content", "message"), [(None, "no such file"), ("{}", "no tokenizer"), ("?", "no tokenizer")]
)
def test_a_file_that_holds_no_tokenizer(tmp_path, content, message):
    path = tmp_path / "tokenizer.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(TokalignError, match=message):
        load_tokenizer(path)


def test_another_tokenizer_is_refused(tmp_path, tokenizer):
    text = tokenizer.to_str().replace("<pad>", "<else>")
    (tmp_path / "tokenizer.json").write_text(text)
    with pytest.raises(TokalignError, match="the first entries must be"):
        load_tokenizer(tmp_path / "tokenizer.json")
