from __future__ import annotations

import numpy as np
import pytest
import torch

from tokalign.embedders import Space
from tokalign.errors import TokalignError
from tokalign.tokens import Head, decode


def make(rows=6, width=4, seed=0, **more):
    generator = torch.Generator().manual_seed(seed)
    matrix = torch.randn(rows, width, generator=generator)
    return Head("x", matrix, torch.arange(rows), width, **more)


GELU = torch.nn.functional.gelu


@pytest.mark.parametrize(
    ("space", "message"),
    [
        (Space("y", 4), "belong to the head of y cannot be decoded by head of x .*swapped=True"),
        (
            Space("x", 5),
            r"width 5 do not fit head of x, whose matrix is \(6, 4\) and takes width 4",
        ),
        (Space("x", 4, place="layer 3"), "place 'layer 3' are not .*; allowed: final, before"),
        (Space("x", 4, place="before projection"), "width 4 do not fit"),
    ],
)
def test_vectors_that_it_would_decode_wrongly_are_refused(space, message):
    head = make(projections={"before projection": torch.ones(4, 8)})
    with pytest.raises(TokalignError, match=message):
        head.refuse(space)


def test_what_it_may_decode():
    head = make(projections={"before projection": torch.ones(4, 8)})
    head.refuse(Space("x", 4))
    head.refuse(Space("x", 8, place="before projection"))
    head.refuse(Space("x", 4, normalised=True))
    head.refuse(Space("y", 4), swapped=True)
    for wrong in (Space("y", 5), Space("y", 4, place="layer 1")):
        with pytest.raises(TokalignError):
            head.refuse(wrong, swapped=True)


@pytest.mark.parametrize("more", [{"bias": torch.ones(6)}, {"transform": GELU}, {"soft_cap": 2.0}])
def test_vectors_of_length_one_are_refused_where_the_length_matters(more, vectors):
    head = make(**more)
    unit = vectors(np.eye(4), normalised=True)
    with pytest.raises(TokalignError, match=r"not linear.*use Embeddings\.unnormalised"):
        decode(unit, head, 2)
    decode(unit.unnormalised(), head, 2)


def test_finish_is_bias_then_scale_then_cap():
    head = make(bias=torch.arange(6.0), scale=0.5, soft_cap=2.0)
    products = torch.ones(1, 6)
    expected = torch.tanh((1 + torch.arange(6.0)) * 0.5 / 2) * 2
    torch.testing.assert_close(head.finish(products.clone(), slice(None))[0], expected)
    some = head.finish(products[:, 2:4].clone(), slice(2, 4))[0]
    torch.testing.assert_close(some, expected[2:4])


def test_restricted_keeps_what_belongs_to_the_rows(vectors):
    head = make(bias=torch.arange(6.0) * 10)
    keep = np.array([0, 1, 0, 1, 0, 0], bool)
    part = head.restricted(keep)
    assert part.ids.tolist() == [1, 3]
    found = decode(vectors(np.ones((1, 4))), part, 5)
    whole = decode(vectors(np.ones((1, 4))), head, 6)
    logit = dict(zip(whole.ids[0], whole.logits[0], strict=True))
    assert found.ids.tolist() == [[3, 1]]
    assert found.logits[0].tolist() == [logit[3], logit[1]]


def test_a_random_head_has_the_same_norms_and_other_directions():
    head = make(rows=50, width=16)
    control = head.random(seed=1)
    torch.testing.assert_close(control.matrix.norm(dim=1), head.matrix.norm(dim=1))
    cosines = torch.nn.functional.cosine_similarity(control.matrix, head.matrix)
    assert cosines.abs().mean() < 0.4
    assert torch.equal(control.matrix, head.random(seed=1).matrix)
    assert not torch.equal(control.matrix, head.random(seed=2).matrix)
    assert control.owner == head.owner


def test_the_fingerprint_follows_all_that_decides_the_logits():
    heads = [
        make(), make(seed=1), make(scale=2.0), make(soft_cap=2.0), make(bias=torch.ones(6)),
        make(transform=GELU), make(transform=torch.nn.functional.relu), make().random(),
        make(projections={"before projection": torch.ones(4, 8)}),
        make().restricted(np.array([1, 1, 1, 1, 1, 0], bool)),
    ]  # fmt: skip
    assert len({head.fingerprint for head in heads}) == len(heads)
    assert make().fingerprint == make().fingerprint
