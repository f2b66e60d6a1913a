"""Small collections in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tokalign.datasets import RetrievalSet
from tokalign.embedders import Embedder, load_embedder
from tokalign.embedders.inspecting.inspection import inspect_folder
from tokalign.embedders.recipes.recipe import Prompt

Make = Callable[..., RetrievalSet]

DOCS = {
    "d1": "Parrots talk and parrots learn.",
    "d2": "Rain falls on the roof.",
    "d10": "The ferry leaves in the rain.",
    "d4": "",
}
QUERIES = {"q1": "talking parrot", "q2": "rain", "q3": "the"}
QRELS = {"q1": {"d1": 2, "d2": 0}, "q2": {"d10": 1, "d2": 1}, "q3": {"d2": 1}}


@pytest.fixture(scope="session")
def collection() -> Make:
    """A collection; by default with a blank document, and a query of nothing but a stop word."""

    def make(
        docs: Mapping[str, str] = DOCS,
        queries: Mapping[str, str] = QUERIES,
        qrels: Mapping[str, Mapping[str, int]] = QRELS,
    ) -> RetrievalSet:
        return RetrievalSet(
            name="toy",
            doc_ids=tuple(docs),
            docs=tuple(docs.values()),
            query_ids=tuple(queries),
            queries=tuple(queries.values()),
            qrels={query: dict(grades) for query, grades in qrels.items()},
            split="test",
            source="memory",
            sha256="0" * 64,
            licence="ours",
        )

    return make


@pytest.fixture(scope="module")
def embedder(checkpoint: Callable[..., Path], one_thread: None) -> Embedder:
    """One that cannot embed an empty text, and that normalises."""
    recipe = inspect_folder(checkpoint("gpt_neo"))
    prompts = {"query": Prompt(template="query: {text}")}
    return load_embedder(recipe.model_copy(update={"prompts": prompts, "normalise": True}))
