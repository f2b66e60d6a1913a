"""The tokens of a text as a reader moves lambda: those of the package, at every lambda."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from checkpoints import TEXTS
from hypothesis import given
from hypothesis import strategies as st

from tokalign.embedders import Embedder, load_embedder
from tokalign.embedders.inspecting.inspection import inspect_folder
from tokalign.errors import TokalignError
from tokalign.measures import mark
from tokalign.spectrum import Comparison, adjusted, variation
from tokalign.spectrum.moving import Case, MovingText, NamedTokens, slider_case, stops
from tokalign.tokens import VocabularyForms, decode, load_head

#: The first half is shown; u_1 and the marks come from the second.
ALL = [*TEXTS, *(f"{text} And more." for text in TEXTS)]
LAMBDAS = st.floats(-100, 100).filter(lambda x: x == 0 or abs(x) > 1e-3)


@pytest.fixture(scope="module")
def embedder(checkpoint: Callable[..., Any]) -> Embedder:
    return load_embedder(inspect_folder(checkpoint("llama")))


@pytest.fixture(scope="module")
def comparison(embedder: Embedder) -> Comparison:
    """A model, and one that has taken the mean off and moved each text a little."""
    h = embedder.encode(ALL)
    noise = 0.2 * np.random.default_rng(0).standard_normal(h.vectors.shape)
    moved = replace(h, vectors=(h.vectors - h.vectors.mean(axis=0) + noise).astype(np.float32))
    fitted = np.arange(len(TEXTS), len(ALL))
    scored = np.arange(len(TEXTS))
    return Comparison(embedder, embedder, load_head(embedder), h, moved, fitted, scored)


@pytest.fixture(scope="module")
def case(comparison: Comparison) -> Case:
    return slider_case(comparison, ALL, comparison.scored, k=7)


def test_at_each_lambda_the_top_is_what_decoding_gives(case: Case, comparison: Comparison) -> None:
    h, changed = (some.select(comparison.scored) for some in (comparison.h, comparison.changed))
    u1, head = comparison.u1, comparison.head
    for lam in case.lambdas[::9]:
        direct = decode(adjusted(h, u1, lam), head, 8)
        for row, one in enumerate(case.texts):
            found = one.lines.top(lam)
            np.testing.assert_allclose(found.logits[0], direct.logits[row, :7], atol=1e-4)
            if np.diff(direct.logits[row]).max() < -1e-3:
                np.testing.assert_array_equal(found.ids[0], direct.ids[row, :7])
    own = decode(changed, head, 7)
    np.testing.assert_array_equal(np.concatenate([one.own.ids for one in case.texts]), own.ids)
    assert [one.text for one in case.texts] == TEXTS


def test_the_marks_are_those_of_the_fitted_texts(case: Case, comparison: Comparison) -> None:
    h, changed = (some.vectors[comparison.fitted] for some in (comparison.h, comparison.changed))
    fitted = variation(h, changed)
    assert case.marks == pytest.approx({"0": 0.0, "-m1": -fitted.m1, "v1": fitted.v[0]}, rel=1e-5)
    assert set(case.marks.values()) <= set(case.lambdas.tolist())
    assert case.marks["-m1"] < 0
    assert (case.name, case.embedder, case.k) == (comparison.name, "llama", 7)


def test_the_tokens_are_marked_as_everywhere_else(case: Case, embedder: Embedder) -> None:
    tokenizer = embedder.tokenizer
    forms = VocabularyForms.from_tokenizer(tokenizer)
    seen = set()
    for one in case.texts:
        for ids, named in ((one.lines.ids, one.named), (one.own.ids[0], one.own_named)):
            known = mark(one.text, ids.tolist(), [0.0] * len(ids), tokenizer)
            assert named.strings == known.tokens
            assert named.marks == known.marks
            assert [forms.of[i] >= 0 for i in ids] == list(named.content)
            matched = sorted({one.words[place] for places in named.words for place in places})
            assert matched == sorted(known.matched)
            seen |= set(named.marks)
    assert {"literal", "other"} <= seen


def test_a_token_matches_the_words_that_it_matches_alone(case: Case, embedder: Embedder) -> None:
    for one in case.texts:
        for token, places in zip(one.lines.ids.tolist(), one.named.words, strict=True):
            alone = mark(one.text, [token], [0.0], embedder.tokenizer).matched
            assert [one.words[place] for place in places] == list(alone)
    assert any(places for one in case.texts for places in one.named.words)


@given(st.lists(LAMBDAS, min_size=1, max_size=4), st.floats(1e-3, 1e4))
def test_the_stops_hold_the_marks_and_are_round_elsewhere(marks: list[float], scale: float) -> None:
    marks = [scale * x for x in marks]
    found = stops(marks)
    assert set(np.array(marks) + 0.0) <= set(found)
    assert 60 < len(found) < 260
    gaps = np.diff(found)
    assert (gaps > 0).all()
    span = max(marks) - min(marks) or 1.0
    assert found[0] >= min(marks) - span / 2 - 1e-9 * scale
    assert found[-1] <= max(marks) + span / 4 + 1e-9 * scale
    # Round: at most the digits that tell one from the next.
    step = float(np.median(gaps))
    digits = max(0, 1 - math.floor(math.log10(step)))
    free = found[~np.isin(found, marks)]
    np.testing.assert_allclose(free, np.round(free, digits), atol=1e-9 * abs(found).max())


def test_ends_of_one_s_own() -> None:
    found = stops([0.0, -1.5], (-2, 3))
    assert (found[0], found[-1]) == (-2, 3)
    assert -1.5 in found
    for ends in ((-1, 3), (-2, -0.1), (3, -2), (-np.inf, 1), (-2, np.nan)):
        with pytest.raises(TokalignError, match=r"a range is needed that holds -1\.5 and 0"):
            stops([0.0, -1.5], ends)


def test_equal_marks_are_one_stop() -> None:
    assert (np.diff(stops([0.0, -2.0, -2.0])) > 0).all()
    assert 0.0 in stops([0.0])


def test_an_embedder_alone_has_no_v1(comparison: Comparison) -> None:
    alone = replace(comparison, backbone=None, changed=comparison.h)
    found = slider_case(alone, ALL, [3, 1])
    assert list(found.marks) == ["0", "-m1"]
    assert (found.name, found.backbone, found.embedder) == ("llama",) * 3
    assert [one.text for one in found.texts] == [TEXTS[3], TEXTS[1]]
    for one in found.texts:
        np.testing.assert_array_equal(one.lines.top(0.0).ids, one.own.ids)


def test_what_does_not_fit(comparison: Comparison) -> None:
    with pytest.raises(TokalignError, match="3 texts for a comparison of 16"):
        slider_case(comparison, TEXTS[:3], [0])
    with pytest.raises(TokalignError, match="text 9 is not of the scored half; allowed: one or m"):
        slider_case(comparison, ALL, [0, 9])
    with pytest.raises(TokalignError, match="no text is chosen; allowed: one or more"):
        slider_case(comparison, ALL, [])
    with pytest.raises(TokalignError, match="k must be at least 1"):
        slider_case(comparison, ALL, [0], k=0)


def test_special_tokens_have_no_content(embedder: Embedder, case: Case) -> None:
    special = set(embedder.tokenizer.all_special_ids)
    named: list[tuple[MovingText, NamedTokens]] = [(one, one.named) for one in case.texts]
    flags = [
        content
        for one, tokens in named
        for token, content in zip(one.lines.ids.tolist(), tokens.content, strict=True)
        if token in special
    ]
    assert not any(flags)
