"""A collection that was embedded: what dense and sparse search start from."""

from __future__ import annotations

from dataclasses import dataclass

from tokalign.datasets import RetrievalSet
from tokalign.embedders import Embedder, Embeddings, encode_stored
from tokalign.errors import TokalignError
from tokalign.store import Store


@dataclass(frozen=True, eq=False)
class EmbeddedCollection:
    """Queries and documents with their vectors. Blank ones have none, and are left out.

    Attributes:
        query_ids: Q identifiers.
        query_texts: The Q queries, without a prompt.
        queries: Their vectors ``(Q, d)``.
        doc_ids: D identifiers.
        documents: Their vectors ``(D, d)``.
    """

    query_ids: tuple[str, ...]
    query_texts: tuple[str, ...]
    queries: Embeddings
    doc_ids: tuple[str, ...]
    documents: Embeddings

    def unnormalised(self) -> EmbeddedCollection:
        """The same with vectors of the lengths that they had before normalisation."""
        return EmbeddedCollection(
            self.query_ids, self.query_texts, self.queries.unnormalised(),
            self.doc_ids, self.documents.unnormalised(),
        )  # fmt: skip


def embedded(
    embedder: Embedder, data: RetrievalSet, store: Store | None = None, *, progress: bool = False
) -> EmbeddedCollection:
    """Embed queries and documents, each by its named prompt where the recipe has one.

    Args:
        embedder: Who embeds; of the recipe's prompts ``query`` and ``document`` are used.
        data: The collection.
        store: Where vectors are kept; None computes everything.
        progress: Show progress bars on standard error.

    Raises:
        TokalignError: All queries or all documents are blank; see `encode_stored`.
    """
    ids: dict[str, tuple[str, ...]] = {}
    texts: dict[str, tuple[str, ...]] = {}
    vectors: dict[str, Embeddings] = {}
    sides = {"query": (data.query_ids, data.queries), "document": (data.doc_ids, data.docs)}
    for side, (names, written) in sides.items():
        there = [(i, text) for i, text in zip(names, written, strict=True) if text.strip()]
        if not there:
            raise TokalignError(f"{data.name} holds no {side} that is not blank")
        ids[side], texts[side] = zip(*there, strict=True)
        vectors[side] = encode_stored(
            embedder, texts[side], store, progress=progress,
            prompt_name=side if side in embedder.recipe.prompts else None,
        )  # fmt: skip
    return EmbeddedCollection(
        ids["query"], texts["query"], vectors["query"], ids["document"], vectors["document"]
    )
