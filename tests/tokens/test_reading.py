"""The head of a folder, read from its safetensors alone, gives the model's own logits."""

from __future__ import annotations

import dataclasses
import shutil

import numpy as np
import pytest
import torch
from checkpoints import DECODERS, ENCODERS, TEXTS, full_model
from safetensors.torch import load_file, save_file

from tokalign.embedders import load_embedder
from tokalign.embedders.inspecting.inspection import inspect_folder
from tokalign.errors import TokalignError
from tokalign.tokens import decode, load_head, read_head

VARIANTS = {
    "sharded": {"save": {"max_shard_size": "30KB"}},
    "bf16": {"dtype": torch.bfloat16},
    "untied": {"tie_word_embeddings": False},
    "wide": {"rows": 13},
}


def decoded(embedder, head, states):
    """Logits ``(L, V)`` in the order of the ids, by `decode` of all the head's tokens."""
    space = embedder.space(states.shape[1])
    ones = np.ones(len(states), "f")
    from tokalign.embedders import Embeddings

    found = decode(Embeddings(states, space, ones, ones < 0), head, len(head), tokens_a_tile=64)
    order = np.argsort(found.ids, axis=1)
    return np.take_along_axis(found.logits, order, 1)


def compare(folder, embedder, model):
    head = load_head(embedder)
    for text in TEXTS[:5]:
        ids = torch.tensor([embedder.tokenizer(text)["input_ids"]])
        with torch.inference_mode():
            expected = model(input_ids=ids).logits[0].float().numpy()
        mask = np.ones(ids.shape, bool)
        states = embedder.states(ids.numpy(), mask)[0].float().numpy()
        found = decoded(embedder, head, states)
        named = head.ids.numpy()
        scale = np.abs(expected).max()
        assert np.abs(found - expected[:, named]).max() < 1e-5 * scale
        assert np.abs(expected).std() > 0.01
    return head


@pytest.mark.parametrize("family", [*DECODERS, *ENCODERS])
def test_every_position_decodes_to_the_models_logits(checkpoint, embedder, family):
    it = embedder(family)
    assert it.recipe.readout == ("mlm" if family in ENCODERS else "lm_head")
    compare(checkpoint(family), it, full_model(checkpoint(family)))


def test_the_first_berts_call_weight_and_bias_of_a_norm_gamma_and_beta(
    checkpoint, tmp_path, embedder
):
    folder = shutil.copytree(checkpoint("bert"), tmp_path / "bert")
    old = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
    tensors = load_file(folder / "model.safetensors")
    for new, name in old.items():
        tensors = {key.replace(new, name): tensor for key, tensor in tensors.items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    assert any(key.endswith("gamma") for key in tensors)
    compare(folder, load_embedder(str(folder)), full_model(checkpoint("bert")))


@pytest.mark.parametrize("family", ["gpt_neo", "opt", "llama", "mistral", "qwen2"])
def test_the_vector_of_a_text_decodes_to_what_the_model_says_next(checkpoint, embedder, family):
    it = embedder(family, pooling="last")
    found = decode(it.encode(TEXTS, batch_size=64), load_head(it), 5)
    model = full_model(checkpoint(family))
    for text, ids, logits in zip(TEXTS, found.ids, found.logits, strict=True):
        with torch.inference_mode():
            read = torch.tensor([it.tokenizer(text)["input_ids"]])
            expected = model(input_ids=read).logits[0, -1].topk(5)
        assert ids.tolist() == expected.indices.tolist()
        np.testing.assert_allclose(logits, expected.values.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.shared
def test_so_does_that_of_a_trained_model(shared):
    from transformers import AutoModelForCausalLM

    folder = shared / "models" / "stories260K"
    it = load_embedder(str(folder))
    compare(folder, it, AutoModelForCausalLM.from_pretrained(folder).eval())


@pytest.mark.parametrize("tag", VARIANTS)
@pytest.mark.parametrize("family", ["llama-tied", "gptj", "bert", "opt"])
def test_however_it_is_stored(checkpoint, family, tag):
    folder = checkpoint(family, tag=tag, **VARIANTS[tag])
    it = load_embedder(str(folder))
    head = compare(folder, it, full_model(folder))
    if tag == "wide":
        assert int(it.model.config.vocab_size) == len(it.tokenizer) + 13
        assert int(head.ids.max()) == len(it.tokenizer) - 1
    if tag == "untied" and family != "gptj":
        tied = read_head(folder, "tied_input")
        assert not torch.equal(tied.matrix[head.ids][:, :16], head.matrix[:, :16])


def test_rows_that_the_tokenizer_cannot_name_never_appear(checkpoint, vectors, tmp_path):
    import json
    import shutil

    folder = shutil.copytree(checkpoint("llama", tag="wide", rows=13), tmp_path / "gaps")
    path = folder / "tokenizer.json"
    said = json.loads(path.read_text())
    merged = {"".join(pair) for pair in said["model"]["merges"]}
    parts = {part for pair in said["model"]["merges"] for part in pair}
    gone = sorted(merged - parts)[:7]  # ends of merges: nothing else is made of them
    missing = {said["model"]["vocab"].pop(token) for token in gone}
    said["model"]["merges"] = [p for p in said["model"]["merges"] if "".join(p) not in gone]
    path.write_text(json.dumps(said))
    it = load_embedder(str(folder))
    head = load_head(it)
    every = decode(it.encode(TEXTS), head, 10**6)
    named = set(it.tokenizer.get_vocab().values())
    assert missing
    assert max(missing) < max(named)
    assert set(every.ids.ravel().tolist()) == named
    assert len(read_head(folder, "lm_head")) == int(it.model.config.vocab_size)


def test_opts_output_projection(checkpoint, embedder):
    """A vector from before the projection is brought through it by the head."""
    it = embedder("opt-350m")
    head = load_head(it)
    seen = []
    hook = it.model.decoder.project_out.register_forward_hook(lambda _, x, __: seen.append(x[0]))
    ids = np.array([it.tokenizer(TEXTS[0])["input_ids"]])
    after = it.states(ids, np.ones(ids.shape, bool))[0].numpy()
    hook.remove()
    before = seen[0][0].numpy()
    assert (before.shape[1], after.shape[1], head.width) == (32, 16, 16)
    model = full_model(checkpoint("opt-350m"))
    with torch.inference_mode():
        expected = model(input_ids=torch.from_numpy(ids)).logits[0].topk(4)
    from tokalign.embedders import Embeddings

    for states, place in ((before, "before projection"), (after, "final")):
        space = dataclasses.replace(it.space(states.shape[1]), place=place)
        ones = np.ones(len(states), "f")
        found = decode(Embeddings(states, space, ones, ones < 0), head, 4)
        assert found.ids.tolist() == expected.indices.tolist()
        np.testing.assert_allclose(found.logits, expected.values.numpy(), rtol=1e-4, atol=1e-5)


def test_tied_input_is_the_input_embeddings(checkpoint, embedder):
    it = embedder("bert", readout="tied_input")
    expected = it.model.get_input_embeddings().weight
    assert torch.equal(load_head(it).matrix, expected)
    assert load_head(it, "mlm").transform is not None


def test_what_is_part_of_the_head_of_each_family(embedder):
    heads = {name: load_head(embedder(name)) for name in ("gptj", "gemma2", "cohere", "granite")}
    assert heads["gptj"].bias is not None
    assert heads["gemma2"].soft_cap == 3.0
    assert (heads["cohere"].scale, heads["granite"].scale) == (0.25, 0.25)
    assert [name for name, head in heads.items() if head.linear] == ["cohere", "granite"]


@pytest.mark.parametrize(
    ("family", "drop", "readout", "message"),
    [
        ("llama", "lm_head.weight", "lm_head", "holds no output head .* not tied"),
        ("llama-tied", "model.embed_tokens.weight", "lm_head", "no input embeddings"),
        ("bert", "cls.predictions.transform.LayerNorm.weight", "mlm", "lacks predictions.trans"),
        ("llama", "", "mlm", "no masked-LM head that is known here; readout tied_input"),
        ("albert", "", "tied_input", "input embeddings of width 16 cannot read .* width 32"),
        ("llama", "", "unembedding", "unknown readout 'unembedding'.*lm_head, mlm, tied_input"),
    ],
)
def test_heads_that_are_not_there(checkpoint, tmp_path, family, drop, readout, message):
    folder = checkpoint(family)
    tensors = load_file(folder / "model.safetensors")
    tensors.pop(drop, None)
    save_file(tensors, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    with pytest.raises(TokalignError, match=message):
        read_head(tmp_path, readout)


def test_several_tensors_of_one_name_cannot_be_chosen_from(checkpoint, tmp_path):
    folder = checkpoint("llama")
    tensors = load_file(folder / "model.safetensors")
    tensors["draft.lm_head.weight"] = tensors["lm_head.weight"].clone()
    save_file(tensors, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    with pytest.raises(TokalignError, match=r"several tensors end in lm_head.weight"):
        read_head(tmp_path, "lm_head")


def test_a_swapped_head_decodes_on_purpose(checkpoint, embedder):
    """Two models of one tokenizer and one width: the control of the first chapter."""
    it = embedder("llama")
    other = read_head(checkpoint("llama-tied"), "lm_head")
    with pytest.raises(TokalignError, match=r"cannot be decoded by lm_head of .*llama-tied"):
        decode(it.encode(TEXTS), other, 3)
    assert decode(it.encode(TEXTS), other, 3, swapped=True).ids.shape == (len(TEXTS), 3)


def test_the_owner_may_be_another_checkpoint(checkpoint, embedder):
    recipe = inspect_folder(checkpoint("llama"))
    it = load_embedder(recipe.model_copy(update={"head": str(checkpoint("mistral"))}))
    head = load_head(it)
    assert head.owner == it.recipe.head_owner == str(checkpoint("mistral"))
    assert head.fingerprint == load_head(embedder("mistral")).fingerprint
    decode(it.encode(TEXTS), head, 2)
