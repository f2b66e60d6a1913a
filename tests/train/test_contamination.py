from __future__ import annotations

import json

import pytest

from tokalign.datasets import load_pairs, load_retrieval, load_texts
from tokalign.errors import TokalignError
from tokalign.train.contamination import Forbidden, evaluation_texts, normalise

PLANTED = "Two dogs are fighting in the café."


@pytest.mark.parametrize(
    "text",
    [
        PLANTED,
        "It was late. TWO dogs are  fighting, in the “café”! Then they slept.",
        "two\ndogs are fighting in the cafe\u0301",
    ],
)
def test_a_planted_sentence_is_found(text):
    assert Forbidden([PLANTED]).within(text)


@pytest.mark.parametrize(
    "text",
    [
        "Two dogs are fighting in the",
        "Two dogs are not fighting in the café.",
        "Two cafés are fighting in the dogs.",
        "",
    ],
)
def test_other_texts_are_let_through(text):
    assert not Forbidden([PLANTED]).within(text)


def test_the_sentences_of_a_passage_are_forbidden_one_by_one():
    forbidden = Forbidden(["A lake lies to the north. Its water is cold and very clear."])
    assert forbidden.within("The water? Its water is cold and very clear.")
    assert len(forbidden) == 3


def test_short_sentences_are_forbidden_as_whole_texts_only():
    forbidden = Forbidden(["New York", "He sleeps."])
    assert forbidden.within("new york!")
    assert not forbidden.within("He moved to New York.")


def test_of_two_sentences_that_begin_alike_both_are_found():
    forbidden = Forbidden(["a b c d e f g", "a b c d e x"])
    assert forbidden.within("z a b c d e x z")
    assert forbidden.within("z a b c d e f g z")
    assert not forbidden.within("z a b c d e f z")


def test_texts_are_found_in_every_layout(tmp_path):
    files = {
        "a.jsonl": json.dumps({"text": "in a line of JSON", "more": [{"x": "nested"}], "n": 1}),
        "b/c.tsv": "4.2\tfirst of a pair\tsecond of a pair",
        "d.csv": 'id,text\n1,"a cell, with a comma\nand its second line"',
        "tabs.csv": 'main\t0.5\ta "text, with a comma\tand its pair',
        "e.xml": "<a><b>an element</b><c>another</c></a>",
        "f.xml": "<doc>one document</doc>\n<doc>and the next</doc>",
        "README.txt": "not data",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content, "utf-8")
    found = {normalise(text) for text in evaluation_texts([tmp_path])}
    for text in ["in a line of JSON", "nested", "first of a pair", "second of a pair",
                 "a cell with a comma", "and its second line", "a text with a comma",
                 "and its pair", "an element", "one document", "and the next"]:  # fmt: skip
        assert normalise(text) in found, text
    assert normalise("not data") not in found


def test_no_text_of_a_public_set_is_let_through(shared, monkeypatch):
    monkeypatch.setenv("TOKALIGN_DATA", str(shared / "datasets"))
    forbidden = Forbidden(evaluation_texts([shared / "datasets"]))
    texts: list[str] = []
    for name in ("stsb", "sick", "str2022", "nli", "msmarco-pairs", "banking77", "ag_news",
                 "cranfield", "msmarco-5k"):  # fmt: skip
        texts += load_texts(name).texts
    for name, split in [("stsb", "dev"), ("stsb", "train"), ("sts", "2015"), ("sts", "2012")]:
        pairs = load_pairs(name, split)
        texts += pairs.first + pairs.second
    for name in ("cranfield", "msmarco-5k"):
        texts += load_retrieval(name).queries
    assert [text for text in texts if normalise(text) and not forbidden.within(text)] == []


def test_a_missing_place_is_an_error(tmp_path):
    with pytest.raises(TokalignError, match="no such file or folder"):
        list(evaluation_texts([tmp_path / "missing"]))
