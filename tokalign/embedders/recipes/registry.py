"""The registry: every embedder known by name, from the package's file and the user's own.

The user's file is ``$TOKALIGN_EMBEDDERS``, or ``embedders.yaml`` in the user's configuration
folder. Its entries are added to the package's; a name of the package cannot be taken over.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib import resources

import yaml
from pydantic import ValidationError

from tokalign.embedders.recipes.recipe import Recipe
from tokalign.errors import TokalignError, unknown
from tokalign.paths import user_registry


def read_entries(text: str, where: str) -> dict[str, Recipe]:
    """Parse a registry file.

    Args:
        text: YAML, a mapping of name to the fields of `Recipe`.
        where: What to call the file in an error.

    Returns:
        Name -> recipe, in the order of the file.

    Raises:
        TokalignError: The text is no YAML mapping, or an entry has a wrong field.

    >>> entry = "tiny: {checkpoint: ./tiny, readout: lm_head, pooling: last, attention: causal, "
    >>> read_entries(entry + "max_length: 64}", "example")["tiny"].pooling
    'last'
    """
    try:
        entries = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise TokalignError(f"{where} is not valid YAML: {str(error).splitlines()[0]}") from error
    if not isinstance(entries, Mapping):
        raise TokalignError(f"{where} must be a mapping of names to entries")
    recipes = {}
    for name, fields in entries.items():
        try:
            recipes[str(name)] = Recipe.model_validate({"name": str(name), **(fields or {})})
        except (ValidationError, TypeError) as error:
            raise TokalignError(f"{where}, entry {name!r}: {first_problem(error)}") from error
    return recipes


def first_problem(error: Exception) -> str:
    """What is wrong with an entry, in a few words: the first wrong field and what is allowed."""
    if not isinstance(error, ValidationError):
        return "must be a mapping of fields"
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"]) or "entry"
    return f"{field}: {first['msg']} (allowed fields: {', '.join(Recipe.model_fields)})"


@lru_cache(maxsize=1)
def package_entries() -> dict[str, Recipe]:
    """The entries that come with the package, by name; not to be changed."""
    text = (
        resources.files("tokalign.embedders.recipes").joinpath("registry.yaml").read_text("utf-8")
    )
    return read_entries(text, "registry.yaml")


def registry() -> dict[str, Recipe]:
    """All known recipes by name: the package's own, then the user's.

    Raises:
        TokalignError: The user's file is malformed, or takes over a name of the package.

    >>> registry()["all-minilm-l6-v2"].pooling
    'mean'
    """
    recipes = dict(package_entries())
    path = user_registry()
    if path.is_file():
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise TokalignError(f"{path} cannot be read as UTF-8 text: {error}") from error
        for name, recipe in read_entries(text, str(path)).items():
            if name in recipes:
                raise TokalignError(
                    f"{path}: {name!r} is a name of the package; choose another for your entry"
                )
            recipes[name] = recipe
    return recipes


def recipe_of(name: str) -> Recipe:
    """The recipe registered under `name`.

    Raises:
        TokalignError: The name is not known; the nearest known ones are suggested.
    """
    known = registry()
    if name not in known:
        raise unknown("embedder", name, known)
    return known[name]
