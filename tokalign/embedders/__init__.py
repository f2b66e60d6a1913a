"""Text -> vector: the registry, loading, pooling, and encoding in batches."""

from __future__ import annotations

from tokalign.embedders.checkpoints import is_available
from tokalign.embedders.embedder import Embedder
from tokalign.embedders.embeddings import Embeddings, Space
from tokalign.embedders.loading import load_embedder
from tokalign.embedders.recipe import Recipe
from tokalign.embedders.registry import registry
from tokalign.embedders.sources import find_recipe
from tokalign.embedders.stored import encode_stored

__all__ = [
    "Embedder",
    "Embeddings",
    "Recipe",
    "Space",
    "encode_stored",
    "find_recipe",
    "is_available",
    "load_embedder",
    "registry",
]
