"""How an embedder is asked: by its recipe's place for instructions, its prompt, or a prefix."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoints import TEXTS

from tokalign.embedders import Embedder, load_embedder, package_entries
from tokalign.embedders.inspecting.inspection import inspect_folder
from tokalign.errors import TokalignError
from tokalign.facets.asking import asked_embedder, marked_under, read_under, style_of
from tokalign.measures import marked_texts
from tokalign.store import Store
from tokalign.tokens import load_head

EOL = 'This sentence : "{text}" means in one word:"'
QUESTION = 'The sentence : "{text}" is, in one word, about:"'


@pytest.fixture(scope="session")
def embedder(checkpoint: Callable[..., Path]) -> Callable[..., Embedder]:
    loaded: dict[str, Embedder] = {}

    def load(name: str, **changes: Any) -> Embedder:
        key = f"{name}{sorted(changes.items())}"
        if key not in loaded:
            recipe = inspect_folder(checkpoint(name))
            loaded[key] = load_embedder(recipe.model_copy(update=changes))
        return loaded[key]

    return load


def like(entry: str) -> dict[str, Any]:
    """How a registered embedder reads, for a tiny checkpoint of its architecture."""
    fields = ("pooling", "attention", "template", "bare_template", "pool_over", "strip",
              "text_max_length", "normalise")  # fmt: skip
    return {field: getattr(package_entries()[entry], field) for field in fields}


@pytest.mark.parametrize(
    ("name", "style"),
    [("gritlm", "instruction"), ("llm2vec", "instruction"), ("e5-mistral", "instruction"),
     ("opt-eol", "eol"), ("llama-eol-cse", "eol"), ("opt", None), ("sgpt-nli", None),
     ("all-minilm-l6-v2", None), ("e5-base", None)],
)  # fmt: skip
def test_the_recipe_says_how(name: str, style: str | None) -> None:
    recipe = package_entries()[name]
    if style is None:
        with pytest.raises(TokalignError, match=f"{name} takes no instruction.*'prefix'"):
            style_of(recipe)
    else:
        assert style_of(recipe) == style
    assert style_of(recipe, "prefix") == "prefix"


def test_a_style_that_does_not_fit_is_refused() -> None:
    entries = package_entries()
    assert style_of(entries["opt"], "eol") == "eol"  # a plain decoder can be prompted
    with pytest.raises(TokalignError, match="'eol' needs the last token"):
        style_of(entries["all-minilm-l6-v2"], "eol")
    with pytest.raises(TokalignError, match="opt-eol takes no instruction"):
        style_of(entries["opt-eol"], "instruction")
    with pytest.raises(TokalignError, match="unknown style 'prefx': did you mean prefix"):
        style_of(entries["opt"], "prefx")


@pytest.mark.parametrize("entry", ["gritlm", "llm2vec", "e5-mistral"])
def test_an_instruction_goes_where_the_recipe_has_a_place(embedder, entry: str) -> None:
    changes = {**like(entry), "instruction": "its own"}
    tiny = embedder("mistral", **changes)
    made = read_under(tiny, TEXTS, "the topic", style="instruction")
    assert (made.vectors == tiny.encode(TEXTS, instruction="the topic").vectors).all()
    empty = read_under(tiny, TEXTS, "", style="instruction")
    assert (empty.vectors == tiny.encode(TEXTS, instruction="").vectors).all()
    for other in (empty.vectors, tiny.encode(TEXTS).vectors):
        assert np.abs(made.vectors - other).max() > 1e-3


def test_another_prompt_is_another_recipe(embedder) -> None:
    changes = {"pooling": "last", "attention": "causal"}
    eol, asking = (embedder("opt", **changes, template=t) for t in (EOL, QUESTION))
    made = read_under(eol, TEXTS, QUESTION, style="eol")
    assert (made.vectors == asking.encode(TEXTS).vectors).all()
    assert asked_embedder(eol, EOL, "eol") is eol
    assert asked_embedder(eol, "", "eol") is eol
    assert asked_embedder(eol, QUESTION, "eol").fingerprint != eol.fingerprint
    with pytest.raises(TokalignError, match="exactly once"):
        asked_embedder(eol, "What is it about?", "eol")


def test_a_prefix_is_read_as_a_part_of_the_text(embedder) -> None:
    tiny = embedder("bert")
    made = read_under(tiny, TEXTS[:4], "The topic:", style="prefix")
    plain = tiny.encode([f"The topic: {text}" for text in TEXTS[:4]])
    assert made.vectors == pytest.approx(plain.vectors, abs=1e-6)
    assert (read_under(tiny, TEXTS, "", style="prefix").vectors == tiny.encode(TEXTS).vectors).all()


def test_the_store_keeps_instructions_apart(embedder, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    eol = embedder("opt", pooling="last", attention="causal", template=EOL)
    grit = embedder("mistral", **like("gritlm"))
    asked = [(eol, QUESTION, "eol"), (eol, "", "eol"), (eol, "A word:", "prefix"),
             (grit, "topic", "instruction"), (grit, "", "instruction")]  # fmt: skip
    for _ in range(2):
        for one, instruction, style in asked:
            stored = read_under(one, TEXTS, instruction, style=style, store=store)
            fresh = read_under(one, TEXTS, instruction, style=style)
            assert (stored.vectors == fresh.vectors).all()


def test_the_tokens_of_one_text_under_an_instruction(embedder) -> None:
    tiny = embedder("bert")
    head = load_head(tiny)
    shown = marked_under(tiny, TEXTS[0], "The topic:", style="prefix", head=head, k=5)
    [plain] = marked_texts(asked_embedder(tiny, "The topic:", "prefix"), TEXTS[:1], 5)
    assert shown.tokens == plain.tokens
    assert shown.logits == pytest.approx(plain.logits, abs=1e-4)
    assert shown.text == TEXTS[0]
