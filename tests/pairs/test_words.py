"""Words of a pair and their tokens: what is shared, what sets it apart, what they add up to."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokalign.embedders import Embedder
from tokalign.errors import TokalignError
from tokalign.measures import cosines
from tokalign.pairs import (
    MarkedPairs,
    TokenSplit,
    Vocabulary,
    pair_vectors,
    spoken_words,
    word_parts,
    word_shares,
)
from tokalign.pairs.words import word_form
from tokalign.tokens import Head, normal_form


@pytest.fixture(scope="module")
def vocabulary(tiny: Embedder) -> Vocabulary:
    return Vocabulary.of(tiny.tokenizer)


@given(st.text("abNo t,'-.\u2019", max_size=30))
def test_words_are_where_they_stand(text: str) -> None:
    found = spoken_words(text)
    assert len({word.form for word in found}) == len(found)
    spans = sorted(span for word in found for span in word.spans)
    assert all(text[a:b].strip("abNot'\u2019") == "" and a < b for a, b in spans)
    inside = {i for a, b in spans for i in range(a, b)}
    outside = "".join(c for i, c in enumerate(text) if i not in inside)
    assert not any(c.isalnum() for c in outside)
    for word in found:
        assert word.word == text[slice(*word.spans[0])]


def test_stop_words_stay_and_others_are_as_ever() -> None:
    assert [word_form(w) for w in ("Not", "\u0120the", "##s", "...", " it's")] == [
        "not", "the", "##s", None, "it"
    ]  # fmt: skip
    for word in ("Treaties", "\u0120gaming", "GOLD"):
        assert word_form(word) == normal_form(word)


def test_tokens_of_a_word(tiny: Embedder, vocabulary: Vocabulary) -> None:
    known = tiny.tokenizer.get_vocab()
    assert vocabulary.ids(["moon"]).tolist() == [known["moon"]]
    assert known["the"] in vocabulary.ids(["THE"])
    # "moonq" is no token: its first piece stands for it, and no other piece does.
    pieces = tiny.tokenizer.tokenize("moonq")
    assert pieces[0] == "moon"
    assert vocabulary.ids(["moonq"]).tolist() == [known["moon"]]
    assert not set(vocabulary.ids(["[CLS]"])) & set(tiny.tokenizer.all_special_ids)
    assert vocabulary.ids([]).tolist() == []


SOME = ["the", "moon", "river", "gold", "not", "is", "was", "moonq"]
WORDS = st.lists(st.sampled_from(SOME), min_size=1, max_size=6)


@settings(max_examples=30)
@given(WORDS, WORDS)
def test_parts_are_apart(vocabulary: Vocabulary, one: list[str], other: list[str]) -> None:
    shared, left, right = word_parts(" ".join(one), " ".join(other), vocabulary)
    every = np.concatenate([shared, left, right])
    assert len(np.unique(every)) == len(every)
    assert set(every) == set(vocabulary.ids([*one, *other]))
    assert set(shared) == set(vocabulary.ids([word for word in one if word in other]))


def test_shares_sum_to_the_cosine(
    tiny: Embedder, tiny_head: Head, few: MarkedPairs, vocabulary: Vocabulary
) -> None:
    first, second = pair_vectors(tiny, few.first, few.second)
    split = TokenSplit.of(tiny_head)
    texts = (few.first, few.second)
    table = word_shares(split, first, second, texts, vocabulary)
    sums = table.groupby("pair")[["value", "even", "tokens"]].sum()
    expected = cosines(first.vectors, second.vectors)
    np.testing.assert_allclose(sums["value"], expected, atol=1e-9)
    np.testing.assert_allclose(sums["even"], expected, atol=1e-9)
    assert set(sums["tokens"]) == {len(tiny_head)}
    # "The river is cold." against "The river is not cold.": "not" alone sets the second apart.
    row = table[(table["pair"] == 0) & (table["part"] == "second alone")].iloc[0]
    ids = vocabulary.ids(["not"])
    rows = np.flatnonzero(np.isin(tiny_head.ids.numpy(), ids))
    whole = split.contributions(first, second)[0]
    assert row["tokens"] == len(ids) > 0
    assert row["value"] == pytest.approx(whole[rows].sum())
    assert np.isfinite(table["chance"]).all()


def test_a_single_pair_has_no_chance_level(
    tiny: Embedder, tiny_head: Head, vocabulary: Vocabulary
) -> None:
    first, second = pair_vectors(tiny, ["the moon"], ["the river"])
    texts = (["the moon"], ["the river"])
    table = word_shares(TokenSplit.of(tiny_head), first, second, texts, vocabulary)
    assert table["chance"].isna().all()
    with pytest.raises(TokalignError, match="2 first texts and 1 second ones for 1 vectors"):
        word_shares(TokenSplit.of(tiny_head), first, second, (["a", "b"], ["c"]), vocabulary)
