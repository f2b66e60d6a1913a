from __future__ import annotations

import json
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

from tokalign.datasets import load_texts
from tokalign.datasets.wiki import first_sentence
from tokalign.errors import TokalignError

Write = Callable[[str, str | bytes], Path]

LONG = "The river {} runs for many miles through the old town. It floods."


def packed(*articles: list[str]) -> bytes:
    rows = (json.dumps({"id": "1", "title": "t", "paragraphs": parts}) for parts in articles)
    return lzma.compress("".join(f"{row}\n" for row in rows).encode())


def test_first_long_paragraph_of_each_article(write: Write) -> None:
    content = packed(["Short one.", LONG.format("A")], ["Short."], [LONG.format("B")])
    path = write("corpora/enwiki2014-a.jsonl.xz", content)
    texts = load_texts("wiki")
    assert texts.texts == tuple(LONG.format(x).removesuffix(" It floods.") for x in "AB")
    assert texts.source == str(path)


def test_corpora_may_lie_beside_the_data_folder(data: Path) -> None:
    beside = data.parent / "corpora"
    beside.mkdir()
    for name in "ab":
        content = packed([LONG.format(name)])
        (beside / f"enwiki2014-{name}.jsonl.xz").write_bytes(content)
    assert load_texts("wiki").texts == (LONG.format("b").removesuffix(" It floods."),)


def test_a_thousand_different_texts_and_no_more_is_read(write: Write) -> None:
    articles = [[LONG.format(n // 2)] for n in range(2400)]
    broken = packed(*articles)[:-40]  # the end of the file is never reached
    path = write("corpora/enwiki2014-a.jsonl.xz", packed(*articles))
    texts = load_texts("wiki").texts
    assert len(texts) == len(set(texts)) == 1000
    path.write_bytes(broken)
    assert load_texts("wiki").texts == texts


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no xz", "cannot read .*enwiki2014-a"),
        (packed([LONG.format("A")])[:-20], "cannot read .*enwiki2014-a"),
        (lzma.compress(b'{"text": "x"}\n'), 'line 1: needs a list "paragraphs"'),
        (lzma.compress(b"{\n"), "line 1: is not valid JSON"),
        (lzma.compress(b"\xff\n"), "cannot read .*enwiki2014-a"),
        (packed(["Short."]), "holds no paragraph of 8 words"),
    ],
)
def test_malformed(write: Write, content: bytes, message: str) -> None:
    write("corpora/enwiki2014-a.jsonl.xz", content)
    with pytest.raises(TokalignError, match=message):
        load_texts("wiki")


def test_nowhere(data: Path) -> None:
    with pytest.raises(TokalignError, match=r"TOKALIGN_DATA to a folder that holds corpora/enwiki"):
        load_texts("wiki")


@pytest.mark.parametrize(
    "marked",
    [
        "One two three four five six seven eight.| Next one.",
        "Too short. But this one goes on for a while.| End.",
        "He was a U.S. Navy officer born in St. Louis in 1901.| End.",
        "It was the first of its kind here (see page 3. Then more)!| End.",
        'She said in public that "it was all over now."| Then she left.',
        "A version such as 2.0 or 3.5 beta came out later that year|",
    ],
)
def test_first_sentence(marked: str) -> None:
    assert first_sentence(marked.replace("|", "")) == marked.partition("|")[0]


@pytest.mark.shared
def test_real_wikipedia(real: Path) -> None:
    texts = load_texts("wiki", limit=100)
    assert len(texts) == 100
    assert all(len(text.split()) >= 8 for text in texts.texts)
