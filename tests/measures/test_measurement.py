"""`measure` as a whole, on a tiny embedder with random weights."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from tokalign.embedders import Embedder
from tokalign.errors import TokalignError
from tokalign.measures import Measurement, measure
from tokalign.store import Store
from tokalign.tokens import load_head

METRICS = ("hit_at_k", "lar", "gar")
NUMBERS = ("value", "low", "high", "chance", "chance_random_head")


@pytest.fixture(scope="module")
def measured(tiny: Embedder, sentences: list[str]) -> Measurement:
    return measure(tiny, sentences[:30])


def test_the_document_has_the_fields_of_the_contract(measured: Measurement) -> None:
    found = json.loads(json.dumps(measured.summary(), allow_nan=False))
    assert list(found) == ["k", "n", *METRICS, "content", "as_published"]
    assert list(found["content"]) == ["n", *METRICS]
    assert list(found["as_published"]) == list(METRICS)
    for view in (found, found["content"], found["as_published"]):
        for metric in METRICS:
            numbers = view[metric]
            assert tuple(numbers) == NUMBERS
            assert all(type(v) is float and 0 <= v <= 1 for v in numbers.values())
            assert numbers["low"] <= numbers["value"] <= numbers["high"]


def test_the_frame_holds_the_same_numbers(measured: Measurement) -> None:
    frame, found = measured.frame(), measured.summary()
    assert frame["view"].tolist() == ["tokens"] * 3 + ["content"] * 3 + ["as_published"] * 3
    views = {"tokens": found, "content": found["content"], "as_published": found["as_published"]}
    for i, row in enumerate(frame.to_dict("records")):
        assert {name: row[name] for name in NUMBERS} == views[row["view"]][METRICS[i % 3]]


def test_the_order_of_texts_changes_no_value(tiny: Embedder, sentences: list[str]) -> None:
    texts = sentences[:30]
    first, last = measure(tiny, texts).summary(), measure(tiny, texts[::-1]).summary()
    for metric in METRICS:
        for a, b in ((first, last), (first["content"], last["content"])):
            assert a[metric]["value"] == pytest.approx(b[metric]["value"], abs=1e-12)


def test_labels_measure_the_texts_of_a_label(
    tiny: Embedder, sentences: list[str], measured: Measurement
) -> None:
    labels = ["a", "b", "b"] * 10
    frame = measured.by_label(labels)
    assert frame["label"].tolist() == ["a"] * 9 + ["b"] * 9
    alone = measure(tiny, [sentences[i] for i in range(30) if labels[i] == "b"]).frame()
    part = frame[frame["label"] == "b"].reset_index(drop=True)
    for column in ("n", "value", "low", "high", "chance_random_head"):
        assert part[column].tolist() == pytest.approx(alone[column].tolist(), abs=1e-12)
    with pytest.raises(ValueError, match="31 labels for 30 texts"):
        measured.by_label([*labels, "a"])


def test_one_text_has_no_chance_level(tiny: Embedder) -> None:
    found = measure(tiny, ["The orbit of the moon."]).summary()
    assert found["n"] == found["content"]["n"] == 1
    for view in (found, found["content"], found["as_published"]):
        for metric in METRICS:
            assert view[metric]["chance"] is None
            assert view[metric]["value"] is not None
            assert view[metric]["low"] < view[metric]["high"]


def test_two_texts_swap_their_lists(tiny: Embedder) -> None:
    one, two = "orbit orbit moon", "the river froze"
    found = measure(tiny, [one, two])
    swapped = measure(tiny, [two, one])
    # Both have one derangement only, and it is the same exchange.
    for metric in METRICS:
        assert found.summary()[metric]["chance"] == swapped.summary()[metric]["chance"]
    assert all((other.rank == found.tokens.others[0].rank).all() for other in found.tokens.others)


def test_texts_without_content_words_give_nulls(tiny: Embedder) -> None:
    found = measure(tiny, ["the of and", "... !?"]).summary()
    assert found["n"] == 2
    assert found["content"]["n"] == 0
    for metric in METRICS:
        assert set(found["content"][metric].values()) == {None}
        assert found[metric]["value"] is not None


def test_only_texts_with_content_words_count_as_content(tiny: Embedder) -> None:
    alone = measure(tiny, ["The moon froze.", "A river of gold."]).summary()
    mixed = measure(tiny, ["The moon froze.", "...", "A river of gold."]).summary()
    assert mixed["n"] == 3
    assert mixed["content"] == alone["content"]


def test_words_of_another_script_count_and_are_not_found(tiny: Embedder) -> None:
    found = measure(tiny, ["\u0441\u043d\u0435\u0433 \u043b\u0435\u0434", "moon"]).content
    assert found.own.texts == 2
    assert found.own.rank[:2].tolist() == [np.iinfo(np.int64).max] * 2


def test_k_beyond_the_vocabulary_finds_everything(tiny: Embedder, sentences: list[str]) -> None:
    found = measure(tiny, sentences[:3], k=100_000).summary()
    assert found["hit_at_k"]["value"] == 1.0
    assert found["lar"]["value"] < 1.0


def test_as_published_with_a_high_k_is_the_plain_view(tiny: Embedder, sentences: list[str]) -> None:
    found = measure(tiny, sentences[:5], k=1000).summary()
    assert found["as_published"] == {metric: found[metric] for metric in METRICS}


def test_seeds_move_chance_and_intervals_but_no_value(
    tiny: Embedder, sentences: list[str], measured: Measurement
) -> None:
    again, other = (measure(tiny, sentences[:30], seed=s).summary() for s in (0, 1))
    assert again == measured.summary()
    assert [other[m]["value"] for m in METRICS] == [again[m]["value"] for m in METRICS]
    assert [other[m]["chance"] for m in METRICS] != [again[m]["chance"] for m in METRICS]


def test_the_store_changes_nothing(
    tiny: Embedder, sentences: list[str], measured: Measurement, tmp_path
) -> None:
    store = Store(tmp_path)
    first = measure(tiny, sentences[:30], store=store).summary()
    kept = len(list(store.keys()))
    assert first == measure(tiny, sentences[:30], store=store).summary() == measured.summary()
    assert kept == len(list(store.keys())) > 0


def test_another_head_decodes(tiny: Embedder, sentences: list[str], measured: Measurement) -> None:
    """With the random head itself as the head, value and its chance level change places."""
    head = load_head(tiny)
    found = measure(tiny, sentences[:30], head=head.random(0)).summary()
    for metric in METRICS:
        expected = measured.summary()[metric]["chance_random_head"]
        assert found[metric]["value"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("texts", "k", "why"),
    [
        ([], 10, "there is no text to measure"),
        (["a"], 0, "k must be at least 1"),
        (["fine", "bad \ud800"], 10, "text 2 is not valid Unicode"),
    ],
)
def test_bad_input_is_a_users_error(tiny: Embedder, texts: list[str], k: int, why: str) -> None:
    with pytest.raises(TokalignError, match=why):
        measure(tiny, texts, k=k)


def test_logits_that_are_no_numbers_are_never_ranked(tiny: Embedder) -> None:
    head = load_head(tiny)
    spoilt = replace(head, matrix=torch.full_like(head.matrix, float("nan")))
    with pytest.raises(TokalignError, match="not finite"):
        measure(tiny, ["moon", "river"], head=spoilt)
