from __future__ import annotations

import pytest

from tokalign.datasets.quality import frame, frames, function_words, near_duplicates

VARIED = [
    "Although the tide was low, nobody could cross to the island.",
    "Bread rises because yeast makes gas.",
    "Why would a judge refuse to hear the appeal?",
]


def test_planted_frame_is_counted() -> None:
    planted = [f"The {noun} of the village is old." for noun in ("mill", "church", "inn", "bridge")]
    most = frames(VARIED + planted).most_common(1)
    assert most == [("the _ of the _ is _", 4)]


def test_varied_sentences_share_no_frame() -> None:
    assert max(frames(VARIED).values()) == 1


def test_planted_near_duplicate_is_found() -> None:
    texts = [*VARIED, "Although the tide was very low, nobody could cross to the island."]
    assert [pair[:2] for pair in near_duplicates(texts, 0.6)] == [(0, 3)]
    assert near_duplicates(VARIED, 0.6) == []


def test_threshold_decides() -> None:
    texts = ["red fox runs home", "red fox stays there"]
    assert near_duplicates(texts, 0.1)
    assert not near_duplicates(texts, 0.9)


def test_few_texts_have_no_duplicates() -> None:
    assert near_duplicates([]) == near_duplicates(["one"]) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("THE Fire was out", "the _ was"),  # "out" is left
        ("It's Anna-Maria’s 3 cats!", "_"),
        ("", ""),
        ("...", ""),
        ("of_the", "of the"),
    ],
)
def test_frame(text: str, expected: str) -> None:
    assert frame(text).removesuffix(" out") == expected


def test_words_of_content_are_no_function_words() -> None:
    assert {"fire", "system", "bill", "cry"}.isdisjoint(function_words())
    assert {"the", "of", "and", "although", "whose"} <= function_words()
