"""The controls: the embedder's own row is `measure`, and each control takes away what it says."""

from __future__ import annotations

import dataclasses
import runpy
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokalign.embedders import Embedder, load_embedder
from tokalign.embedders.encoding.inputs import input_embedder
from tokalign.embedders.inspecting.inspection import inspect_folder
from tokalign.embedders.loading.untrained import untrained
from tokalign.errors import TokalignError
from tokalign.measures import Hit, measure
from tokalign.measures.controls import control_scores, controls
from tokalign.measures.paired import paired_difference
from tokalign.measures.trial import (
    FREQUENCY,
    INPUTS,
    ITSELF,
    OTHER_TEXT,
    RANDOM_HEAD,
    UNTRAINED,
    UNTRAINED_BODY,
    VIEWS,
    Trial,
    frequency_swap,
)
from tokalign.store import Store
from tokalign.tokens import load_head, normal_form

TINY = runpy.run_path(str(Path(__file__).resolve().parents[1] / "tiny_bert.py"))
NUMBERS = ["value", "low", "high", "lost", "lost_low", "lost_high"]
METRICS = ["Hit@10", "LAR"]
N = 24


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    return load_embedder(str(TINY["build"](tmp_path_factory.mktemp("models") / "other", seed=1)))


@pytest.fixture(scope="module")
def found(tiny: Embedder, sentences: list[str], other: Embedder) -> pd.DataFrame:
    return controls(tiny, sentences[:N], others=[other])


def rows(frame: pd.DataFrame, control: str) -> pd.DataFrame:
    return frame[frame["control"] == control].set_index(["view", "metric"])


def values(frame: pd.DataFrame, column: str = "value") -> list[float]:
    """Of a frame of `measure`: Hit@10 and LAR of the two views."""
    chosen = frame[frame["view"].isin(VIEWS) & frame["metric"].isin(METRICS)]
    return chosen[column].tolist()


def test_the_frame_is_tidy(found: pd.DataFrame, other: Embedder) -> None:
    named = [ITSELF, OTHER_TEXT, RANDOM_HEAD, FREQUENCY, UNTRAINED, UNTRAINED_BODY,
             f"head of {other.name}", *INPUTS]  # fmt: skip
    assert list(found.columns) == ["embedder", "control", "view", "metric", "n", *NUMBERS, "note"]
    assert found[["view", "control", "metric"]].to_numpy().tolist() == [
        [view, control, metric] for view in VIEWS for control in named for metric in METRICS
    ]
    assert found[NUMBERS].notna().all(axis=None)
    assert (found["note"] == "").all()
    for low, value, high in (("low", "value", "high"), ("lost_low", "lost", "lost_high")):
        assert (found[low] <= found[value]).all()
        assert (found[value] <= found[high]).all()
    assert found["value"].between(0, 1).all()
    own = rows(found, ITSELF)
    assert (own[NUMBERS[3:]] == 0).all(axis=None)
    for control in named:
        lost = own["value"] - rows(found, control)["value"]
        assert lost.tolist() == pytest.approx(rows(found, control)["lost"].tolist())


def test_itself_and_chance_are_those_of_measure(
    found: pd.DataFrame, tiny: Embedder, sentences: list[str]
) -> None:
    expected = measure(tiny, sentences[:N]).frame()
    own = rows(found, ITSELF)
    for column in ("value", "low", "high"):
        assert own[column].tolist() == pytest.approx(values(expected, column))
    for control, column in ((OTHER_TEXT, "chance"), (RANDOM_HEAD, "chance_random_head")):
        assert rows(found, control)["value"].tolist() == pytest.approx(values(expected, column))


def test_the_others_are_measures_of_what_they_say(
    found: pd.DataFrame, tiny: Embedder, other: Embedder, sentences: list[str]
) -> None:
    texts, trained = sentences[:N], load_head(tiny)
    lent = dataclasses.replace(load_head(other), owner=tiny.recipe.head_owner)
    blank = untrained(tiny)
    its = dataclasses.replace(trained, owner=blank.recipe.head_owner)
    expected = {
        UNTRAINED: measure(blank, texts),
        UNTRAINED_BODY: measure(blank, texts, head=its),
        f"head of {other.name}": measure(tiny, texts, head=lent),
        "input embeddings": measure(input_embedder(tiny), texts),
        "input embeddings, centred": measure(input_embedder(tiny, centred=True), texts),
    }
    for control, measured in expected.items():
        assert rows(found, control)["value"].tolist() == pytest.approx(values(measured.frame()))


def test_what_is_lost_is_paired(tiny: Embedder, sentences: list[str], found: pd.DataFrame) -> None:
    scores = control_scores(tiny, sentences[:N])
    own, control = (scores.scores[c]["content"][:, 1] for c in (ITSELF, UNTRAINED))
    expected = paired_difference(own, control)
    row = rows(found, UNTRAINED).loc[("content", "LAR")]
    assert (row["lost_low"], row["lost"], row["lost_high"]) == pytest.approx(
        (expected.low, expected.value, expected.high)
    )
    hits = Hit(10).per_text(measure(tiny, sentences[:N]).tokens.own)
    assert np.array_equal(scores.scores[ITSELF]["tokens"][:, 0], hits)


def test_an_embedder_that_reads_its_words_back_stands_above_its_controls(tiny: Embedder) -> None:
    """Without layers, what decodes is the very matrix that was looked up."""
    words = [w for w in TINY["vocabulary"]() if len(w) > 4 and w.isalpha() and normal_form(w)]
    drawn = np.random.default_rng(0).permutation(words)[:80].reshape(40, 2)
    frame = controls(input_embedder(tiny, centred=True), [" ".join(pair) for pair in drawn])
    own = rows(frame, ITSELF)["value"]
    assert own.loc[("content", "Hit@10")] > 0.9
    for control in (OTHER_TEXT, RANDOM_HEAD, FREQUENCY, UNTRAINED_BODY):
        apart = rows(frame, control).loc["content"]
        assert (apart["lost_low"] > 0.3).all()
        assert (apart["value"] < 0.3).all()
    # The special tokens round every text are found in any text's list, and as frequent as each
    # other: of all tokens, only the random head takes them away.
    tokens = [rows(frame, c).loc[("tokens", "Hit@10"), "value"] for c in (OTHER_TEXT, RANDOM_HEAD)]
    assert tokens[0] > 0.9
    assert tokens[1] < 0.3


def test_the_store_changes_nothing_and_spares_all_work(
    tiny: Embedder, other: Embedder, sentences: list[str], found: pd.DataFrame, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    store = Store(tmp_path)
    assert controls(tiny, sentences[:N], others=[other], store=store).equals(found)

    class Never(Trial):
        def __init__(self, *_: object, **__: object) -> None:
            raise AssertionError("made again")

    # The package exports a function of the same name.
    monkeypatch.setattr(import_module("tokalign.measures.controls"), "Trial", Never)
    assert controls(tiny, sentences[:N], others=[other], store=store).equals(found)
    for change in ({"k": 9}, {"seed": 1}, {"others": []}):
        with pytest.raises(AssertionError, match="made again"):
            controls(tiny, sentences[:N], store=store, **{"others": [other], **change})
    with pytest.raises(AssertionError, match="made again"):
        controls(tiny, sentences[: N - 1], others=[other], store=store)


def test_the_seed_moves_what_is_drawn_alone(
    tiny: Embedder, sentences: list[str], found: pd.DataFrame
) -> None:
    again, moved = (controls(tiny, sentences[:N], seed=seed) for seed in (0, 1))
    lent = found["control"].str.startswith("head of")
    assert again.equals(found[~lent].reset_index(drop=True))
    for control, same in ((ITSELF, True), ("input embeddings", True), (FREQUENCY, False),
                          (OTHER_TEXT, False), (UNTRAINED, False)):  # fmt: skip
        first, second = (rows(f, control)["value"].tolist() for f in (again, moved))
        assert (first == second) == same


def test_one_text_has_no_chance_level(tiny: Embedder) -> None:
    frame = controls(tiny, ["The orbit of the moon."])
    assert rows(frame, OTHER_TEXT)[NUMBERS].isna().all(axis=None)
    assert (rows(frame, OTHER_TEXT)["note"] == "there is no other text").all()
    idf = rows(frame, "input embeddings, idf")
    assert idf["value"].isna().all()
    assert idf["note"].str.contains("two are needed").all()
    assert rows(frame, UNTRAINED)[NUMBERS].notna().all(axis=None)


def test_texts_without_content_words_have_no_content_rows(tiny: Embedder) -> None:
    frame = controls(tiny, ["the of and", "... !?"])
    content = frame[frame["view"] == "content"]
    assert (content["n"] == 0).all()
    assert content[NUMBERS].isna().all(axis=None)
    assert frame[frame["view"] == "tokens"][NUMBERS].notna().all(axis=None)


def test_what_cannot_be_had_is_said(checkpoint: Callable[..., Path], sentences: list[str]) -> None:
    narrow = load_embedder(inspect_folder(checkpoint("albert")))
    frame = controls(narrow, sentences[:4])
    inputs = frame[frame["control"].isin(INPUTS)]
    assert inputs["value"].isna().all()
    assert inputs["note"].str.contains("cannot stand in for vectors of width 32").all()
    last = load_embedder(inspect_folder(checkpoint("llama")))
    assert last.recipe.pooling == "last"
    frame = controls(last, sentences[:4])
    inputs = frame[frame["control"].isin(INPUTS)]
    assert inputs["note"].str.contains("mean of the text's own tokens; pooling last").all()
    assert inputs["value"].notna().all()


@pytest.mark.parametrize("family", ["llama", "bert", "gemma2", "opt-350m"])
def test_input_embeddings_are_read_by_themselves(
    checkpoint: Callable[..., Path], sentences: list[str], family: str
) -> None:
    """Tied or not: a head of other rows would make nothing of them."""
    it = load_embedder(inspect_folder(checkpoint(family)).model_copy(update={"pooling": "mean"}))
    head = Trial(it, sentences[:2], load_head(it), k=1, seed=0, store=None, progress=False)
    reader = head._input_head()
    table = it.model.get_input_embeddings().weight
    assert (reader.matrix == table[reader.ids]).all()
    assert reader.transform is None


def test_heads_that_cannot_be_lent_are_refused(
    tiny: Embedder, other: Embedder, checkpoint: Callable[..., Path]
) -> None:
    texts = ["moon", "river"]
    bert = load_embedder(inspect_folder(checkpoint("bert")))
    with pytest.raises(TokalignError, match=r"another tokenizer .* the same vocabulary can lend"):
        controls(tiny, texts, others=[bert])
    with pytest.raises(TokalignError, match="have the same head"):
        controls(tiny, texts, others=[tiny])
    with pytest.raises(TokalignError, match="two of the others are called"):
        controls(tiny, texts, others=[other, other])
    wide, narrow = (load_embedder(str(checkpoint(name))) for name in ("opt", "opt-350m"))
    with pytest.raises(TokalignError, match="width 16 do not fit"):
        controls(narrow, texts, others=[wide])


@pytest.mark.parametrize(
    ("texts", "k", "why"),
    [([], 10, "no text to measure"), (["a"], 0, "at least 1"), (["\ud800"], 1, "valid Unicode")],
)
def test_bad_input_is_a_users_error(tiny: Embedder, texts: list[str], k: int, why: str) -> None:
    with pytest.raises(TokalignError, match=why):
        controls(tiny, texts, k=k)


@given(st.lists(st.integers(0, 4), min_size=2, max_size=40), st.integers(0, 99))
def test_entries_change_places_with_neighbours_in_frequency(frequency: list[int], seed) -> None:
    counts = np.array(frequency)
    swap = frequency_swap(counts, np.random.default_rng(seed))
    assert sorted(swap.tolist()) == list(range(len(counts)))
    assert (swap != np.arange(len(counts))).all()
    # No entry passes by more than two others, so by no more than two steps of the sorted counts.
    ordered = np.sort(counts)
    first, last = np.searchsorted(ordered, counts), np.searchsorted(ordered, counts, side="right")
    span = 3 if len(counts) == 4 else 2
    assert (counts[swap] >= ordered[np.maximum(first - span, 0)]).all()
    assert (counts[swap] <= ordered[np.minimum(last - 1 + span, len(counts) - 1)]).all()


def test_every_neighbour_is_drawn_and_a_single_entry_has_none() -> None:
    counts = np.arange(9)
    drawn = {tuple(frequency_swap(counts, np.random.default_rng(s))) for s in range(20)}
    assert len(drawn) == 2
    with pytest.raises(ValueError, match="1 entries cannot change places"):
        frequency_swap(np.array([1]), np.random.default_rng(0))
