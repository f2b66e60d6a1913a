from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tokalign.datasets import known_texts, load_texts
from tokalign.errors import TokalignError

Write = Callable[[str, str | bytes], Path]


def test_msmarco_pairs_keep_broken_characters(write: Write) -> None:
    write("msmarco_pairs/sampled500.txt", "who\tâ\x85 dash.\nwhen\tA â\x80\x93 B\n")
    texts = load_texts("msmarco-pairs")
    assert texts.texts == ("â\x85 dash.", "A â\x80\x93 B")
    assert "non-commercial" in texts.licence


@pytest.mark.parametrize(
    ("path", "content", "name", "message"),
    [
        (
            "msmarco_pairs/sampled500.txt",
            "a\tb\nno tab\n",
            "msmarco-pairs",
            "line 2: needs a query",
        ),
        ("msmarco_pairs/sampled500.txt", "a\tb\tc\n", "msmarco-pairs", "line 1: needs a query"),
        ("msmarco_pairs/sampled500.txt", b"a\tcaf\xe9\n", "msmarco-pairs", "line 1: not UTF-8"),
        ("msmarco_pairs/sampled500.txt", "", "msmarco-pairs", "holds no passage"),
        ("banking77/banking_data/test.csv", "text,x\n", "banking77", "no column category"),
        ("banking77/banking_data/test.csv", "text,category\n", "banking77", "holds no text"),
        ("ag_news/test.csv", '"5","a","b"\n', "ag_news", "line 1: needs a class 1 to 4"),
        ("ag_news/test.csv", '"1","a","b"\n"2","a"\n', "ag_news", "line 2: needs a class"),
        ("ag_news/test.csv", '"1","a","b', "ag_news", "is not valid CSV"),
    ],
)
def test_malformed(write: Write, path: str, content: str | bytes, name: str, message: str) -> None:
    write(path, content)
    with pytest.raises(TokalignError, match=message):
        load_texts(name)


def test_labelled_sets(write: Write) -> None:
    write("banking77/banking_data/test.csv", 'text,category\n"Where, please?",card\nWhy?,fee\n')
    write("ag_news/test.csv", '"3","Fears","Unions say ""no"".\\They left."\n"1","Vote?","Yes."\n')
    banking, news = load_texts("banking77"), load_texts("ag_news")
    assert (banking.texts, banking.labels) == (("Where, please?", "Why?"), ("card", "fee"))
    assert news.texts == ('Fears. Unions say "no". They left.', "Vote? Yes.")
    assert news.labels == ("Business", "World")


def test_limit_nests_with_labels() -> None:
    small, large = (
        load_texts("sentences", limit=40, seed=2),
        load_texts("sentences", limit=100, seed=2),
    )
    every = load_texts("sentences", limit=10**6)
    assert len(small) == 40
    assert set(small.texts) < set(large.texts) < set(every.texts)
    assert small.labels is not None
    assert every.labels is not None
    topic = dict(zip(every.texts, every.labels, strict=True))
    assert [topic[text] for text in small.texts] == list(small.labels)
    assert sorted(small.texts, key=every.texts.index) == list(small.texts)


@pytest.mark.parametrize("limit", [0, -3])
def test_limit_is_checked_first(limit: int) -> None:
    with pytest.raises(TokalignError, match=f"limit must be at least 1, not {limit}"):
        load_texts("stsb", limit=limit)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sentence", "unknown data set 'sentence': did you mean sentences"),
        ("scifacts", "did you mean scifact"),
        ("facet", "unknown data set 'facet': did you mean facets"),
        ("", "unknown data set ''"),
        (" ", "unknown data set ' '"),
    ],
)
def test_unknown_name(
    name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TokalignError, match=message) as caught:
        load_texts(name)
    assert "\n" not in str(caught.value)


def test_a_name_goes_before_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sentences").write_text("not this")
    assert load_texts("sentences").name == "sentences"
    with pytest.raises(TokalignError, match="must end with"):
        load_texts("./sentences")


def test_every_known_name_loads_or_says_what_to_do() -> None:
    for name in known_texts():
        if name not in ("sentences", "passages", "facets", "pairs"):  # ours
            with pytest.raises(TokalignError, match=rf"'({name}|rte)' is not on .*TOKALIGN_DATA"):
                load_texts(name)


def test_import_is_light() -> None:
    code = (
        "import sys, tokalign.datasets\n"
        "heavy = {'torch', 'transformers', 'sklearn', 'pandas', 'scipy', 'datasets'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "n", "labels"),
    [
        ("stsb", 2551, 0),
        ("sick", 5001, 0),
        ("str2022", 10020, 0),
        ("nli", 4273, 0),
        ("msmarco-pairs", 500, 0),
        ("banking77", 3080, 77),
        ("ag_news", 7600, 4),
        ("cranfield", 1398, 0),
        ("msmarco-5k", 4999, 0),
    ],
)
def test_real_sets(real: Path, name: str, n: int, labels: int) -> None:
    texts = load_texts(name)
    assert len(texts) == n
    assert len(set(texts.labels or ())) == labels
    assert all(text.strip() for text in texts.texts)
    assert len(texts.sha256) == 64
    assert texts.licence
