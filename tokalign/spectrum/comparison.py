"""An embedder beside its backbone, on the same texts: what chapter 2 takes apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tokalign.embedders import (
    Embedder,
    Embeddings,
    Recipe,
    View,
    backbone_view,
    encode_stored,
    is_available,
    load_embedder,
    registry,
)
from tokalign.spectrum.direction import first_direction
from tokalign.spectrum.halves import split_halves
from tokalign.spectrum.variation import Variation, variation
from tokalign.store import Store
from tokalign.tokens import Head, load_head


@dataclass(frozen=True)
class Comparison:
    """The vectors of a backbone and of an embedder made from it.

    What is fitted is fitted on one half of the texts and scored on the other.

    Attributes:
        embedder: The embedder.
        backbone: The backbone, read as the view says; None where it cannot be had, and the
            embedder's own vectors stand for its: nothing has changed then, but their first
            component can still be looked at.
        head: The backbone's head.
        h: The backbone's vectors of N texts, at their own length.
        changed: The embedder's, at their own length.
        fitted: Indices of the texts that are fitted on.
        scored: Indices of the others.
    """

    embedder: Embedder
    backbone: Embedder | None
    head: Head
    h: Embeddings
    changed: Embeddings
    fitted: np.ndarray
    scored: np.ndarray

    @property
    def name(self) -> str:
        """``backbone → embedder``, or the embedder alone."""
        if self.backbone is None:
            return self.embedder.name
        return f"{self.embedder.recipe.backbone} → {self.embedder.name}"

    @cached_property
    def u1(self) -> np.ndarray:
        """``(d,)`` the first component of the backbone's fitted vectors, length 1, oriented."""
        return first_direction(self.h.vectors[self.fitted])

    @property
    def m1(self) -> float:
        """``mean(h . u_1)`` over the fitted texts."""
        return float((self.h.vectors[self.fitted].astype(np.float64) @ self.u1).mean())

    @property
    def v1(self) -> float:
        """The mean change along u_1 over the fitted texts; 0 without a backbone."""
        change = self.changed.vectors[self.fitted].astype(np.float64) - self.h.vectors[self.fitted]
        return float((change @ self.u1).mean())

    @property
    def length(self) -> float:
        """The mean length of the backbone's vectors: what the numbers of a pair are measured by."""
        return float(np.linalg.norm(self.h.vectors, axis=1).mean())

    @cached_property
    def own_head(self) -> Head:
        """The head by which the embedder itself is decoded: its backbone's, but for GritLM."""
        return self.head if self.backbone is None else load_head(self.embedder)

    @cached_property
    def variation(self) -> Variation | None:
        """All components and all texts, as ``tokalign spectrum``; None without a backbone."""
        return None if self.backbone is None else variation(self.h.vectors, self.changed.vectors)


def backbone_of(recipe: Recipe) -> Recipe | None:
    """The recipe of an embedder's backbone; None where it has none, or none that can be had now."""
    known = registry()
    found = known.get(recipe.backbone or "")
    return found if found is not None and is_available(found) else None


def views_of(recipe: Recipe) -> tuple[View, ...]:
    """The views in which an embedder can be compared with its backbone.

    None without a backbone; ``published`` alone for an embedder that is its backbone with a prompt,
    which is one and the same when both are read alike.
    """
    plain = backbone_of(recipe)
    if plain is None:
        return ()
    same_weights = recipe.checkpoint == plain.checkpoint and not recipe.adapters
    return ("published",) if same_weights else ("published", "matched")


def compare(
    embedder: Embedder,
    texts: Sequence[str],
    *,
    view: View = "published",
    seed: int = 0,
    store: Store | None = None,
) -> Comparison:
    """Embed texts with an embedder and with its backbone.

    Args:
        embedder: Loaded embedder.
        texts: N texts. A single one is fitted on, and none is scored.
        view: How the backbone reads: see `backbone_view`.
        seed: Of the halves.
        store: Where vectors are kept.

    Raises:
        TokalignError: The view makes the two the same.

    Source: arXiv 2406.17378, which compares the two vectors of each text.
    """
    plain = backbone_of(embedder.recipe)
    changed = encode_stored(embedder, texts, store).unnormalised()
    n = len(texts)
    fitted, scored = split_halves(n, seed) if n > 1 else (np.arange(n), np.arange(0))
    if plain is None:
        return Comparison(embedder, None, load_head(embedder), changed, changed, fitted, scored)
    backbone = load_embedder(backbone_view(plain, embedder.recipe, view))
    h = encode_stored(backbone, texts, store).unnormalised()
    return Comparison(embedder, backbone, load_head(backbone), h, changed, fitted, scored)
