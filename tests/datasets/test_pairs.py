from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tokalign.datasets import load_pairs, load_texts
from tokalign.errors import TokalignError

Write = Callable[[str, str | bytes], Path]

STSB = (
    'main-news\tMSRpar\t2012\t1\t5.000\tHe said "no.\tHe said no.\n'
    "main-news\tMSRpar\t2012\t2\t0.5\tA cat sat.\tHe said no.\tsome\tlicence\n"
)
SICK = (
    "pair_ID\tsentence_A\tsentence_B\tentailment_label\trelatedness_score\tSemEval_set\r\n"
    "1\tA dog runs\tAn animal runs\tENTAILMENT\t4.5\tTRAIN\r\n"
    "2\tA dog runs\tNo dog runs\tCONTRADICTION\t3.5\tTEST\r\n"
    "3\tA dog runs\tA cat sits\tNEUTRAL\t1\tTRIAL\r\n"
)
STR = 'PairID,Text,Score\nE-1,"One, two.\nThree.",0.25\nE-2,"Four.\nOne, two.",1.0\n'
RTE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE entailment-corpus SYSTEM "rte.dtd">\n'
    '<entailment-corpus><pair id="1" {}><t>Tom &amp; Ann\n met.</t><h>They met.</h></pair>'
    "</entailment-corpus>"
)


def test_stsb_reads_quotes_as_they_stand_and_ignores_further_columns(write: Write) -> None:
    path = write("stsb/sts-test.csv", STSB)
    pairs = load_pairs("stsb", "test")
    assert pairs.first == ('He said "no.', "A cat sat.")
    assert pairs.second == ("He said no.", "He said no.")
    assert pairs.score is not None
    assert pairs.score.dtype == np.float64
    assert pairs.score.tolist() == [5.0, 0.5]
    assert (pairs.kind, pairs.label, pairs.source) == ("similarity", None, str(path))
    assert load_texts("stsb").texts == ('He said "no.', "He said no.", "A cat sat.")


def test_sick_splits_one_file(write: Write) -> None:
    write("sick/SICK.txt", SICK)
    found = {split: load_pairs("sick", split) for split in ("train", "dev", "test")}
    assert [found[split].label for split in found] == [
        ("entailment",),
        ("neutral",),
        ("contradiction",),
    ]
    assert found["dev"].second == ("A cat sits",)
    assert found["test"].kind == "relatedness"
    assert load_texts("sick").texts == ("A dog runs", "No dog runs")


def test_str2022(write: Write) -> None:
    write("str2022/eng_train.csv", STR)
    write("str2022/eng_dev_with_labels.csv", STR.replace("Four", "Five"))
    pairs = load_pairs("str2022", "train")
    assert (pairs.first, pairs.second) == (("One, two.", "Four."), ("Three.", "One, two."))
    assert load_texts("str2022").texts == ("One, two.", "Three.", "Four.", "Five.")


def test_sts_year_leaves_out_what_has_no_score(write: Write) -> None:
    for name in ("FNWN", "OnWN", "headlines"):
        write(f"sts/sts/semeval-sts/2013/{name}.test.tsv", f"2.5\t{name}\tb\n\tunscored\tc\n")
    pairs = load_pairs("sts", "2013")
    assert sorted(pairs.first) == ["FNWN", "OnWN", "headlines"]
    assert load_pairs("sts", "2013/OnWN").first == ("OnWN",)
    assert len(pairs.sha256) == 64
    assert pairs.sha256 != load_pairs("sts", "2013/OnWN").sha256


def test_word_lists(write: Write) -> None:
    write("word_similarity/men.csv", ",word1,word2,similarity\n0,sun-n,sunny-j,50.0\n")
    write(
        "word_similarity/simverb-3500.csv", ",similarity,word1,word2,relation\n0,6.8,take,x-n,s\n"
    )
    write("word_similarity/wordsim353-rel.csv", ",word1,word2,similarity\n0,day,dawn,7.5\n1,,,\n")
    men, verbs = load_pairs("word_similarity", "men"), load_pairs("word_similarity", "simverb-3500")
    assert (men.first, men.second, men.kind) == (("sun",), ("sunny",), "relatedness")
    assert (verbs.first, verbs.second, verbs.kind) == (("take",), ("x-n",), "similarity")
    assert len(load_pairs("word_similarity", "wordsim353-rel")) == 1


def test_rte_brings_its_answers_to_one_form(write: Write) -> None:
    for n, answer in ((1, 'value="TRUE"'), (2, 'entailment="NO"'), (3, 'entailment="YES"')):
        write(f"rte/rte{n}_test.xml", RTE.format(answer))
    pairs = load_pairs("rte", "test")
    assert pairs.label == ("entailment", "not entailment", "entailment")
    assert pairs.first[0] == "Tom & Ann met."
    assert pairs.score is None
    assert load_texts("nli").texts == ("Tom & Ann met.", "They met.")


def test_limit_nests_and_keeps_rows_together(write: Write) -> None:
    rows = "".join(f"g\tf\ty\t{i}\t{i / 10}\ta{i}\tb{i}\n" for i in range(40))
    write("stsb/sts-dev.csv", rows)
    small, large = (load_pairs("stsb", "dev", limit=limit, seed=4) for limit in (5, 12))
    assert set(small.first) < set(large.first)
    assert [a[1:] for a in small.first] == [b[1:] for b in small.second]
    assert small.score is not None
    assert small.score.tolist() == [int(a[1:]) / 10 for a in small.first]


@pytest.mark.parametrize(
    ("name", "split", "path", "content", "message"),
    [
        ("stsb", "test", "stsb/sts-test.csv", STSB + "a\tb\n", "line 3: 2 fields between tabs"),
        ("stsb", "test", "stsb/sts-test.csv", STSB.replace("0.5", "x"), "line 2: score 'x' is no"),
        ("stsb", "test", "stsb/sts-test.csv", STSB.replace("0.5", "nan"), "score 'nan' is not a"),
        ("stsb", "test", "stsb/sts-test.csv", "\n", "holds no pairs"),
        ("sick", "test", "sick/SICK.txt", "a\tb\n", "line 1: no column sentence_A"),
        ("sick", "test", "sick/SICK.txt", "", "line 1: no column"),
        ("sick", "test", "sick/SICK.txt", SICK.replace("TEST", "X"), "no pairs of the split test"),
        ("str2022", "train", "str2022/eng_train.csv", "a,b\n", "line 1: no column Score, Text"),
        ("str2022", "train", "str2022/eng_train.csv", STR.replace("\nThree", ""), "1 sentences"),
        ("str2022", "train", "str2022/eng_train.csv", STR + "E-3\n", "line 6: too few columns"),
        ("str2022", "train", "str2022/eng_train.csv", STR + 'E,"a', "is not valid CSV"),
        ("stsb", "test", "stsb/sts-test.csv", b"\xff", "line 1: not UTF-8"),
    ],
)
def test_malformed(
    write: Write, name: str, split: str, path: str, content: str | bytes, message: str
) -> None:
    where = write(path, content)
    with pytest.raises(TokalignError, match=message) as caught:
        load_pairs(name, split)
    assert str(where) in str(caught.value)


def test_rte_pair_without_hypothesis(write: Write) -> None:
    for n in (1, 2, 3):
        write(f"rte/rte{n}_dev.xml", RTE.format('value="TRUE"').replace("They met.", " "))
    with pytest.raises(TokalignError, match="pair 1 lacks its text"):
        load_pairs("rte", "dev")


def test_unknown_names_are_suggested() -> None:
    with pytest.raises(TokalignError, match="did you mean sts or stsb"):
        load_pairs("stbs", "test")
    with pytest.raises(TokalignError, match="did you mean wordsim353-sim"):
        load_pairs("word_similarity", "wordsim-sim")


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "split", "n", "low", "high"),
    [
        ("stsb", "train", 5749, 0, 5),
        ("stsb", "test", 1379, 0, 5),
        ("sick", "test", 4906, 1, 5),
        ("str2022", "train", 5500, 0, 1),
        ("sts", "2012", 2358, 0, 5),
        ("sts", "2015", 3000, 0, 5),
        ("sts", "2016", 1186, 0, 5),
        ("word_similarity", "wordsim353-sim", 203, 0, 10),
        ("word_similarity", "simlex999", 999, 0, 10),
    ],
)
def test_real_sets_have_their_published_sizes_and_scales(
    real: Path, name: str, split: str, n: int, low: float, high: float
) -> None:
    pairs = load_pairs(name, split)
    assert len(pairs) == len(pairs.first) == len(pairs.second) == n
    assert pairs.score is not None
    assert pairs.score.shape == (n,)
    assert low <= pairs.score.min() < pairs.score.max() <= high
    assert all(text == text.strip() and text for text in pairs.first + pairs.second)


@pytest.mark.shared
def test_real_rte(real: Path) -> None:
    pairs = load_pairs("rte", "test")
    assert len(pairs) == 2400
    assert pairs.label is not None
    assert pairs.label.count("entailment") == 1210
