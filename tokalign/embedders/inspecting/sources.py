"""From what the user wrote (registry name, hub id, folder) to a recipe."""

from __future__ import annotations

from tokalign.embedders.files.checkpoints import checkpoint_folder
from tokalign.embedders.inspecting.inspection import inspect_folder
from tokalign.embedders.recipes.hub_ids import split_hub_id
from tokalign.embedders.recipes.recipe import Recipe
from tokalign.embedders.recipes.registry import registry
from tokalign.errors import TokalignError, unknown
from tokalign.paths import user_path


def find_recipe(embedder: str) -> Recipe:
    """The recipe of whatever the user named.

    Args:
        embedder: A registry name, a folder, or a hub id.

    Returns:
        The registered recipe; for a folder or hub id, what `inspect_folder` reads off it.

    Raises:
        TokalignError: Not known by any of the three ways; the nearest names are suggested.
    """
    known = registry()
    if embedder in known:
        return known[embedder]
    path = user_path(embedder)
    if path.is_dir():
        return inspect_folder(path)
    if path.exists():
        raise TokalignError(f"{embedder} is a file; an embedder is a name, a hub id or a folder")
    if split_hub_id(embedder):
        folder = checkpoint_folder(embedder).resolve()
        recipe = inspect_folder(folder)
        named = {"name": embedder}
        # An adapter's checkpoint is its base, and some folders keep the model one level down.
        if recipe.checkpoint == str(folder):
            named["checkpoint"] = embedder
        return recipe.model_copy(update=named)
    if "/" in embedder:
        raise TokalignError(f"no folder {embedder}; an embedder is a name, a hub id or a folder")
    raise unknown("embedder", embedder, known, besides="a hub id such as owner/model, or a folder")
