"""Taking words away: against plain encoding, and the agreement with the split."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from tokalign.embedders import Embedder
from tokalign.measures.deletion import without_spans
from tokalign.pairs import (
    MarkedPairs,
    TokenSplit,
    Vocabulary,
    change_weights,
    effects_summary,
    spoken_words,
    weight_estimates,
    weight_table,
    word_effects,
)
from tokalign.tokens import Head, normal_form


@pytest.fixture(scope="module")
def effects(tiny: Embedder, tiny_head: Head, few: MarkedPairs) -> pd.DataFrame:
    return word_effects(tiny, few, split=TokenSplit.of(tiny_head))


def cosine(tiny: Embedder, one: str, other: str) -> float:
    a, b = tiny.encode([one, other]).vectors.astype(float)
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def test_every_word_goes_once(effects: pd.DataFrame, few: MarkedPairs) -> None:
    for side, texts in (("first", few.first), ("second", few.second)):
        for pair, text in enumerate(texts):
            here = effects[(effects["pair"] == pair) & (effects["side"] == side)]
            assert here["word"].tolist() == [word.word for word in spoken_words(text)]
    changed = effects[effects["changed"] & (effects["kind"] == "negation")]
    assert changed["word"].tolist() == ["not", "never"]
    assert not changed["shared"].any()
    assert effects.loc[effects["kind"] == "role-swap", "shared"].all()
    assert (effects["content"] == [normal_form(w) is not None for w in effects["word"]]).all()


def test_effects_by_plain_encoding(tiny: Embedder, few: MarkedPairs, effects: pd.DataFrame) -> None:
    for row in effects.iloc[::5].itertuples():
        texts = [few.first[row.pair], few.second[row.pair]]
        side = ("first", "second").index(row.side)
        word = next(w for w in spoken_words(texts[side]) if w.word == row.word)
        left = without_spans(texts[side], word.spans)
        assert row.cosine == pytest.approx(cosine(tiny, *texts), abs=1e-5)
        assert row.without == pytest.approx(cosine(tiny, left, texts[1 - side]), abs=1e-5)
        assert row.moved == pytest.approx(1 - cosine(tiny, left, texts[side]), abs=1e-5)
        assert row.drop == pytest.approx(row.cosine - row.without)


def test_a_negation_taken_away_leaves_the_other_text(tiny: Embedder) -> None:
    pairs = MarkedPairs.of(["we saw gold"], ["we not saw gold"], ["negation"], [["not"]], [[]])
    row = word_effects(tiny, pairs).set_index("word").loc["not"]
    assert row["without"] == pytest.approx(1.0)
    assert row["drop"] == pytest.approx(row["cosine"] - 1) != 0
    assert np.isnan(row["share"])


def test_what_cannot_be_taken_away_is_left_out(tiny: Embedder) -> None:
    pairs = MarkedPairs.of(["gold", "moon " * 60], ["the gold", "moon"], ["odd"] * 2, [[]] * 2,
                           [[]] * 2)  # fmt: skip
    found = word_effects(tiny, pairs)
    assert found[["pair", "word"]].values.tolist() == [[0, "the"], [0, "gold"]]
    nothing = word_effects(tiny, MarkedPairs.of(["gold"], ["moon"], ["odd"], [[]], [[]]))
    assert nothing.empty
    assert effects_summary(nothing).empty
    assert weight_table(nothing).empty


def test_shares_are_those_of_the_split(
    tiny: Embedder, tiny_head: Head, few: MarkedPairs, effects: pd.DataFrame
) -> None:
    both = tiny.encode(few.first), tiny.encode(few.second)
    whole = TokenSplit.of(tiny_head).contributions(*both)
    vocabulary = Vocabulary.of(tiny.tokenizer)
    for row in effects.iloc[::7].itertuples():
        rows = np.isin(tiny_head.ids.numpy(), vocabulary.ids([row.word]))
        assert row.share == pytest.approx(whole[row.pair, rows].sum(), abs=1e-6)


def test_the_summary_by_plain_numbers(effects: pd.DataFrame) -> None:
    found = effects_summary(effects).set_index(["words", "quantity"])
    for words, here in (("changed", effects[effects["changed"]]),
                        ("others", effects[~effects["changed"]])):  # fmt: skip
        rho = spearmanr(here["share"], here["drop"]).statistic
        assert found.loc[(words, "drop"), "value"] == pytest.approx(here["drop"].mean())
        assert found.loc[(words, "agreement"), "value"] == pytest.approx(rho)
        apart = (here["drop"] < 0).mean() + (here["drop"] == 0).mean() / 2
        assert found.loc[(words, "sets apart"), "value"] == pytest.approx(apart)
        assert found.loc[(words, "agreement"), "chance"] == 0
    # A split that says what deletion does agrees with it wholly, within pairs too.
    perfect = effects_summary(effects.assign(share=effects["drop"] ** 3))
    agreement = perfect[perfect["quantity"].str.startswith("agreement")]
    assert agreement["value"].tolist() == pytest.approx([1.0] * 4)
    bare = effects_summary(effects.assign(share=np.nan))
    assert set(bare["quantity"]) == {"drop", "sets apart"}


def test_agreement_within_pairs_does_not_know_the_level_of_a_pair(effects: pd.DataFrame) -> None:
    moved = effects.assign(share=effects["share"] + effects["pair"])
    one, other = (effects_summary(x).set_index(["words", "quantity"])["value"]
                  for x in (effects, moved))  # fmt: skip
    place = ("others", "agreement within pairs")
    assert one[place] == pytest.approx(other[place])
    assert one["others", "agreement"] != pytest.approx(other["others", "agreement"])


def test_changes_are_weighed_by_the_other_content_words(effects: pd.DataFrame) -> None:
    weights = change_weights(effects)
    assert set(weights["kind"]) <= {"negation", "antonym", "number", "role-swap"}
    for row in weights.itertuples():
        here = effects[effects["pair"] == row.pair]
        others = [w.moved for w in here.itertuples() if w.content and not w.changed]
        distance = 1 - here["cosine"].iloc[0]
        assert row.words == len(others) > 0
        assert row.lost == pytest.approx(np.mean(others))
        assert row.further == pytest.approx(np.mean([distance > x for x in others]))
    table = weight_table(effects).set_index(["kind", "quantity"])
    both = weights[weights["kind"].isin(["negation", "antonym"])]
    row = table.loc[("contradiction", "further")]
    assert (row["n"], row["chance"]) == (len(both), 0.5)
    assert row["value"] == pytest.approx(both["further"].mean())
    times = both["distance"].mean() / both["lost"].mean()
    assert table.loc[("contradiction", "times a word"), "value"] == pytest.approx(times)
    assert weight_estimates(effects)["contradiction", "further"].draws.shape == (2000,)
