"""Text -> vector: the registry, loading, pooling, and encoding in batches."""

from __future__ import annotations

from tokalign.embedders.checking.proofs import Proof, proofs_frame, read_proofs
from tokalign.embedders.encoding.embedder import Embedder
from tokalign.embedders.encoding.embeddings import Embeddings, Space
from tokalign.embedders.encoding.inputs import input_embedder, inverse_document_frequency
from tokalign.embedders.encoding.layers import layer_embeddings
from tokalign.embedders.encoding.stored import encode_stored
from tokalign.embedders.files.checkpoints import is_available
from tokalign.embedders.inspecting.sources import find_recipe
from tokalign.embedders.loading.load import load_embedder
from tokalign.embedders.loading.memory import estimate_memory
from tokalign.embedders.loading.untrained import untrained
from tokalign.embedders.recipes.recipe import Recipe
from tokalign.embedders.recipes.registry import package_entries, registry
from tokalign.embedders.recipes.table import recipe_facts, recipes_frame
from tokalign.embedders.recipes.views import View, backbone_view

__all__ = [
    "Embedder",
    "Embeddings",
    "Proof",
    "Recipe",
    "Space",
    "View",
    "backbone_view",
    "encode_stored",
    "estimate_memory",
    "find_recipe",
    "input_embedder",
    "inverse_document_frequency",
    "is_available",
    "layer_embeddings",
    "load_embedder",
    "package_entries",
    "proofs_frame",
    "read_proofs",
    "recipe_facts",
    "recipes_frame",
    "registry",
    "untrained",
]
