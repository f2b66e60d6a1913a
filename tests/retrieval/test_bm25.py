"""BM25 against the formula in plain Python; its words; what it does not find."""

from __future__ import annotations

from collections import Counter
from math import log

import pytest

from tokalign.datasets import load_retrieval
from tokalign.errors import TokalignError
from tokalign.retrieval import bm25_search, bm25_words, evaluate
from tokalign.retrieval.libraries import library

pytest.importorskip("bm25s", reason="the extra retrieval is not installed")
pytest.importorskip("ir_measures", reason="the extra retrieval is not installed")

TEXTS = {
    "d1": "the moon and the sea and the moon",
    "d2": "a parrot on the moon",
    "d3": "parrots talk",
    "d4": "sea sea sea",
    "d5": "parrots talk",
}


def plain(query: str, k1: float, b: float) -> dict[str, float]:
    docs = dict(zip(TEXTS, bm25_words(list(TEXTS.values())), strict=True))
    mean = sum(map(len, docs.values())) / len(docs)
    scores: dict[str, float] = {}
    for word in bm25_words([query])[0]:
        df = sum(word in words for words in docs.values())
        idf = log(1 + (len(docs) - df + 0.5) / (df + 0.5))
        for doc, words in docs.items():
            tf = Counter(words)[word]
            if tf:
                part = idf * tf / (tf + k1 * (1 - b + b * len(words) / mean))
                scores[doc] = scores.get(doc, 0.0) + part
    ranked = sorted(scores.items(), key=lambda hit: (-round(hit[1], 6), hit[0]))
    return dict(ranked)


@pytest.mark.parametrize(("k1", "b"), [(1.5, 0.75), (0.9, 0.4), (0.0, 0.0), (2.0, 1.0)])
@pytest.mark.parametrize("query", ["moon sea", "talking parrots, parrots", "sea moon unheard-of"])
def test_the_formula(collection, query: str, k1: float, b: float) -> None:
    data = collection(docs=TEXTS, queries={"q": query}, qrels={"q": {"d1": 1}})
    found = bm25_search(data, k1=k1, b=b).rankings["q"]
    expected = plain(query, k1, b)
    assert list(found) == list(expected)
    assert found == pytest.approx(expected, rel=1e-5)


def test_words() -> None:
    text = "The Games' x of 2 games_x, gaming and 42"
    assert bm25_words([text]) == [["game", "games_x", "game", "42"]]
    assert bm25_words([text], stemmed=False) == [["games", "games_x", "gaming", "42"]]
    assert bm25_words(["the of"], stop_words=False) == [["the", "of"]]
    assert bm25_words(["", "the"]) == [[], []]


def test_what_has_no_word_finds_nothing_and_is_not_found(collection) -> None:
    found = bm25_search(collection())
    # The third query is a stop word; the blank document has no words; both were alike to bm25s.
    assert found.rankings["q3"] == {}
    assert all("d4" not in ranking for ranking in found.rankings.values())
    assert list(found.rankings["q2"]) == ["d10", "d2"]
    assert bm25_search(collection(queries={"q1": "zebra"})).rankings == {"q1": {}}


def test_refusals(collection) -> None:
    for wrong in ({"k1": -1.0}, {"b": 1.5}, {"k1": float("nan")}, {"k1": float("inf")}):
        with pytest.raises(TokalignError, match="allowed: k1 0 or more, b between 0 and 1"):
            bm25_search(collection(), **wrong)
    with pytest.raises(TokalignError, match="no document of toy has a word"):
        bm25_search(collection(docs={"d1": "", "d2": "the"}))


def test_a_library_that_is_missing_is_named() -> None:
    with pytest.raises(TokalignError, match=r"pip install 'tokalign\[retrieval\]'"):
        library("bm25s_that_is_not_there")


@pytest.mark.shared
def test_on_a_real_collection_it_is_as_good_as_others_found_it(shared, monkeypatch) -> None:
    monkeypatch.setenv("TOKALIGN_DATA", str(shared / "datasets"))
    data = load_retrieval("msmarco-5k")
    unstemmed = evaluate(bm25_search(data, stemmed=False), data)
    assert unstemmed.mean().value == pytest.approx(0.687, abs=0.003)
    assert evaluate(bm25_search(data), data).mean().value > unstemmed.mean().value
