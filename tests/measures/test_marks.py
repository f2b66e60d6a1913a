"""Marks of aligned tokens: literal, variant or other, and which characters of the text match."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from tokalign.embedders import Embedder
from tokalign.errors import TokalignError
from tokalign.measures import MarkedText, mark, mark_strings, marked_texts
from tokalign.store import Store
from tokalign.tokens import normal_form


@pytest.fixture(scope="module")
def words(minilm: Embedder) -> Any:
    return minilm.tokenizer


@pytest.fixture(scope="module")
def byte_level(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from tiny_tokenizers import save_tokenizer

    folder: Path = tmp_path_factory.mktemp("tokenizer")
    save_tokenizer("bos", folder)
    return AutoTokenizer.from_pretrained(folder)


def marked(text: str, tokens: list[str], tokenizer: Any) -> MarkedText:
    ids = tokenizer.convert_tokens_to_ids(tokens)
    assert tokenizer.unk_token_id is None or tokenizer.unk_token_id not in ids
    return mark(text, ids, [float(-i) for i in range(len(ids))], tokenizer)


def spans(one: MarkedText) -> list[str]:
    return [one.text[start:end] for start, end in one.matched]


def test_the_three_marks(words: Any) -> None:
    one = marked("The cats ran home.", ["cats", "cat", "running", "home", "dog", ".", "the"], words)
    assert one.tokens == ("cats", "cat", "running", "home", "dog", ".", "the")
    assert one.marks == ("literal", "variant", "other", "literal", "other", "literal", "literal")
    assert one.logits == (0, -1, -2, -3, -4, -5, -6)
    assert spans(one) == ["cats", "home"]  # stop words and signs are no content words


@pytest.mark.parametrize(
    ("text", "token", "expected"),
    [
        ("Game after game: GAMES, gamer.", "game", ["Game", "game", "GAMES"]),
        ("A well-known, well known thing", "known", ["known", "known"]),
        ("Beethoven's Ninth", "beethoven", ["Beethoven's"]),
        ("naïve Größe, 東京 treaty", "treaty", ["treaty"]),
        ("\N{PARTY POPPER}\N{PARTY POPPER} treaty\N{PARTY POPPER}", "treaty", ["treaty"]),
        ("e\N{COMBINING ACUTE ACCENT}t treaties", "treaty", ["treaties"]),
        ("a treaty_treaty treaty2", "treaty", ["treaty", "treaty", "treaty2"]),
        ("parakeets", "para", ["parakeets"]),
        ("no such word", "treaty", []),
    ],
)
def test_the_matched_characters_are_the_words(
    words: Any, text: str, token: str, expected: list[str]
) -> None:
    assert spans(marked(text, [token], words)) == expected


def test_special_tokens_around_a_text_are_no_tokens_of_it(words: Any, byte_level: Any) -> None:
    assert marked("The cat.", ["[CLS]", "[SEP]", "cat"], words).marks == (
        "other",
        "other",
        "literal",
    )
    assert marked("The sea.", ["<s>", "Ġsea"], byte_level).marks == ("other", "literal")


def test_tokens_with_a_leading_space(byte_level: Any) -> None:
    one = marked("games of a sea and Games", ["Ġgame", "Ġsea", "Ġplay"], byte_level)
    # The first word stands without a space: the token with one is the same word in another form.
    assert one.marks == ("variant", "literal", "other")
    assert one.tokens == (" game", " sea", " play")
    assert spans(one) == ["games", "sea", "Games"]


def test_pieces_of_letters_are_shown_and_match_nothing(byte_level: Any) -> None:
    ids = byte_level("東京")["input_ids"]
    half = mark("東京 music", [i for i in ids if i != 1], [0.0] * 6, byte_level)
    assert set(half.marks) == {"literal"}
    assert set(half.tokens) == {"\N{REPLACEMENT CHARACTER}"}
    assert half.matched == ()


@given(text=st.text(max_size=60), ids=st.lists(st.integers(1000, 29000), max_size=12))
def test_marks_and_spans_are_sound(words: Any, text: str, ids: list[int]) -> None:
    one = mark(text, ids, [0.0] * len(ids), words)
    own = set(words(text, add_special_tokens=False)["input_ids"])
    assert [m == "literal" for m in one.marks] == [i in own for i in ids]
    ends = [0]
    for start, end in one.matched:
        assert ends[-1] <= start < end <= len(text)
        assert normal_form(text[start:end]) is not None
        ends.append(end)
    assert (one.matched == ()) or any(normal_form(t) for t in one.tokens)


def test_a_real_text_decodes_to_what_it_is_about(minilm: Embedder, tmp_path: Path) -> None:
    text = "The committee agreed on the new climate treaty in November after long talks."
    store = Store(tmp_path)
    one, other = marked_texts(minilm, [text, "Parrots talk."], 5, store)
    assert one.tokens == ("treaty", "agreement", "protocol", "pact", "conference")
    assert one.marks == ("literal", "other", "other", "other", "other")
    assert spans(one) == ["treaty"]
    assert list(one.logits) == sorted(one.logits, reverse=True)
    assert other.text == "Parrots talk."
    again = marked_texts(minilm, [text], 5, store)[0]
    assert (again.tokens, again.marks, again.matched) == (one.tokens, one.marks, one.matched)
    assert again.logits == pytest.approx(one.logits, abs=1e-5)
    assert len(marked_texts(minilm, [text], 1, store)[0].tokens) == 1


def test_k_must_be_positive(minilm: Embedder) -> None:
    with pytest.raises(TokalignError, match="k must be at least 1"):
        marked_texts(minilm, ["a"], 0)


def test_strings_of_a_publication_are_marked_like_tokens(words: Any) -> None:
    text = "Released in 2003, the game ran."
    one = mark_strings(text, [" 2003", " Game", "released", ",", "\n", " it", " moon"], words)
    assert one.marks == ("literal", "variant", "variant", "literal", "other", "other", "other")
    assert one.tokens[0] == " 2003"
    assert all(map(math.isnan, one.logits))
    assert spans(one) == ["Released", "2003", "game"]
