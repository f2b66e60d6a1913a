"""The same on vectors and heads of real architectures, tiny and with random weights."""

from __future__ import annotations

import numpy as np
import pytest
from checkpoints import TEXTS

from tokalign.embedders import load_embedder
from tokalign.embedders.inspecting.inspection import inspect_folder
from tokalign.errors import TokalignError
from tokalign.spectrum import (
    contribution,
    first_direction,
    missed,
    rivals,
    split_halves,
    top_over_range,
)
from tokalign.tokens import decode, load_head


@pytest.mark.parametrize("name", ["llama", "opt-350m", "cohere"])
def test_all_of_it_on_one_model(checkpoint, name):
    embedder = load_embedder(inspect_folder(checkpoint(name)))
    head = load_head(embedder)
    h = embedder.encode(TEXTS)
    fitted, scored = split_halves(len(TEXTS))
    u1 = first_direction(h.vectors[fitted])
    direct = decode(h, head, 5)
    frame = contribution(h, head, u1, 5, token=lambda i: embedder.tokenizer.decode([i]))
    for text, rows in frame.groupby("text"):
        top = rows[rows["rank"] <= 5]
        np.testing.assert_allclose(top["logit"], direct.logits[text], atol=1e-4)
    one = embedder.encode(TEXTS[:1])
    found = top_over_range(head, one, u1, [-20, 20], 5)
    for lam in np.linspace(-20, 20, 9):
        assert missed(found, head, one, u1, lam) == []
    for rival in rivals():
        made = rival.fit(h.vectors[fitted], head)
        assert made.filter(h.vectors[scored]).shape == (len(scored), h.space.width)
        decode(made.embeddings(h), head, 5)


def test_heads_with_a_bias_or_a_cap_are_refused(checkpoint):
    for name, part in (("gptj", "bias"), ("gemma2", "soft cap")):
        embedder = load_embedder(inspect_folder(checkpoint(name)))
        h, head = embedder.encode(TEXTS[:2]), load_head(embedder)
        with pytest.raises(TokalignError, match=f"not linear: it has a {part}"):
            contribution(h, head, first_direction(h.vectors))
