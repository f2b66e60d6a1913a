"""What moves in training: everything, biases alone, adapters alone; and attention both ways."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tokalign.embedders.loading.probes import sees_later_tokens
from tokalign.errors import TokalignError
from tokalign.train.contrastive.attention import attending
from tokalign.train.contrastive.examples import Example
from tokalign.train.contrastive.methods import Method, merged, prepare, trained
from tokalign.train.contrastive.mixture import Mixture
from tokalign.train.contrastive.mntp import blank_id, body_of, hide, mntp_loss
from tokalign.train.contrastive.plans import Phase, Source, plan
from tokalign.train.contrastive.trainer import Training


def _moved(
    loaded: Any, examples: list[Example], folder: Path, name: str, method: Method
) -> tuple[set[str], Any]:
    model, tokenizer = loaded(name)
    phase = Phase(
        objective="contrastive", method=method, rank=2, sources=(Source(name="nli"),), batch=4,
        lr=1e-2, warmup=1,
    )  # fmt: skip
    mixture = Mixture(phase.sources, {"nli": examples}, 0)
    recipe = plan("mini-opt-eol-cse").recipe("unused")
    run = Training(folder, model, tokenizer, recipe, phase, mixture=mixture)
    before = {n: p.detach().clone() for n, p in run.model.named_parameters()}
    for _ in range(2):
        run.step(1.0)
    after = dict(run.model.named_parameters())
    return {n for n, p in after.items() if not torch.equal(p, before[n])}, run.model


@pytest.mark.parametrize("name", ["gpt-neo", "opt"])
def test_bitfit_moves_biases_alone(
    name: str, loaded: Any, examples: list[Example], tmp_path: Path
) -> None:
    moved, model = _moved(loaded, examples, tmp_path, name, "bitfit")
    assert moved
    assert all(n.endswith(".bias") for n in moved)
    # Keys have biases that no softmax sees; all others have to move.
    still = {n for n in trained(model) if n not in moved}
    assert all("k_proj" in n for n in still), still


@pytest.mark.parametrize("name", ["opt", "llama", "mistral"])
def test_lora_moves_adapters_alone(
    name: str, loaded: Any, examples: list[Example], tmp_path: Path
) -> None:
    moved, model = _moved(loaded, examples, tmp_path, name, "lora")
    assert {n for n in moved if "lora_" not in n} == set()
    assert moved == set(trained(model))


def test_full_leaves_embeddings_and_head(
    loaded: Any, examples: list[Example], tmp_path: Path
) -> None:
    moved, _ = _moved(loaded, examples, tmp_path / "a", "llama", "full")
    assert not any("embed_tokens" in n or "lm_head" in n for n in moved)
    assert any("up_proj" in n for n in moved)
    moved, _ = _moved(loaded, examples, tmp_path / "b", "gpt-neo", "full")
    assert not any("wte" in n for n in moved)
    assert any("wpe" in n for n in moved)


def test_adapters_begin_as_nothing_and_follow_their_seed(loaded: Any) -> None:
    ids = torch.arange(3, 20)[None]
    plain = loaded("llama")[0](input_ids=ids).logits
    state = torch.random.get_rng_state()
    first, second, third = (prepare(loaded("llama")[0], "lora", seed=s) for s in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.allclose(first(input_ids=ids).logits, plain, atol=1e-6)
    matrices = [next(p for n, p in m.named_parameters() if "lora_A" in n)
                for m in (first, second, third)]  # fmt: skip
    assert torch.equal(matrices[0], matrices[1])
    assert not torch.equal(matrices[0], matrices[2])
    assert torch.allclose(merged(first)(input_ids=ids).logits, plain, atol=1e-5)


def test_errors_of_methods(loaded: Any) -> None:
    with pytest.raises(TokalignError, match=r"unknown training method 'bitfi'.*bitfit"):
        prepare(loaded("opt")[0], "bitfi")  # type: ignore[arg-type]
    with pytest.raises(TokalignError, match="no bias that BitFit could train"):
        prepare(loaded("llama")[0], "bitfit")


@pytest.mark.parametrize("name", ["opt", "llama", "mistral"])
@pytest.mark.parametrize("adapted", [False, True])
def test_attention_is_set_and_put_back(name: str, adapted: bool, loaded: Any) -> None:
    model = loaded(name)[0]
    if adapted:
        model = prepare(model, "lora", rank=2)
    for padded in (False, True):
        assert not sees_later_tokens(body_of(model), padded=padded)
        with attending(model, "bidirectional"):
            assert sees_later_tokens(body_of(model), padded=padded)
            with attending(model, "causal"):
                assert not sees_later_tokens(body_of(model), padded=padded)
            assert sees_later_tokens(body_of(model), padded=padded)
        assert not sees_later_tokens(body_of(model), padded=padded)


def test_gpt_neo_cannot_read_both_ways(loaded: Any) -> None:
    with (
        pytest.raises(TokalignError, match="causal attention only"),
        attending(loaded("gpt-neo")[0], "bidirectional"),
    ):
        pass


def test_mntp_predicts_the_hidden_token_from_both_sides(loaded: Any) -> None:
    """Against a loop; and what stands behind a hidden token matters, which it does not causally."""
    model, tokenizer = loaded("mistral")
    draw = np.random.default_rng(0)
    ids = draw.integers(5, 300, size=(3, 14))
    hidden, where = hide(ids, draw, blank_id(tokenizer))
    assert (hidden[~where] == ids[~where]).all()
    assert (hidden[where] == blank_id(tokenizer)).all()
    found = mntp_loss(model, ids, hidden, where)

    def plain(attention: Any, rows: np.ndarray) -> float:
        with torch.no_grad(), attending(model, attention):
            logits = model(input_ids=torch.from_numpy(rows), use_cache=False).logits
        places = zip(*where.nonzero(), strict=True)
        losses = [-logits[b, i - 1].log_softmax(-1)[ids[b, i]] for b, i in places]
        return float(torch.stack(losses).mean())

    assert found.loss.item() == pytest.approx(plain("bidirectional", hidden), rel=1e-5)
    assert abs(found.loss.item() - plain("causal", hidden)) > 1e-4
    # The last place is never hidden here: change it, and only a causal reader sees no difference.
    where[:, -1] = False
    other = np.where(np.arange(14) == 13, (ids + 7) % 300, hidden)
    assert plain("causal", other) == pytest.approx(plain("causal", hidden), rel=1e-6)
    assert abs(plain("bidirectional", other) - plain("bidirectional", hidden)) > 1e-5


def test_the_hidden_token_itself_does_not_leak(loaded: Any) -> None:
    model, tokenizer = loaded("mistral")
    ids = np.random.default_rng(1).integers(5, 300, size=(1, 12))
    hidden, where = hide(ids, np.random.default_rng(2), blank_id(tokenizer))
    other = np.where(where, (ids + 11) % 300, ids)
    with torch.no_grad():
        losses = [float(mntp_loss(model, aims, hidden, where).loss) for aims in (ids, other)]
    # The states are the same; only what is asked of them differs.
    assert losses[0] != losses[1]
    assert np.array_equal(np.where(where, 0, ids), np.where(where, 0, other))


def test_a_tokenizer_without_a_blank_is_refused(
    backbone: Callable[[str], Path], loaded: Any
) -> None:
    class Poor:
        def get_vocab(self) -> dict[str, int]:
            return {"a": 0}

    with pytest.raises(TokalignError, match="no token '_'"):
        blank_id(Poor())
