"""Deleting words: what is cut out, which words can be drawn, and the effects by plain computing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokalign.embedders import Embedder, load_embedder
from tokalign.errors import TokalignError
from tokalign.measures.deletion import (
    Deletion,
    deletion_effects,
    deletion_summary,
    draw_deletions,
    without_spans,
)
from tokalign.measures.keywords import text_words, word_ranks
from tokalign.store import Store
from tokalign.tokens import VocabularyForms, load_head

TEXTS = ["The moon over a river of gold.", "River and moon, moon and gold!", "gold moon"]


def drawn(embedder: Embedder, texts: list[str], **more: Any) -> list[Deletion]:
    forms = VocabularyForms.from_tokenizer(embedder.tokenizer)
    settings = {"sample": 100, "words": 10, "seed": 0, **more}
    return draw_deletions(texts, embedder.tokenizer, forms, **settings)


@pytest.mark.parametrize(
    ("text", "word", "expected"),
    [
        ("Parrots talk.", "Parrots", "talk."),
        ("Parrots talk.", "talk", "Parrots."),
        ("a well-known parrot", "known", "a well- parrot"),
        ("(parrot)", "parrot", "()"),
        ("parrot", "parrot", ""),
        ("no\nparrot here", "parrot", "no here"),
    ],
)
def test_a_word_goes_with_its_blank(text: str, word: str, expected: str) -> None:
    start = text.index(word)
    assert without_spans(text, [(start, start + len(word))]) == expected


@given(text=st.text("ab cM.,\n-", max_size=50), data=st.data())
def test_only_the_word_goes(tiny: Embedder, text: str, data: st.DataObject) -> None:
    words = text_words(text, tiny.tokenizer)
    if not words:
        return
    word = data.draw(st.sampled_from(words))
    left = without_spans(text, word.spans)
    kept = text_words(left, tiny.tokenizer)
    assert sorted(w.form for w in kept) == sorted(w.form for w in words if w is not word)
    letters = sum(c.isalnum() for c in text) - sum(e - s for s, e in word.spans)
    assert sum(c.isalnum() for c in left) == letters


def test_all_occurrences_go_together(tiny: Embedder) -> None:
    found = {d.word.word: d.remaining for d in drawn(tiny, ["Moon river moons of the moon, gold"])}
    assert found["river"] == "Moon moons of the moon, gold"
    assert found["gold"] == "Moon river moons of the moon,"
    assert found["Moon"] == "river of the, gold"


def test_first_pieces_of_other_words_are_not_drawn(minilm: Embedder) -> None:
    """One of the two stays as the first piece of the other."""
    words = [d.word.word for d in drawn(minilm, ["Para and parakeets at the river of moons."])]
    assert sorted(words) == ["moons", "river"]


def test_last_pieces_of_other_words_are_not_drawn(checkpoint: Any) -> None:
    gpt = load_embedder(str(checkpoint("gpt_neo")))
    assert gpt.tokenizer.tokenize(" xgame")[-1] == "game"
    assert "game" in {d.word.word for d in drawn(gpt, ["treaty, game, language"])}
    assert "game" not in {d.word.word for d in drawn(gpt, ["treaty, game, xgame, language"])}


def test_texts_of_one_word_are_not_drawn(tiny: Embedder) -> None:
    found = drawn(tiny, ["the moon", "", "of the", "moon moon moon", "moon river"])
    assert {d.text for d in found} == {4}
    assert {d.remaining for d in found} == {"moon", "river"}


def test_words_that_no_token_matches_are_not_drawn(tiny: Embedder) -> None:
    found = drawn(tiny, ["moon river снег"])
    assert {d.word.word for d in found} == {"moon", "river"}


def test_the_draw_follows_the_seed(tiny: Embedder, sentences: list[str]) -> None:
    texts = sorted(sentences, key=len)[:30]
    first, again, other = (drawn(tiny, texts, sample=10, words=2, seed=s) for s in (0, 0, 1))
    assert first == again != other
    numbers = [d.text for d in first]
    assert numbers == sorted(numbers)
    assert pd.Series(numbers).value_counts().tolist() == [2] * 10
    # A text's own words are the same whatever else is there.
    alone = drawn(tiny, [texts[numbers[0]]], words=2)
    assert [d.word for d in alone] == [d.word for d in first[:2]]


def test_effects_against_plain_computing(tiny: Embedder) -> None:
    found = deletion_effects(tiny, TEXTS, words=3)
    assert found["text"].tolist() == [0, 0, 0, 1, 1, 1, 2, 2]
    forms, head = VocabularyForms.from_tokenizer(tiny.tokenizer), load_head(tiny)
    of, matrix = forms.of[head.ids.numpy()], head.matrix.numpy()
    left = {(d.text, d.word.word): d.remaining for d in drawn(tiny, TEXTS, words=3)}
    for row in found.to_dict("records"):
        texts = [TEXTS[row["text"]], left[row["text"], row["word"]],
                 left[row["text"], row["control"]]]  # fmt: skip
        assert row["word"] != row["control"]
        assert row["count"] == (2 if (row["text"], row["word"]) == (1, "moon") else 1)
        (word,) = [w for w in text_words(texts[0], tiny.tokenizer) if w.word == row["word"]]
        numbers = {forms.number[m] for m in word.matches if m in forms.number}
        logits = tiny.encode(texts).vectors @ matrix.T
        own = max((i for i, f in enumerate(of) if f in numbers), key=lambda i: logits[0, i])
        assert row["id"] == int(head.ids[own])
        assert row["token"] == tiny.tokenizer.decode([row["id"]])
        assert row["spread"] == pytest.approx(logits[0][of >= 0].std(), rel=1e-4)
        for state, one in zip(("before", "deleted", "control"), logits, strict=True):
            assert row[f"logit_{state}"] == pytest.approx(one[own], abs=1e-4)
            better = {f for f, x in zip(of, one, strict=True) if x > one[own] + 1e-4}
            assert row[f"rank_{state}"] == pytest.approx(len(better - numbers - {-1}) + 1, abs=1)


def test_a_rank_before_is_that_of_the_words(tiny: Embedder, sentences: list[str]) -> None:
    texts = sorted(sentences, key=len)[:10]
    effects = deletion_effects(tiny, texts)
    words = word_ranks(tiny, texts, depth=100_000).set_index(["text", "word"])["rank"]
    expected = [words[key] for key in zip(effects["text"], effects["word"], strict=True)]
    assert effects["rank_before"].tolist() == expected


def test_everything_is_embedded_in_one_call(
    tiny: Embedder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls: list[int] = []
    encode = Embedder.encode

    def counted(self: Embedder, texts: Any, **more: Any) -> Any:
        calls.append(len(texts))
        return encode(self, texts, **more)

    monkeypatch.setattr(Embedder, "encode", counted)
    store = Store(tmp_path)
    first = deletion_effects(tiny, TEXTS, store=store)
    assert calls == [3 + 8]
    assert deletion_effects(tiny, TEXTS, store=store).equals(first)
    assert calls == [3 + 8]


def test_texts_that_were_cut_are_left_out(tiny: Embedder) -> None:
    long = "moon " + "the " * 60 + "river gold"
    assert set(deletion_effects(tiny, [long, "moon river"])["text"]) == {1}
    with pytest.raises(TokalignError, match="no text that tiny reads whole has two content words"):
        deletion_effects(tiny, [long])


def test_a_real_embedder_loses_the_word_that_goes(minilm: Embedder) -> None:
    texts = [
        "The committee agreed on the new climate treaty in November after long talks.",
        "Parrots learn to imitate the voices of their owners.",
        "Saturn has rings made of ice and dust.",
        "The violin sonata ends with a slow waltz.",
    ]
    effects = deletion_effects(minilm, texts, words=4)
    found = deletion_summary(effects).set_index(["quantity", "unit"])
    for unit in ("logit", "spread", "log2 rank"):
        assert found.loc[("difference", unit), "low"] > 0
    assert found.loc[("falls further", "share"), "low"] > 0.5


@pytest.fixture
def effects() -> pd.DataFrame:
    """Two texts with two and one words; the first word of each is in the top ten."""
    return pd.DataFrame(
        {
            "embedder": "e",
            "text": [0, 0, 1],
            "spread": [1.0, 1.0, 2.0],
            "logit_before": [9.0, 5.0, 8.0],
            "logit_deleted": [6.0, 5.0, 2.0],
            "logit_control": [8.0, 5.0, 8.0],
            "rank_before": [2, 64, 10],
            "rank_deleted": [16, 64, 80],
            "rank_control": [4, 32, 11],
        }
    )


def test_the_summary_averages_texts(effects: pd.DataFrame) -> None:
    found = deletion_summary(effects, k=10).set_index(["quantity", "unit"])
    expected = {
        ("deleted", "logit"): (3 / 2 + 6) / 2,
        ("control", "logit"): (1 / 2 + 0) / 2,
        ("difference", "logit"): (2 / 2 + 6) / 2,
        ("difference", "spread"): (2 / 2 + 3) / 2,
        ("deleted", "log2 rank"): (3 / 2 + 3) / 2,
        ("control", "log2 rank"): (0 + np.log2(1.1)) / 2,
        ("falls further", "share"): (0.75 + 1) / 2,
        ("top before", "share"): (0.5 + 1) / 2,
        ("stays, deleted", "share"): 0.0,
        ("stays, control", "share"): 0.5,
    }
    for key, value in expected.items():
        row = found.loc[key]
        assert row["value"] == pytest.approx(value), key
        assert row["low"] <= row["value"] <= row["high"]
        assert row["texts"] == 2
        assert row["n"] == (2 if key[0].startswith("stays") else 3)


def test_nothing_at_the_top_gives_no_share(effects: pd.DataFrame) -> None:
    found = deletion_summary(effects, k=1).set_index("quantity")
    row = found.loc["stays, deleted"]
    assert row["texts"] == row["n"] == 0
    assert np.isnan(row["value"])
    assert np.isnan(row["high"])
    assert found.loc["top before", "value"] == 0


def test_one_text_has_no_interval(effects: pd.DataFrame) -> None:
    found = deletion_summary(effects[effects["text"] == 1])
    assert found["value"].notna().all()
    assert found["low"].isna().all()


def test_embedders_are_kept_apart(effects: pd.DataFrame) -> None:
    both = deletion_summary(pd.concat([effects, effects.assign(embedder="f", spread=4.0)]))
    assert both["embedder"].unique().tolist() == ["e", "f"]
    one = deletion_summary(effects)
    assert both[both["embedder"] == "e"].equals(one)


@pytest.mark.parametrize(
    ("texts", "more", "why"),
    [
        ([], {}, "no text that tiny reads whole"),
        (["moon"], {}, "no text that tiny reads whole"),
        (TEXTS, {"words": 1}, "at least 1 text and 2 words"),
        (TEXTS, {"sample": 0}, "at least 1 text and 2 words"),
        (["fine", "\ud800"], {}, "text 2 is not valid Unicode"),
    ],
)
def test_bad_input_is_a_users_error(
    tiny: Embedder, texts: list[str], more: dict[str, int], why: str
) -> None:
    with pytest.raises(TokalignError, match=why):
        deletion_effects(tiny, texts, **more)
