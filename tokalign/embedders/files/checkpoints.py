"""From a checkpoint's name to the folder on disk that holds it.

A hub id is looked for under ``$TOKALIGN_CHECKPOINTS`` first, as ``owner/name``: the place for
weights that were fetched by hand, converted, or made for a test. The only place that touches the
hub. Nothing is loaded into memory here.
"""

from __future__ import annotations

import importlib.util
import os
import re
from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from tokalign.embedders.files.remote_code import trusted
from tokalign.embedders.recipes.hub_ids import split_hub_id
from tokalign.embedders.recipes.recipe import Recipe
from tokalign.errors import TokalignError
from tokalign.paths import book_data, user_path

#: What is fetched from the hub: never pickles.
_WANTED = ["*.safetensors", "*.json", "*.txt", "*.model"]


def _wanted(repo: str) -> list[str]:
    """Code is fetched only where the user has said that it may be run."""
    return [*_WANTED, *(["*.py"] if trusted(repo) else [])]


def checkpoint_folder(checkpoint: str, revision: str | None = None, hub: str | None = None) -> Path:
    """The folder on disk that holds a checkpoint, fetched from the hub if need be.

    Args:
        checkpoint: ``package:MODULE/FOLDER``, ``book:NAME`` for a model that comes with the book, a
            folder, or a hub id, ``owner/name@COMMIT`` too.
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
    if checkpoint.startswith("book:"):
        folder = _book_folder(checkpoint)
        if folder.is_dir():
            return folder
        raise TokalignError(
            f"{folder.name} lies in data/models/ of the project's checkout, but {folder} is "
            "missing: install from a whole checkout with pip install -e ."
        )
    path, repo, revision = _places(checkpoint, revision)
    return path if path is not None else _from_hub(repo, revision)


def _book_folder(checkpoint: str) -> Path:
    name = checkpoint.removeprefix("book:")
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
        raise TokalignError(
            f"{checkpoint!r} names no model of the book; allowed after book: are a-z, 0-9 and -"
        )
    return book_data("models", name)


def own_folder() -> Path | None:
    """``$TOKALIGN_CHECKPOINTS``, where hub ids are looked for as folders; None where it is not set.

    Raises:
        TokalignError: It is set, but there is no such folder.
    """
    given = os.environ.get("TOKALIGN_CHECKPOINTS")
    if not given:
        return None
    folder = user_path(given)
    if not folder.is_dir():
        raise TokalignError(f"TOKALIGN_CHECKPOINTS names {given}, which is no folder")
    return folder


def _places(checkpoint: str, revision: str | None) -> tuple[Path | None, str, str | None]:
    """The folder where it is on disk by that name, the hub id, and the commit."""
    path = user_path(checkpoint)
    if path.is_dir():
        return path, checkpoint, revision
    repo, commit = split_hub_id(checkpoint) or (checkpoint, None)
    own = own_folder()
    if own is not None and split_hub_id(repo) and (own / repo).is_dir():
        return own / repo, repo, commit or revision
    return None, repo, commit or revision


def _from_hub(repo: str, revision: str | None) -> Path:
    try:
        return Path(snapshot_download(repo, revision=revision, allow_patterns=_wanted(repo)))
    except GatedRepoError as error:
        raise TokalignError(
            f"{repo} is gated: accept its licence at https://huggingface.co/{repo}, log in with "
            f"`hf auth login`, or lay the files under $TOKALIGN_CHECKPOINTS as {repo}"
        ) from error
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise TokalignError(f"the hub has no {repo} (revision {revision or 'main'})") from error
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError, ValueError) as error:
        offline = os.environ.get("HF_HUB_OFFLINE", "") not in ("", "0")
        why = "HF_HUB_OFFLINE is set" if offline else "the hub cannot be reached"
        raise TokalignError(
            f"{repo} is neither a folder nor in the hub's cache, and {why}; give a folder, lay it "
            f"under $TOKALIGN_CHECKPOINTS as {repo}, or fetch it once with the network on"
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
    if checkpoint.startswith("book:"):
        return _book_folder(checkpoint).is_dir()
    path, repo, revision = _places(checkpoint, revision)
    if path is not None:
        return True
    try:
        snapshot_download(
            repo, revision=revision, allow_patterns=_wanted(repo), local_files_only=True
        )
    except (LocalEntryNotFoundError, OSError, ValueError):
        return False
    return True
