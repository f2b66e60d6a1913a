"""Propose the registry entry of an embedder that the registry does not know.

The recipe comes from `inspection`; here it gets what an entry needs besides: a name, absolute
paths or pinned commits, how many parameters there are, and the fields that the user sets.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import yaml
from pydantic import ValidationError

from tokalign.embedders.files.checkpoints import checkpoint_folder
from tokalign.embedders.files.weights import Weights
from tokalign.embedders.inspecting.sources import find_recipe
from tokalign.embedders.recipes.recipe import Recipe
from tokalign.embedders.recipes.registry import first_problem, registry
from tokalign.errors import TokalignError, unknown
from tokalign.paths import user_path

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_COMMIT = re.compile(r"[0-9a-f]{40}")
#: Fields that hold checkpoints.
_PLACES = ("checkpoint", "head", "adapters")
#: Fields whose value is written as YAML, since a word alone cannot hold it.
_STRUCTURED = ("sha256", "adapters", "prompts", "brackets")


def propose(
    embedder: str, name: str | None = None, fields: Sequence[tuple[str, str]] = ()
) -> Recipe:
    """The entry that `tokalign add` proposes.

    Args:
        embedder: A folder or a hub id.
        name: What the entry is called; the folder's name, or the second part of the hub id, where
            it is None.
        fields: Field and value, as the user wrote them, in the place of what was read off.

    Raises:
        TokalignError: `embedder` is a registry name or nothing that is known, the name cannot be
            one, or a field or value is none of a recipe's.
    """
    if embedder in registry():
        raise TokalignError(
            f"{embedder!r} is in the registry already; allowed: a hub id or a folder (a folder of "
            f"that name is written ./{embedder})"
        )
    recipe = find_recipe(embedder)
    folder = user_path(embedder)
    said: dict[str, Any] = recipe.model_dump()
    if folder.is_dir():
        origin, called = str(folder.resolve()), folder.resolve().name
    else:
        origin, called = embedder, embedder.rpartition("/")[2]
        said.update(_pinned(embedder, recipe))
    said.update(
        name=check_name(name or called),
        source=f"Read off {origin} by tokalign add.",
        parameters=count_parameters(recipe),
    )
    said["note"] = " ".join([recipe.note, *_open_question(recipe)]).strip()
    said.update(_given(fields))
    try:
        return Recipe.model_validate(said)
    except ValidationError as error:
        raise TokalignError(f"the entry cannot be: {first_problem(error)}") from error


def _open_question(recipe: Recipe) -> list[str]:
    """What the files of an embedder cannot tell: whose head it left behind."""
    if recipe.role == "backbone" or recipe.adapters or recipe.head or recipe.readout != "lm_head":
        return []
    return [
        "Decoded by its own head, which training may have moved: where the model that it was made "
        "from is known, set backbone and head to it."
    ]


def check_name(name: str) -> str:
    """Give back a name that an entry can have.

    Raises:
        TokalignError: It would not be understood where names are written.

    >>> check_name("my-model_2.1")
    'my-model_2.1'
    """
    if not _NAME.fullmatch(name):
        raise TokalignError(
            f"{name!r} cannot be a name; allowed: letters, digits, '.', '_' and '-', a letter or "
            "digit first (--name sets it)"
        )
    return name


def count_parameters(recipe: Recipe) -> int:
    """How many numbers the safetensors of a recipe's checkpoint hold, by their headers alone.

    Raises:
        TokalignError: The checkpoint is not there, or cannot be read.
    """
    weights = Weights(checkpoint_folder(recipe.checkpoint, recipe.revision, recipe.hub))
    return sum(math.prod(weights.shape(name)) for name in weights)


def _pinned(embedder: str, recipe: Recipe) -> dict[str, Any]:
    """The fields of a hub id's entry that name its commits, so that it stays what was checked."""
    commit = _commit_of(embedder)
    if recipe.adapters:
        # Read off a folder of the cache, which is nothing to write down; its hub id is.
        adapter = f"{embedder}@{commit}" if commit else embedder
        return {
            "adapters": (*recipe.adapters[:-1], adapter),
            "revision": _commit_of(recipe.checkpoint),
        }
    return {"revision": commit} if recipe.checkpoint == embedder else {}


def _commit_of(checkpoint: str) -> str | None:
    """The commit of a checkpoint in the hub's cache; None for a folder, or laid there by hand."""
    if user_path(checkpoint).is_dir():
        return None
    folder = checkpoint_folder(checkpoint).resolve()
    return folder.name if _COMMIT.fullmatch(folder.name) else None


def _given(fields: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The fields that the user sets, as values of a recipe."""
    given: dict[str, Any] = {}
    for field, written in fields:
        if field == "name":
            raise TokalignError("the name is set by --name")
        if field not in Recipe.model_fields:
            raise unknown("field", field, set(Recipe.model_fields) - {"name"})
        if field in given:
            raise TokalignError(f"field {field!r} is given twice")
        given[field] = _value(field, written)
    return given


def _value(field: str, written: str) -> Any:
    # A template such as "query: {text}" is YAML for something else, so plain fields stay text.
    optional = Recipe.model_fields[field].get_default() is None
    value: Any = None if optional and written == "null" else written
    if field in _STRUCTURED:
        try:
            value = yaml.safe_load(written)
        except yaml.YAMLError as error:
            raise TokalignError(f"{field}: {written!r} is not valid YAML") from error
        if field == "adapters" and isinstance(value, str):
            value = [value]
    if field not in _PLACES or value is None:
        return value
    return [_absolute(str(v)) for v in value] if isinstance(value, list) else _absolute(str(value))


def _absolute(checkpoint: str) -> str:
    """A folder by its absolute path, since an entry is read from anywhere; else as it is."""
    path = user_path(checkpoint)
    return str(path.resolve()) if path.is_dir() else checkpoint
