"""Text -> vector: the registry, loading, pooling, and encoding in batches."""

from __future__ import annotations

from tokalign.embedders.checkpoints import is_available
from tokalign.embedders.embedder import Embedder
from tokalign.embedders.embeddings import Embeddings, Space
from tokalign.embedders.loading import load_embedder
from tokalign.embedders.memory import estimate_memory
from tokalign.embedders.proofs import Proof, proofs_frame, read_proofs
from tokalign.embedders.recipe import Recipe
from tokalign.embedders.registry import registry
from tokalign.embedders.sources import find_recipe
from tokalign.embedders.stored import encode_stored
from tokalign.embedders.table import recipe_facts, recipes_frame
from tokalign.embedders.views import backbone_view

__all__ = [
    "Embedder",
    "Embeddings",
    "Proof",
    "Recipe",
    "Space",
    "backbone_view",
    "encode_stored",
    "estimate_memory",
    "find_recipe",
    "is_available",
    "load_embedder",
    "proofs_frame",
    "read_proofs",
    "recipe_facts",
    "recipes_frame",
    "registry",
]
