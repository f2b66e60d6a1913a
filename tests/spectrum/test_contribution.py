"""The two parts of a logit against plain numpy, and what must hold of them."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tokalign.errors import TokalignError
from tokalign.spectrum import contribution
from tokalign.tokens import decode

PARTS = {"rank": "logit", "rank_u1": "from_u1", "rank_rest": "from_rest"}


def plain(h, matrix, unit, k):
    """By a plain sort of all logits: one dictionary of token row -> numbers for each text."""
    found = []
    for vector in h.astype(np.float64):
        along = vector @ unit
        values = {
            "logit": matrix @ vector,
            "from_u1": along * (matrix @ unit),
            "from_rest": matrix @ (vector - along * unit),
        }
        ranks = {name: np.argsort(np.argsort(-values[part])) + 1 for name, part in PARTS.items()}
        chosen = {int(row) for rank in ranks.values() for row in np.flatnonzero(rank <= k)}
        found.append({r: {n: v[r] for n, v in (values | ranks).items()} for r in chosen})
    return found


@settings(max_examples=40)
@given(st.integers(0, 5000), st.integers(1, 40), st.sampled_from([0.25, 1.0, -2.0]))
def test_the_numbers_are_those_of_plain_numpy(head, wrap, unit, seed, k, scale):
    h = np.random.default_rng(seed).normal(size=(4, 6)).astype(np.float32) * 5
    some, u1 = head(seed=seed, scale=scale), unit(seed=seed)
    frame = contribution(wrap(h), some, u1, k)
    expected = plain(h, some.matrix.double().numpy() * scale, u1, k)
    for text, rows in frame.groupby("text"):
        assert set(rows["id"]) == {3 * row + 1 for row in expected[text]}
        for row in rows.itertuples():
            own = expected[text][(row.id - 1) // 3]
            for name, part in PARTS.items():
                assert getattr(row, part) == pytest.approx(own[part], abs=1e-5, rel=1e-5)
                assert getattr(row, name) == own[name]
    # Parts sum to the whole.
    total = frame["from_u1"] + frame["from_rest"]
    np.testing.assert_allclose(total, frame["logit"], atol=1e-5, rtol=1e-6)


@given(st.integers(0, 1000))
def test_the_sign_of_u1_does_not_matter_and_the_order_is_by_rank(head, wrap, unit, seed):
    h = wrap(np.random.default_rng(seed).normal(size=(3, 6)))
    one = contribution(h, head(), unit(seed=seed), 4)
    other = contribution(h, head(), -unit(seed=seed), 4)
    assert one.equals(other)
    assert one.groupby("text")["rank"].apply(lambda r: r.is_monotonic_increasing).all()
    assert one["text"].is_monotonic_increasing


def test_the_top_is_what_decode_gives(head, wrap, unit):
    h = wrap(np.random.default_rng(1).normal(size=(5, 6)))
    frame = contribution(h, head(rows=200), unit(), 7)
    direct = decode(h, head(rows=200), 7)
    for text, rows in frame.groupby("text"):
        top = rows[rows["rank"] <= 7]
        assert top["id"].tolist() == direct.ids[text].tolist()
        np.testing.assert_allclose(top["logit"], direct.logits[text], atol=1e-5)


def test_tiles_change_nothing(head, wrap, unit, monkeypatch):
    h = wrap(np.random.default_rng(1).normal(size=(5, 6)))
    whole = contribution(h, head(rows=100), unit(), 7)
    # The package gives the function under the module's name.
    module = sys.modules["tokalign.spectrum.contribution"]
    monkeypatch.setattr(module, "_LOGITS", 250)
    monkeypatch.setattr(module, "_TOKENS_A_TILE", 9)
    tiled = contribution(h, head(rows=100), unit(), 7)
    assert (tiled["id"] == whole["id"]).all()
    np.testing.assert_allclose(tiled["logit"], whole["logit"], atol=1e-6)


def test_where_u1_writes_nothing_its_ranks_follow_the_ids(head, wrap):
    h, u1 = wrap([[0, 1, 0, 0, 0, 0]]), np.eye(6)[0]
    frame = contribution(h, head(), u1, 3).set_index("id")
    assert (frame["from_u1"] == 0).all()
    assert frame.loc[[1, 4, 7], "rank_u1"].tolist() == [1, 2, 3]
    assert (frame["rank"] == frame["rank_rest"]).all()


def test_half_precision_and_names(head, wrap, unit):
    some = head(rows=50)
    half = type(some)("x", some.matrix.bfloat16(), some.ids, 6)
    h = wrap(np.random.default_rng(1).normal(size=(2, 6)))
    frame = contribution(h, half, unit(), 5, token=lambda i: f"<{i}>")
    assert frame.columns[:3].tolist() == ["text", "id", "token"]
    assert (frame["token"] == "<" + frame["id"].astype(str) + ">").all()
    top = frame[(frame["text"] == 0) & (frame["rank"] <= 5)]["id"].tolist()
    assert top == decode(h, half, 5).ids[0].tolist()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"bias": torch.ones(30)}, "head of x is not linear: it has a bias, .*; allowed: a head"),
        ({"transform": torch.tanh, "soft_cap": 2.0}, "a transform and a soft cap"),
    ],
)
def test_a_head_that_is_not_linear_is_refused(head, wrap, unit, more, message):
    with pytest.raises(TokalignError, match=message):
        contribution(wrap(np.ones((1, 6))), head(**more), unit())


def test_vectors_before_a_projection_are_refused(head, wrap):
    some = head(projections={"before projection": torch.ones(6, 8)})
    early = wrap(np.ones((1, 8)), place="before projection")
    with pytest.raises(TokalignError, match="'before projection' are still to be projected"):
        contribution(early, some, np.eye(8)[0])
    contribution(wrap(np.ones((1, 6))), some, np.eye(6)[0])


def test_other_bad_input(head, wrap, unit):
    one = wrap(np.ones((1, 6)))
    with pytest.raises(TokalignError, match="k must be at least 1, not 0"):
        contribution(one, head(), unit(), 0)
    with pytest.raises(TokalignError, match="length 2"):
        contribution(one, head(), 2 * unit())
    with pytest.raises(TokalignError, match="N at least 1"):
        contribution(wrap(np.ones((0, 6))), head(), unit())
    with pytest.raises(TokalignError, match="not in the space"):
        contribution(wrap(np.ones((1, 6)), place="layer 2"), head(), unit())
