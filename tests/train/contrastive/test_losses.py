"""The contrastive loss against a plain loop, and cached against direct gradients."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from tokalign.train.contrastive.examples import Example
from tokalign.train.contrastive.losses import info_nce, same_texts
from tokalign.train.contrastive.mixture import Mixture
from tokalign.train.contrastive.objectives import contrastive_step
from tokalign.train.contrastive.plans import Phase, Source, plan
from tokalign.train.contrastive.reader import Reader


def _loop(
    anchors: torch.Tensor, candidates: torch.Tensor, temperature: float, weights: list[float],
    barred: list[list[bool]],
) -> float:  # fmt: skip
    total = 0.0
    for i, anchor in enumerate(anchors):
        scores = []
        for j, candidate in enumerate(candidates):
            cosine = float(anchor @ candidate / (anchor.norm() * candidate.norm()))
            scores.append(None if barred[i][j] else math.exp(cosine / temperature))
        own = scores[i]
        assert own is not None
        total -= weights[i] * math.log(own / sum(s for s in scores if s is not None))
    return total / sum(weights)


def test_info_nce_is_the_plain_loop() -> None:
    generator = torch.Generator().manual_seed(0)
    anchors = torch.randn(5, 7, generator=generator, dtype=torch.float64)
    candidates = torch.randn(9, 7, generator=generator, dtype=torch.float64)
    weights = [1.0, 0.5, 0.8, 1.0, 0.9]
    texts = ["a", "b", "a", "c", "d", "b", "x", "y", "z"]
    barred = same_texts(texts[:5], texts)
    found = info_nce(
        anchors, candidates, temperature=0.07, weights=torch.tensor(weights), barred=barred
    )
    expected = _loop(anchors, candidates, 0.07, weights, barred.tolist())
    assert float(found.loss) == pytest.approx(expected, rel=1e-6)
    assert barred.sum() == 3


def test_info_nce_refuses_what_has_no_meaning() -> None:
    with pytest.raises(ValueError, match="only 1 candidates"):
        info_nce(torch.ones(2, 3), torch.ones(1, 3), temperature=0.1)
    with pytest.raises(ValueError, match="temperature"):
        info_nce(torch.ones(2, 3), torch.ones(2, 3), temperature=0.0)


@pytest.mark.parametrize("name", ["gpt-neo", "llama", "mistral"])
def test_cached_gradients_are_the_direct_ones(
    name: str, loaded: Any, examples: list[Example]
) -> None:
    model, tokenizer = loaded(name)
    made = plan("mini-gritlm" if name == "mistral" else "mini-sgpt-nli")
    recipe = made.recipe("unused").model_copy(update={"max_length": 60})
    batch = Mixture([Source(name="nli")], {"nli": examples}, 0).batch(0, 12)
    gradients = []
    for cached in (False, True):
        model.zero_grad()
        # Small pieces, so that there are several, padded ones among them.
        reader = Reader(model, tokenizer, recipe, piece_tokens=90)
        phase = Phase(
            objective="contrastive", method="full", sources=(Source(name="nli"),), lr=1.0,
            cached_tokens=1 if cached else 10**6,
        )  # fmt: skip
        figures = contrastive_step(reader, batch, phase)
        found = {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
        gradients.append((figures, found))
    (direct, first), (cached_figures, second) = gradients
    assert direct == pytest.approx(cached_figures, rel=1e-5)
    assert first.keys() == second.keys()
    for key, gradient in first.items():
        scale = float(gradient.abs().max()) + 1e-12
        assert float((gradient - second[key]).abs().max()) < 1e-4 * scale + 1e-7, key
    assert any(float(g.abs().max()) > 1e-4 for g in first.values())


def test_size_of_pieces_changes_nothing(loaded: Any, examples: list[Example]) -> None:
    model, tokenizer = loaded("gpt-neo")
    recipe = plan("mini-sgpt-nli").recipe("unused").model_copy(update={"max_length": 60})
    texts = [t for e in examples[:9] for t in e.texts]
    vectors = []
    for size in (1, 64, 10_000):
        reader = Reader(model, tokenizer, recipe, piece_tokens=size)
        read = reader.read(texts)
        made = torch.empty(len(texts), 32)
        with torch.no_grad():
            for piece in reader.pieces(read):
                made[torch.from_numpy(piece)] = reader.vectors(read, piece)
        vectors.append(made)
    assert torch.allclose(vectors[0], vectors[1], atol=1e-5)
    assert torch.allclose(vectors[0], vectors[2], atol=1e-5)
    assert torch.allclose(vectors[0], torch.from_numpy(reader.encode(texts)), atol=1e-5)
