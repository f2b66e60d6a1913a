from __future__ import annotations

import pytest
import torch

from tokalign.errors import TokalignError
from tokalign.train.architectures import build_model
from tokalign.train.checkpoint import (
    Progress,
    find_checkpoint,
    load_checkpoint,
    load_weights,
    save_checkpoint,
    save_weights,
)
from tokalign.train.optimiser import build_optimisers


@pytest.fixture
def saved(tmp_path, shape):
    """A checkpoint of a model that has taken one step."""
    model = build_model("opt", shape, seed=0)
    optimisers = build_optimisers(model)
    model(input_ids=torch.ones(1, 4, dtype=torch.long)).logits.sum().backward()
    for optimiser in optimisers:
        optimiser.step()
    save_checkpoint(tmp_path / "checkpoint", model, optimisers, Progress(1, 4, 0.5, {"a": 1}))
    return tmp_path / "checkpoint", model, optimisers


def test_all_comes_back(saved, shape):
    folder, model, optimisers = saved
    other = build_model("opt", shape, seed=1)
    others = build_optimisers(other)
    assert load_checkpoint(folder, other, others) == Progress(1, 4, 0.5, {"a": 1})
    for a, b in zip(model.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)
    for a, b in zip(optimisers, others, strict=True):
        ours, theirs = (o.state_dict()["state"] for o in (a, b))
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[k][n], theirs[k][n]) for k in ours for n in ours[k])


def test_nothing_in_it_is_a_pickle(saved):
    folder, *_ = saved
    assert sorted(p.suffix for p in folder.iterdir()) == [".json", ".safetensors", ".safetensors"]


def test_a_tied_head_is_written_once(saved, shape):
    folder, *_ = saved
    assert (folder / "model.safetensors").stat().st_size < 1.5 * 4 * sum(
        p.numel() for p in build_model("opt", shape, seed=0).parameters()
    )


def test_a_checkpoint_that_was_being_replaced_is_found(saved):
    folder, *_ = saved
    folder.rename(folder.with_name("checkpoint.old"))
    (folder.with_name("checkpoint.new")).mkdir()
    assert find_checkpoint(folder) == folder.with_name("checkpoint.old")


def test_a_half_written_one_is_none(tmp_path):
    (tmp_path / "checkpoint.new").mkdir()
    (tmp_path / "checkpoint.new" / "state.json").write_text("{}")
    assert find_checkpoint(tmp_path / "checkpoint") is None


@pytest.mark.parametrize("file", ["model.safetensors", "optimiser.safetensors", "state.json"])
def test_a_broken_file_is_named(saved, file):
    folder, model, optimisers = saved
    path = folder / file
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(TokalignError, match="checkpoint"):
        load_checkpoint(folder, model, optimisers)


def test_weights_of_another_model_do_not_fit(tmp_path, shape):
    save_weights(build_model("llama", shape, seed=0), tmp_path / "llama.safetensors")
    with pytest.raises(TokalignError, match="holds another model"):
        load_weights(build_model("mistral", shape, seed=0), tmp_path / "llama.safetensors")


def test_optimisers_that_hold_other_weights_do_not_fit(saved):
    folder, model, optimisers = saved
    with pytest.raises(TokalignError, match="its optimisers hold other weights"):
        load_checkpoint(folder, model, optimisers[::-1])
