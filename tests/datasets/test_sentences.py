"""The project's own sentences are as varied as the book says."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

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
