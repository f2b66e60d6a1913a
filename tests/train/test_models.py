"""Architectures, loss, attention, optimisers: each against the plain way of doing it."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import cross_entropy

from tokalign.errors import TokalignError
from tokalign.train import loss as chunks
from tokalign.train.architectures import ARCHITECTURES, Shape, architecture, build_model
from tokalign.train.attention import use_fused_attention
from tokalign.train.loss import next_token_loss
from tokalign.train.optimiser import Muon, build_optimisers, orthogonalised


def ids(shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(3, shape.entries, (3, shape.positions), generator=generator)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_heads_of_all_four_can_be_swapped(name, shape):
    model = build_model(name, shape, seed=0)
    assert model.get_output_embeddings().weight.shape == (shape.entries, shape.width)
    assert model(input_ids=ids(shape)).logits.shape == (3, shape.positions, shape.entries)


@pytest.mark.parametrize(
    ("name", "tied"), [("gpt-neo", True), ("opt", True), ("llama", False), ("mistral", False)]
)
def test_heads_are_tied_where_those_of_the_originals_are(name, tied, shape):
    model = build_model(name, shape, seed=0)
    head, embeddings = model.get_output_embeddings(), model.get_input_embeddings()
    assert (head.weight is embeddings.weight) is tied


def test_weights_depend_on_the_seed_alone(shape):
    state = torch.get_rng_state()
    one, two, other = (build_model("opt", shape, seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), state)
    pairs = list(zip(one.parameters(), two.parameters(), strict=True))
    assert all(torch.equal(a, b) for a, b in pairs)
    assert not torch.equal(one.lm_head.weight, other.lm_head.weight)


def test_an_unknown_architecture():
    with pytest.raises(TokalignError, match="unknown architecture 'lama': did you mean llama"):
        architecture("lama")


@pytest.mark.parametrize("chunk", [4, 7, 1000])
def test_the_loss_and_its_gradients_are_those_of_torch(chunk, monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK", chunk)
    torch.manual_seed(0)
    states = torch.randn(21, 8, requires_grad=True)
    matrix = torch.randn(50, 8, requires_grad=True)
    targets = torch.randint(0, 50, (21,))
    plain = cross_entropy(states @ matrix.T, targets)
    expected = torch.autograd.grad(3 * plain, (states, matrix))
    found = next_token_loss(states, matrix, targets)
    torch.testing.assert_close(found, plain)
    torch.testing.assert_close(torch.autograd.grad(3 * found, (states, matrix)), expected)


def test_the_loss_needs_no_gradient_to_be_evaluated():
    with torch.no_grad():
        loss = next_token_loss(torch.randn(5, 4), torch.randn(9, 4), torch.arange(5))
    assert not loss.requires_grad


def test_large_logits_do_not_overflow():
    loss = next_token_loss(torch.full((1, 2), 1e2), torch.eye(2) * 1e2, torch.tensor([0]))
    assert float(loss) == pytest.approx(0.6931, abs=2e-3)


def test_the_loss_in_half_precision_is_near():
    torch.manual_seed(0)
    states, matrix = torch.randn(8, 16), torch.randn(30, 16)
    half = [x.bfloat16().requires_grad_() for x in (states, matrix)]
    loss = next_token_loss(*half, torch.arange(8))
    loss.backward()
    assert loss.item() == pytest.approx(float(cross_entropy(states @ matrix.T, torch.arange(8))),
                                        rel=0.02)  # fmt: skip
    assert all(x.grad.dtype == torch.bfloat16 for x in half)


def test_fused_attention_gives_the_same_logits(shape):
    model = build_model("gpt-neo", shape, seed=0)
    plain = model(input_ids=ids(shape)).logits
    use_fused_attention(model)
    torch.testing.assert_close(model(input_ids=ids(shape)).logits, plain)


def test_fused_attention_leaves_a_window_shorter_than_the_sequences_alone():
    model = build_model("gpt-neo", Shape(width=32, layers=2, entries=300, positions=300), seed=0)
    long = torch.randint(3, 300, (1, 300), generator=torch.Generator().manual_seed(0))
    plain = model(input_ids=long).logits
    use_fused_attention(model)
    assert torch.equal(model(input_ids=long).logits, plain)


@pytest.mark.parametrize("wrong", [{"width": 30}, {"layers": 3}, {"layers": 0}, {"positions": 0}])
def test_shapes_that_no_model_can_have(wrong):
    with pytest.raises(TokalignError, match=r"width|layers|at least 1"):
        Shape(**wrong)


def test_orthogonalised_keeps_the_singular_vectors():
    torch.manual_seed(0)
    for shape in ((2, 6, 10), (2, 10, 6)):
        x = torch.randn(shape)
        u, _, v = torch.linalg.svd(x, full_matrices=False)
        inner = u.mT @ orthogonalised(x) @ v.mT
        spread = torch.diagonal(inner, dim1=-2, dim2=-1)
        assert ((spread > 0.5) & (spread < 1.3)).all()
        assert (inner - torch.diag_embed(spread)).abs().max() < 1e-4


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_weight_has_one_optimiser(name, shape):
    model = build_model(name, shape, seed=0)
    muon, adamw = build_optimisers(model)
    assert isinstance(muon, Muon)
    owned = [p for o in (muon, adamw) for g in o.param_groups for p in g["params"]]
    assert sorted(map(id, owned)) == sorted(map(id, model.parameters()))
    hidden = [p for g in muon.param_groups for p in g["params"]]
    assert all(p.ndim == 2 and shape.entries not in p.shape for p in hidden)
    assert len(hidden) >= shape.layers * 6


@pytest.mark.parametrize("kind", ["muon", "adamw"])
def test_query_and_key_matrices_alone_take_shorter_steps(kind, shape):
    model = build_model("gpt-neo", shape, seed=0)
    names = {id(p): name for name, p in model.named_parameters()}
    steps = {
        names[id(p)]: group["lr"]
        for optimiser in build_optimisers(model, kind=kind, score_step=0.5)
        for group in optimiser.param_groups
        for p in group["params"]
    }
    usual = 0.02 if kind == "muon" else 3e-3
    for name, step in steps.items():
        if "q_proj" in name or "k_proj" in name:
            assert step == usual / 2
        elif "v_proj" in name or "mlp.c_fc.weight" in name:
            assert step == usual
        elif "wte" in name or "ln" in name:
            assert step == 3e-3


@pytest.mark.parametrize("kind", ["muon", "adamw"])
def test_optimisers_lower_the_loss(kind, shape):
    model = build_model("llama", shape, seed=0)
    optimisers = build_optimisers(model, kind=kind)
    batch, losses = ids(shape), []
    for _ in range(16):
        loss = model(input_ids=batch, labels=batch).loss
        loss.backward()
        for optimiser in optimisers:
            optimiser.step()
            optimiser.zero_grad()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0] - 1
