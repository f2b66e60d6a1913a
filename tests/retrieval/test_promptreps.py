"""PromptReps against a plain reimplementation on whole models; what the filter keeps."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from checkpoints import full_model
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from tokalign.datasets import RetrievalSet
from tokalign.embedders import Embedder, load_embedder
from tokalign.embedders.inspecting.inspection import inspect_folder
from tokalign.errors import TokalignError
from tokalign.retrieval.literal import LiteralWeights, literal_filter
from tokalign.retrieval.promptreps import promptreps, promptreps_recipe
from tokalign.store import Store
from tokalign.tokens import load_head

pytestmark = pytest.mark.usefixtures("one_thread")
PROMPTS = ('This sentence : "{text}" means in one word:"', 'The query "{text}" in one word:"')
DOCS = {
    "d1": "The committee agreed on the new climate treaty in November after long talks.",
    "d2": "Two games were released in March 2003; GAMES, fruit and music!",
    "d3": "   ",
    "d4": "the and of",
    "d5": "Parrots",
}
QUERIES = {"q1": "music of the sea", "q2": "climate treaty", "q3": ""}


@pytest.fixture
def data(collection) -> RetrievalSet:
    return collection(docs=DOCS, queries=QUERIES, qrels={q: {"d1": 1} for q in QUERIES})


@pytest.fixture(scope="module")
def load(checkpoint: Callable[..., Path]) -> Callable[[str], Embedder]:
    """By name; a model whose own recipe pools otherwise, to show that this is laid aside."""
    made: dict[str, Embedder] = {}

    def get(name: str) -> Embedder:
        if name not in made:
            recipe = inspect_folder(checkpoint(name))
            made[name] = load_embedder(recipe.model_copy(update={"pooling": "mean"}))
        return made[name]

    return get


def plain(folder: Path, tokenizer, text: str, prompt: str, kept: int) -> dict[int, float]:
    """Token id -> weight, by the whole model and dictionaries."""
    model = full_model(folder)
    ids = tokenizer(prompt.replace("{text}", text.strip()), return_tensors="pt")["input_ids"]
    with torch.no_grad():
        logits = model(input_ids=ids).logits[0, -1].tolist()
    own: set[int] = set()
    for word in re.split(r"[\W_]+", text.lower()):
        if word and word not in ENGLISH_STOP_WORDS:
            own |= set(tokenizer.encode(word, add_special_tokens=False))
    if not own:
        own, kept = set(range(len(tokenizer))), min(kept, 10)
    best = sorted(own, key=lambda i: -logits[i])[:kept]
    weights = {i: round(100 * math.log(1 + max(logits[i], 0))) for i in best}
    return {i: weight for i, weight in weights.items() if weight > 0}


@pytest.mark.parametrize(
    ("name", "kept"),
    [("gpt_neo", 128), ("gpt_neo", 4), ("llama", 128), ("gemma2", 128), ("cohere", 128)],
)
def test_a_plain_reimplementation(checkpoint, load, data, monkeypatch, name, kept) -> None:
    monkeypatch.setattr("tokalign.retrieval.literal.KEPT", kept)
    embedder = load(name)
    made = promptreps(embedder, data, prompts=PROMPTS)
    assert made.documents.ids == ("d1", "d2", "d4", "d5")
    assert made.query_ids == ("q1", "q2")
    # Unmerged, a column is a token.
    ids = np.full(len(made.columns), -1)
    ids[made.columns.of[made.columns.of >= 0]] = np.flatnonzero(made.columns.of >= 0)
    sides = [(made.documents.ids, made.documents.matrix, DOCS, 0)]
    sides.append((made.query_ids, made.queries, QUERIES, 1))
    for names, matrix, texts, side in sides:
        for number, key in enumerate(names):
            row = matrix[[number]]
            found = {int(ids[c]): w for c, w in zip(row.indices, row.data, strict=True)}
            expected = plain(checkpoint(name), embedder.tokenizer, texts[key], PROMPTS[side], kept)
            assert found.keys() == expected.keys()
            # A logit on the edge between two hundredths may be rounded to either side.
            assert all(abs(found[i] - expected[i]) <= 1 for i in expected)
    assert made.documents.matrix.nnz > 10


def test_the_hidden_states_are_the_dense_side_and_are_stored(load, data, tmp_path) -> None:
    embedder, store = load("gpt_neo"), Store(tmp_path / "store")
    made = promptreps(embedder, data, store, prompts=PROMPTS)
    again = load_embedder(promptreps_recipe(embedder.recipe, PROMPTS))
    texts = [DOCS[name] for name in made.dense.doc_ids]
    expected = again.encode(texts, prompt_name="document").vectors
    np.testing.assert_allclose(made.dense.documents.vectors, expected, atol=1e-5)
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "store").rglob("*.*")}
    assert kept
    promptreps(embedder, data, store, prompts=PROMPTS)
    assert kept == {path: path.stat().st_mtime_ns for path in (tmp_path / "store").rglob("*.*")}
    # Another prompt is another reading, and never taken from the first one's vectors.
    other = promptreps(embedder, data, store).dense.documents.vectors
    assert np.abs(other - made.dense.documents.vectors).max() > 1e-3


def test_only_models_that_predict_a_next_token(checkpoint, load, data) -> None:
    encoder = load_embedder(inspect_folder(checkpoint("bert")))
    with pytest.raises(TokalignError, match=r"predicts no next token .*attention bidirectional"):
        promptreps(encoder, data)
    recipe = load("gpt_neo").recipe
    with pytest.raises(TokalignError, match=r"predicts no next token .*readout tied_input"):
        promptreps_recipe(recipe.model_copy(update={"readout": "tied_input"}))
    with pytest.raises(TokalignError, match=r"must hold \{text\} exactly once"):
        promptreps_recipe(recipe, ("{text}", "query"))


@pytest.mark.parametrize("name", ["bert", "gpt_neo"])
def test_the_filter_on_an_embedding_s_own_logits(checkpoint, load, data, name) -> None:
    embedder = load(name)
    made = literal_filter(embedder, data)
    head, tokenizer = load_head(embedder), embedder.tokenizer
    vectors = head.ready(embedder.encode([DOCS["d2"]]).unnormalised())
    logits = head.finish(vectors @ head.matrix.float().T, slice(None))[0].tolist()
    logit = dict(zip(head.ids.tolist(), logits, strict=True))
    names = {c: made.columns.names[c] for c in range(len(made.columns))}
    expected: dict[str, float] = {}
    for word in ("games", "released", "march", "2003", "fruit", "music"):
        for form in (word, " " + word):
            for token in tokenizer.encode(form, add_special_tokens=False):
                column = made.columns.of[token]
                best = max(logit[i] for i in logit if made.columns.of[i] == column)
                expected[names[column]] = round(100 * math.log(1 + max(best, 0)))
    row = made.documents.matrix[[made.documents.ids.index("d2")]]
    found = {names[c]: w for c, w in zip(row.indices, row.data, strict=True)}
    assert found.keys() <= expected.keys()
    # The tiny tokenizer is another one in each process, so a logit may stand on any edge.
    assert all(abs(found.get(token, 0) - expected[token]) <= 1 for token in expected)
    assert made.documents.matrix.nnz > 0


def test_merged_a_word_counts_with_its_tokens_after_a_space(load, data) -> None:
    bare, merged = (promptreps(load("gpt_neo"), data, merge=how) for how in ("none", "case"))
    assert len(merged.columns) < len(bare.columns)
    tokenizer = load("gpt_neo").tokenizer
    spaced, alone = (set(tokenizer.encode(form)) for form in (" music", "music"))
    assert spaced - alone
    for made, how, expected in ((bare, "none", alone), (merged, "case", spaced | alone)):
        weigh = LiteralWeights(load_head(load("gpt_neo")), tokenizer, how)
        columns = set(made.columns.of[sorted(expected)].tolist())
        assert set(weigh.literal("Music").tolist()) == columns


def test_unweighted_is_the_same_tokens_alone(load, data) -> None:
    made = promptreps(load("gpt_neo"), data)
    before = made.documents.matrix.data.copy()
    ones = made.unweighted()
    for one, other in (
        (ones.queries, made.queries),
        (ones.documents.matrix, made.documents.matrix),
    ):
        assert (one.toarray() == (other.toarray() > 0)).all()
    assert ones.documents.ids == made.documents.ids
    assert (made.documents.matrix.data == before).all()
    assert before.max() > 1


def test_a_text_without_words_of_its_own_keeps_ten(load, data) -> None:
    weigh = LiteralWeights(load_head(load("gpt_neo")), load("gpt_neo").tokenizer)
    vectors = load("gpt_neo").encode([DOCS["d4"], DOCS["d5"]])
    made = weigh(vectors, [DOCS["d4"], DOCS["d5"]])
    assert len(weigh.literal(DOCS["d4"])) == 0
    assert made[[0]].nnz == 10
    assert set(made[[1]].indices) <= set(weigh.literal("parrots"))
    with pytest.raises(TokalignError, match="1 texts for 2 vectors"):
        weigh(vectors, ["one"])


def test_words_are_those_of_the_lower_cased_text(load) -> None:
    weigh = LiteralWeights(load_head(load("gpt_neo")), load("gpt_neo").tokenizer)
    assert (weigh.literal("THE Games, of: the_games!") == weigh.literal("games")).all()
    assert len(weigh.literal("games")) > 0
    assert (weigh.literal("sea music") == weigh.literal("music sea sea")).all()
