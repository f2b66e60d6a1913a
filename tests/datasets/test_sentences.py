"""The project's own sentences are as varied as the book says."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from statistics import mean, median

import pytest

from tokalign.datasets import TextSet, frames, load_texts, near_duplicates


@pytest.fixture(scope="module")
def sentences() -> TextSet:
    return load_texts("sentences")


def test_read_from_the_checkout(sentences: TextSet) -> None:
    file = Path(__file__).parents[2] / "data" / "sentences.jsonl"
    assert sentences.source == str(file.resolve())


def test_number_and_topics(sentences: TextSet) -> None:
    assert len(sentences) >= 600
    assert sentences.labels is not None
    sizes = Counter(sentences.labels)
    assert len(sizes) >= 12
    assert max(sizes.values()) <= 1.25 * min(sizes.values())


def test_lengths(sentences: TextSet) -> None:
    odd = [text for text in sentences.texts if not 5 <= len(text.split()) <= 40]
    assert odd == []


def test_each_stands_once(sentences: TextSet) -> None:
    counts = Counter(text.casefold() for text in sentences.texts)
    assert [text for text, count in counts.items() if count > 1] == []


def test_each_ends_like_a_sentence(sentences: TextSet) -> None:
    assert [
        text for text in sentences.texts if not text.rstrip('"”’').endswith((".", "?", "!"))
    ] == []


def test_no_frame_more_than_three_times(sentences: TextSet) -> None:
    assert [f for f, count in frames(sentences.texts).items() if count > 3] == []


def test_no_near_duplicates(sentences: TextSet) -> None:
    near = near_duplicates(sentences.texts, 0.6)
    assert [(sentences.texts[i], sentences.texts[j]) for i, j, _ in near] == []


def test_the_data_sheet_says_what_the_file_holds(sentences: TextSet) -> None:
    sheet = (Path(__file__).parents[2] / "data" / "sentences.md").read_text("utf-8")
    told = {
        cells[0]: tuple(cells[1:])
        for line in sheet.splitlines()
        if len(cells := [cell.strip() for cell in line.strip("|").split("|")]) == 5
        and cells[1].isdigit()
    }
    assert sentences.labels is not None
    words = {"all": [len(text.split()) for text in sentences.texts]}
    for text, topic in zip(sentences.texts, sentences.labels, strict=True):
        words.setdefault(topic, []).append(len(text.split()))
    assert told == {
        name: (str(len(n)), f"{mean(n):.1f}", str(min(n)), str(max(n))) for name, n in words.items()
    }
    total = sum(words["all"])
    assert f"{total:,} words in all, with a median of {median(words['all']):.0f}" in sheet
    questions = sum(text.endswith("?") for text in sentences.texts)
    accented = sum(not text.isascii() for text in sentences.texts)
    assert f"\n{questions} end as questions. {accented} contain a letter outside ASCII" in sheet
