"""Tokens that enter and leave, and how far and where vectors move."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokalign.facets.labels import without_forms
from tokalign.facets.moves import (
    distances,
    entering,
    form_words,
    move_components,
    spread_of_texts,
    top_forms,
    turnover,
)

seeds = st.integers(0, 2**32 - 1)


def lists(generator: np.random.Generator, n: int = 5, k: int = 4, forms: int = 9) -> np.ndarray:
    return np.stack([generator.permutation(forms)[:k] for _ in range(n)])


@given(seeds)
def test_what_enters_is_what_sets_say(seed: int) -> None:
    generator = np.random.default_rng(seed)
    before, after = ([lists(generator) for _ in range(w)] for w in (2, 3))
    found = entering(before, after, 9)
    for text in range(5):
        for form in range(9):
            new = [form in set(late[text]) - set(early[text]) for late in after for early in before]
            assert found[text, form] == pytest.approx(np.mean(new))
    shares = [1 - len(set(a) & set(b)) / 4 for a, b in zip(before[0], after[0], strict=True)]
    assert turnover(before[0], after[0]) == pytest.approx(shares)
    assert entering(before[:1], before[:1], 9).sum() == turnover(before[0], before[0]).sum() == 0
    one = entering(before[:1], after[:1], 9).sum(axis=1)
    assert one == pytest.approx(entering(after[:1], before[:1], 9).sum(axis=1))  # as many leave
    assert one == pytest.approx(4 * turnover(before[0], after[0]))


def test_forms_that_are_left_out_are_on_no_list(words, forms, head, wrap) -> None:
    vectors = wrap(np.random.default_rng(0).standard_normal((6, 5)))
    everything = np.unique(forms.of[forms.of >= 0])
    gone = everything[:3]
    found = top_forms(vectors, head, without_forms(forms, gone), 4)
    assert found.shape == (6, 4)
    assert not np.isin(found, gone).any()
    assert np.isin(top_forms(vectors, head, forms, len(everything)), gone).any()
    assert form_words(forms, words, [forms.number["joy"]]) == ["joy"]


def test_distances() -> None:
    generator = np.random.default_rng(0)
    before = generator.standard_normal((6, 4))
    assert distances(before, 3 * before) == pytest.approx(np.zeros(6))
    assert distances(before, -before) == pytest.approx(np.full(6, 2.0))
    unit = before / np.linalg.norm(before, axis=1, keepdims=True)
    plain = [1 - unit[i] @ unit[j] for i in range(6) for j in range(6) if i < j]
    assert spread_of_texts(before) == pytest.approx(np.mean(plain))


@given(seeds)
def test_shares_of_components_sum_to_one(seed: int) -> None:
    generator = np.random.default_rng(seed)
    empty = generator.standard_normal((9, 5)) + 1
    found = move_components(empty, [empty + generator.standard_normal((9, 5))], first=3)
    assert found["component"].tolist() == [1, 2, 3, 0]
    for share in ("share_of_shift", "share_of_energy", "chance"):
        assert found[share].sum() == pytest.approx(1)
    assert found["common"].between(0, 1 + 1e-9).all()


def test_a_move_along_one_component_is_found_there() -> None:
    empty = np.random.default_rng(0).standard_normal((40, 5)) * [5, 4, 3, 2, 1]
    second = np.linalg.svd(empty)[2][1]
    found = move_components(empty, [empty, empty + 2 * second], first=5)
    assert set(found["wording"]) == {2}  # the first one moves nothing
    row = found[found["component"] == 2].iloc[0]
    assert row["share_of_shift"] == pytest.approx(1)
    assert row["share_of_energy"] == pytest.approx(1)
    assert row["common"] == pytest.approx(1)
