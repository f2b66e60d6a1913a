"""Words and their ranks against a plain reimplementation, and what each column says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from tokalign.embedders import Embedder, load_embedder
from tokalign.errors import TokalignError
from tokalign.measures import derangements, measure
from tokalign.measures.keywords import shape_class, text_words, word_ranks
from tokalign.store import Store
from tokalign.tokens import VocabularyForms, literal_words, load_head


@pytest.mark.parametrize(
    ("word", "capitalised", "expected"),
    [
        ("1610", False, "number"),
        ("x2", True, "number"),
        ("Hubble", True, "name-like"),
        ("Hubble", False, "no suffix"),
        ("NASA", False, "name-like"),
        ("X", False, "no suffix"),
        ("Slowly", False, "-ly"),
        ("fly", False, "no suffix"),  # no three letters before the ending
        ("running", False, "-ing"),
        ("spring", False, "no suffix"),  # no vowel before the ending
        ("painted", False, "-ed"),
        ("agreement's", False, "noun suffix"),
        ("cities", False, "no suffix"),
        ("galaxy", False, "no suffix"),
        ("policies", False, "noun suffix"),
        ("famous", False, "adjective suffix"),
        ("evening", False, "-ing"),  # wrongly: it goes by the ending alone
        ("\u043b\u0435\u0434", False, "no suffix"),
    ],
)
def test_classes_by_shape(word: str, capitalised: bool, expected: str) -> None:
    assert shape_class(word, capitalised) == expected


@pytest.mark.parametrize(
    ("text", "capitals"),
    [
        ("Moons near Jupiter. Comets near Saturn", ["Jupiter", "Saturn"]),
        ("Moons? \u201cComets\u201d: Rivers!\nGold", []),
        ("Rivers, Gold", ["Gold"]),
        ("Gold ore is gold; so said Gold", ["Gold"]),  # one of its occurrences is enough
        ("the MOON", ["MOON"]),
    ],
)
def test_capitals_inside_a_sentence(tiny: Embedder, text: str, capitals: list[str]) -> None:
    found = text_words(text, tiny.tokenizer)
    assert [word.word for word in found if word.capitalised] == capitals


@given(text=st.text("aAbM g.,!\u201c\n-'2é\u6771moonriver", max_size=60))
def test_words_are_the_literal_ones_with_their_places(tiny: Embedder, text: str) -> None:
    found = text_words(text, tiny.tokenizer)
    expected = literal_words(text, tiny.tokenizer)
    assert [(w.form, w.matches) for w in found] == [(w.form, w.matches) for w in expected]
    for word in found:
        assert text[slice(*word.spans[0])] == word.word
        assert list(word.spans) == sorted(set(word.spans))


def content_lists(embedder: Embedder, texts: list[str]) -> list[list[int]]:
    """All content forms of each text by plain sorting."""
    forms, head = VocabularyForms.from_tokenizer(embedder.tokenizer), load_head(embedder)
    logits = embedder.encode(texts).vectors @ head.matrix.numpy().T
    of = forms.of[head.ids.numpy()]
    return [
        list(dict.fromkeys(int(f) for f in of[np.argsort(-row, kind="stable")] if f >= 0))
        for row in logits
    ]


def test_ranks_against_a_plain_search(tiny: Embedder, sentences: list[str]) -> None:
    texts = sentences[:12]
    forms, lists = VocabularyForms.from_tokenizer(tiny.tokenizer), content_lists(tiny, texts)
    other = derangements(12, 1, seed=5)[0]
    depth = 60
    found = word_ranks(tiny, texts, seed=5, depth=depth)
    rows = found.to_dict("records")
    words = [(i, w) for i, text in enumerate(texts) for w in literal_words(text, tiny.tokenizer)]
    assert [(r["text"], r["form"]) for r in rows] == [(i, w.form) for i, w in words]
    for row, (i, word) in zip(rows, words, strict=True):
        numbers = {forms.number[m] for m in word.matches if m in forms.number}
        for column, ranked in (("rank", lists[i]), ("rank_elsewhere", lists[other[i]])):
            places = [r for r, form in enumerate(ranked, 1) if form in numbers and r <= depth]
            assert row[column] == min(places, default=depth + 1)
        assert row["censored"] == (row["rank"] > depth)
        assert row["reachable"] == bool(numbers)
    assert found["censored"].any()
    assert not found["censored"].all()


def test_the_share_before_the_cut_off_is_lar(tiny: Embedder, sentences: list[str]) -> None:
    texts = sentences[:30]
    found = word_ranks(tiny, texts)
    hits = (found["rank"] <= found["words"]).groupby(found["text"]).mean()
    expected = measure(tiny, texts).summary()["content"]["lar"]["value"]
    assert hits.mean() == pytest.approx(expected)


def test_idf_is_that_of_scikit_learn(tiny: Embedder, sentences: list[str]) -> None:
    texts = sentences[:40]
    found = word_ranks(tiny, texts, depth=1)
    forms = [[w.form for w in literal_words(text, tiny.tokenizer)] for text in texts]
    fitted = TfidfVectorizer(analyzer=list).fit(forms)
    expected = dict(zip(fitted.get_feature_names_out(), fitted.idf_, strict=True))
    assert found["idf"].to_numpy() == pytest.approx(found["form"].map(expected).to_numpy())


def test_places_and_lengths(tiny: Embedder) -> None:
    found = word_ranks(tiny, ["Moon and river, the zzq moon", "of the"], depth=5)
    rows = found.set_index("word")
    assert list(found["word"]) == ["Moon", "river", "zzq"]  # a text of stop words has no row
    assert rows["count"].tolist() == [2, 1, 1]
    assert rows["order"].tolist() == [1, 2, 3]
    assert set(rows["words"]) == {3}
    assert rows["position"].tolist() == pytest.approx([2 / 28, 11.5 / 28, 21.5 / 28])
    assert rows["pieces"].tolist() == [1, 1, 3]
    assert not found["cut"].any()


def test_pieces_of_a_byte_level_tokenizer(checkpoint: Any) -> None:
    """Blanks belong to the pieces there."""
    gpt = load_embedder(str(checkpoint("gpt_neo")))
    text = "the sea parakeets"
    found = word_ranks(gpt, [text, "a sea"], depth=3)
    expected = [
        len(gpt.tokenizer.encode(" " + word, add_special_tokens=False)) for word in found["word"]
    ]
    assert found["pieces"].tolist() == expected


def test_texts_that_were_cut_are_told(tiny: Embedder) -> None:
    found = word_ranks(tiny, ["moon " * 60 + "river", "gold"], depth=5)
    assert found.groupby("text")["cut"].first().tolist() == [True, False]


def test_one_text_has_no_other(tiny: Embedder) -> None:
    found = word_ranks(tiny, ["the moon and the river"])
    assert found["rank_elsewhere"].isna().all()
    assert found["rank"].notna().all()


def test_a_store_changes_nothing(tiny: Embedder, sentences: list[str], tmp_path: Any) -> None:
    store = Store(tmp_path)
    expected = word_ranks(tiny, sentences[:5])
    for _ in range(2):
        assert word_ranks(tiny, sentences[:5], store=store).equals(expected)


def test_texts_without_words_give_an_empty_frame(tiny: Embedder) -> None:
    found = word_ranks(tiny, ["the of", "..."])
    assert found.empty
    assert {"embedder", "rank", "idf", "shape_class"} <= set(found.columns)


@pytest.mark.parametrize(
    ("texts", "depth", "why"),
    [([], 5, "no text"), (["moon"], 0, "depth must be at least 1"), (["\ud800"], 5, "Unicode")],
)
def test_bad_input_is_a_users_error(tiny: Embedder, texts: list[str], depth: int, why: str) -> None:
    with pytest.raises(TokalignError, match=why):
        word_ranks(tiny, texts, depth=depth)
