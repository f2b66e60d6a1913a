"""The overlap of vectors: the same numbers as `measure`, and what it says of each text."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tokalign.embedders import load_embedder
from tokalign.errors import TokalignError
from tokalign.measures import measure
from tokalign.measures.vectors import VectorOverlap
from tokalign.tokens import decode, load_head, normal_form

TEXTS = [
    "The committee agreed on the new climate treaty.",
    "Parrots eat seeds, nuts and fruit.",
    "It is what it is.",
    "The band released their second album in 1995.",
    "A nurse checked the patient's temperature twice.",
]


@pytest.fixture(scope="module")
def minilm() -> Any:
    return load_embedder("all-minilm-l6-v2")


@pytest.mark.parametrize("k", [3, 10])
def test_the_means_are_those_of_measure(minilm: Any, k: int) -> None:
    head = load_head(minilm)
    made = VectorOverlap(TEXTS, minilm.tokenizer, k=k, seed=4)
    found = made.per_text(minilm.encode(TEXTS), head)
    expected = measure(minilm, TEXTS, k=k, seed=4).summary()
    assert found["hit"].mean() == expected["hit_at_k"]["value"]
    assert found["lar"].mean() == pytest.approx(expected["lar"]["value"])
    content = expected["content"]
    assert found["content_hit"].mean() == content["hit_at_k"]["value"]
    assert found["content_lar"].mean() == pytest.approx(content["lar"]["value"])
    assert found["content_hit_chance"].mean() == pytest.approx(content["hit_at_k"]["chance"])
    # The third text is made of stop words alone.
    assert found["content_hit"].isna().tolist() == [False, False, True, False, False]
    assert not found["non_content"].isna().any()


def test_the_ten_as_they_stand_are_counted_plainly(minilm: Any) -> None:
    head = load_head(minilm)
    vectors = minilm.encode(TEXTS)
    found = VectorOverlap(TEXTS, minilm.tokenizer).per_text(vectors, head)
    for row, ids, text in zip(
        found.itertuples(), decode(vectors, head, 10).ids, TEXTS, strict=True
    ):
        forms = [normal_form(minilm.tokenizer.decode([int(i)])) for i in ids]
        assert row.non_content == pytest.approx(np.mean([form is None for form in forms]))
        words = {normal_form(word.strip(".,")) for word in text.split()} - {None}
        if words & set(forms):
            assert row.raw_hit == 1.0


def test_vectors_that_say_nothing_score_by_chance(minilm: Any) -> None:
    head = load_head(minilm)
    vectors = minilm.encode([TEXTS[0]] * len(TEXTS))
    found = VectorOverlap(TEXTS, minilm.tokenizer).per_text(vectors, head)
    # All have the first text's list, so another text's list is the same one.
    assert found["content_hit"].dropna().tolist() == found["content_hit_chance"].dropna().tolist()
    assert found["raw_hit"].sum() == 1.0


def test_what_does_not_fit_is_refused(minilm: Any) -> None:
    with pytest.raises(TokalignError, match="k must be at least 1"):
        VectorOverlap(TEXTS, minilm.tokenizer, k=0)
    with pytest.raises(TokalignError, match="4 vectors for 5 texts"):
        VectorOverlap(TEXTS, minilm.tokenizer).per_text(minilm.encode(TEXTS[:4]), load_head(minilm))
    one = VectorOverlap(TEXTS[:1], minilm.tokenizer)
    found = one.per_text(minilm.encode(TEXTS[:1]), load_head(minilm))
    assert found["content_hit_chance"].isna().all()
