"""Label words as tokens: which tokens, what is left out, and the score."""

from __future__ import annotations

import numpy as np
import pytest

from tokalign.facets.labels import (
    instruction_forms,
    label_scores,
    label_tokens,
    labels_frame,
    without_forms,
)

LABELS = [("joy", ["joy", "joyful"]), ("sadness", ["sadness", "sorrow"]), ("anger", ["anger"])]


def tokens(label, words):
    return {words.decode([i]) for i in label.ids}


def test_all_tokens_that_are_one_of_the_words(words, forms, head):
    joy, sad, anger = label_tokens(LABELS, head, words, forms)
    # Not " Joys", which is not listed, though it has the stem; nor " sad" for "sadness".
    assert tokens(joy, words) == {" joy", "joy", " joyful"}
    assert joy.whole
    assert tokens(sad, words) == {" sorrow"}
    assert sad.whole
    assert (tokens(anger, words), anger.whole) == ({" ang", "ang"}, False)


def test_a_word_that_is_cut_up_stands_for_its_first_piece(words, forms, head):
    labels = [("relief", ["relief"]), ("relaxed", ["relax"])]
    found = label_tokens(labels, head, words, forms)
    assert [tokens(label, words) for label in found] == [{" rel", "rel"}] * 2
    frame = labels_frame(found, words)
    assert frame["whole"].tolist() == [False, False]
    assert frame["shared"].tolist() == [("relaxed",), ("relief",)]


def test_words_of_the_instructions_are_left_out(words, forms, head):
    said = instruction_forms(['The emotion of "{text}", of all joys:'], words, forms)
    named = {form for form, number in forms.number.items() if number in said}
    assert {"emot", "joy"} <= named
    assert "text" not in named
    fewer = without_forms(forms, said)
    assert fewer.of[1] == -1
    assert forms.of[1] >= 0  # unchanged
    joy = label_tokens([("joy", ["joy", "sorrow"])], head, words, fewer)[0]
    assert tokens(joy, words) == {" sorrow"}
    # Its word is there, and named: no first piece takes its place.
    assert not len(label_tokens([("joy", ["joy"])], head, words, fewer)[0].ids)
    assert not len(label_tokens([("the", ["the"])], head, words, forms)[0].ids)


def test_case_does_not_count(words, forms, head):
    joys, cap = label_tokens([("a", ["JOYS"]), ("b", ["Joy of Food"])], head, words, forms)
    assert tokens(joys, words) == {" Joys"}
    assert tokens(cap, words) == {" joy", "joy", " food"}  # each word but "of"


@pytest.mark.parametrize("normalised", [False, True])
def test_the_score_is_the_best_logit(words, forms, head, wrap, normalised):
    labels = label_tokens(LABELS[:2], head, words, forms)
    plain = np.random.default_rng(0).standard_normal((6, 5)).astype(np.float32)
    made = wrap(plain)
    if normalised:  # this head is not linear: it needs the vectors at their own length
        unit = plain / np.linalg.norm(plain, axis=1, keepdims=True)
        made = wrap(unit, normalised=True)
        made = type(made)(made.vectors, made.space, np.linalg.norm(plain, axis=1), made.truncated)
    logits = head.scale * (plain @ head.matrix.numpy().T + head.bias.numpy())
    logits = head.soft_cap * np.tanh(logits / head.soft_cap)
    expected = np.stack([logits[:, label.ids].max(axis=1) for label in labels], axis=1)
    assert label_scores(made, head, labels) == pytest.approx(expected, abs=1e-5)


def test_a_head_that_lacks_some_tokens(words, forms, head):
    keep = np.ones(len(head), dtype=bool)
    keep[1] = False
    joy = label_tokens(LABELS[:1], head.restricted(keep), words, forms)[0]
    assert tokens(joy, words) == {"joy", " joyful"}
