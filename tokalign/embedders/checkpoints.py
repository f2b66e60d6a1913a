"""From a checkpoint's name to the folder on disk that holds it.

The only place that touches the hub. Nothing is loaded into memory here.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from tokalign.embedders.recipe import Recipe
from tokalign.errors import TokalignError
from tokalign.paths import user_path

#: What is fetched from the hub: never pickles, never code.
_WANTED = ["*.safetensors", "*.json", "*.txt", "*.model"]


def checkpoint_folder(checkpoint: str, revision: str | None = None, hub: str | None = None) -> Path:
    """The folder on disk that holds a checkpoint, fetched from the hub if need be.

    Args:
        checkpoint: ``package:MODULE/FOLDER``, a folder, or a hub id.
        revision: Commit on the hub.
        hub: Hub id to fall back on when the package is not installed.

    Raises:
        TokalignError: It is in none of the places, and what to do about it.
    """
    if checkpoint.startswith("package:"):
        module, _, inner = checkpoint.removeprefix("package:").partition("/")
        spec = importlib.util.find_spec(module)
        if spec is not None and spec.submodule_search_locations:
            return Path(spec.submodule_search_locations[0]) / inner
        if hub is None:
            raise TokalignError(f"the Python package {module} is not installed")
        try:
            return _from_hub(hub, revision)
        except TokalignError as error:
            package = module.replace("_", "-")
            raise TokalignError(f"install the Python package {package}, or: {error}") from error
    path = user_path(checkpoint)
    return path if path.is_dir() else _from_hub(checkpoint, revision)


def _from_hub(repo: str, revision: str | None) -> Path:
    try:
        return Path(snapshot_download(repo, revision=revision, allow_patterns=_WANTED))
    except GatedRepoError as error:
        raise TokalignError(
            f"{repo} is gated: accept its licence at https://huggingface.co/{repo}, log in with "
            "`hf auth login`, or give a folder that holds the files"
        ) from error
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise TokalignError(f"the hub has no {repo} (revision {revision or 'main'})") from error
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError, ValueError) as error:
        offline = os.environ.get("HF_HUB_OFFLINE", "") not in ("", "0")
        why = "HF_HUB_OFFLINE is set" if offline else "the hub cannot be reached"
        raise TokalignError(
            f"{repo} is neither a folder nor in the hub's cache, and {why}; give a folder, or "
            "fetch it once with the network on"
        ) from error


def is_available(recipe: Recipe) -> bool:
    """Whether the recipe's weights can be had now without a download."""
    others = {*recipe.adapters, *([recipe.head] if recipe.head else [])} - {recipe.checkpoint}
    return _is_local(recipe.checkpoint, recipe.hub, recipe.revision) and all(
        _is_local(name, None, None) for name in others
    )


def _is_local(checkpoint: str, hub: str | None, revision: str | None) -> bool:
    if checkpoint.startswith("package:"):
        if importlib.util.find_spec(checkpoint.removeprefix("package:").split("/")[0]):
            return True
        if hub is None:
            return False
        checkpoint = hub
    if user_path(checkpoint).is_dir():
        return True
    try:
        snapshot_download(
            checkpoint, revision=revision, allow_patterns=_WANTED, local_files_only=True
        )
    except (LocalEntryNotFoundError, OSError, ValueError):
        return False
    return True
