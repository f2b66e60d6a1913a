from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from tokalign.tokens import VocabularyForms, literal_words, normal_form, word_forms

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@pytest.mark.parametrize(
    ("token", "form"),
    [
        (" Games", "game"),
        ("\u0120gaming", "game"),
        ("\u2581GAME", "game"),
        ("\ufb01sh", "fish"),  # a ligature
        ("\uff27\uff41\uff4d\uff45", "game"),  # full width
        ("2003", "2003"),
        ("Stra\u00dfe", "strass"),
        ("\u0391\u03a3", "\u03b1\u03c3"),
        ("dog's", "dog"),
        ("dog\u2019s", "dog"),
        ("it's", None),
        ("It\u2019s", None),
        ("the", None),
        (" THE", None),
        (" ,", None),
        ("...", None),
        ("", None),
        ("\ufffd", None),
        ("\u2581", None),
        ("\n", None),
    ],
)
def test_examples(token, form):
    assert normal_form(token) == form


# A token that is the letter of a leading space by itself has another one in lower case.
@given(texts.filter(lambda token: "\u0120" not in token))
def test_case_and_leading_space_do_not_matter(token):
    form = normal_form(token)
    for other in (token.casefold(), " " + token, "\u2581" + token, "\u0120" + token, token + " "):
        assert normal_form(other.lstrip("\u0120")) == form


@given(texts)
def test_a_form_has_a_letter_or_digit_and_is_folded(token):
    form = normal_form(token)
    if form is None:
        return
    assert any(c.isalnum() for c in form)
    assert form == form.strip()
    assert not form.isspace()
    assert normal_form(form.upper()) is None or form.casefold() == form


@pytest.fixture(scope="module")
def tokenizer(checkpoint):
    return lambda name: AutoTokenizer.from_pretrained(checkpoint(name))


@pytest.mark.parametrize("name", ["gpt_neo", "llama", "bert"])
def test_the_forms_of_a_vocabulary(tokenizer, name):
    it = tokenizer(name)
    forms = VocabularyForms.from_tokenizer(it)
    names = {number: form for form, number in forms.number.items()}
    assert sorted(names) == list(range(len(names)))
    for i in it.get_vocab().values():
        special = i in it.all_special_ids or i in it.added_tokens_decoder
        expected = None if special else normal_form(it.decode([i]))
        assert names.get(int(forms.of[i])) == expected
    assert (forms.of[it.all_special_ids] == -1).all()
    assert len(set(forms.of.tolist()) - {-1}) == len(names)


def test_special_tokens_without_a_role_have_no_form(tokenizer):
    it = tokenizer("llama")
    it.add_tokens(["<|reserved_token|>"], special_tokens=True)
    assert it.convert_tokens_to_ids("<|reserved_token|>") not in it.all_special_ids
    assert VocabularyForms.from_tokenizer(it).of[-1] == -1


def test_literal_words_and_their_first_pieces(tokenizer):
    it = tokenizer("gpt_neo")
    found = {w.form: w.matches for w in literal_words("The Parrots, the parrot's treaty!", it)}
    assert list(found) == ["parrot", "treati"]
    for word, form in (("Parrots", "parrot"), ("treaty", "treati")):
        pieces = {form}
        for written in (" " + word, word):
            ids = it.encode(written, add_special_tokens=False)
            first = next(i for i in ids if it.decode([i]).strip())
            pieces.add(normal_form(it.decode([first])))
        assert pieces - {None} <= found[form]
    assert len(found["parrot"]) > 1  # this tokenizer cuts the word up


def test_a_word_that_is_one_token_is_matched_by_nothing_else(tokenizer):
    [word] = literal_words("parrot", tokenizer("bert"))
    assert word.matches == {"parrot"}


@given(st.lists(st.sampled_from(["treaty", "Treaties", "the", ",", "parrot", "2003", "x_y"])))
def test_occurrences_stand_where_they_say_and_merge_to_the_words(tokenizer, words):
    text = " ".join(words)
    it = tokenizer("bert")
    found = word_forms(text, it)
    assert [normal_form(text[w.start : w.end]) for w in found] == [w.form for w in found]
    assert list(dict.fromkeys(w.form for w in found)) == [w.form for w in literal_words(text, it)]
    assert np.all(np.diff([w.start for w in found]) > 0)
