"""The registry in words, for people: one row, or one list of facts, an embedder."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd

from tokalign.embedders.recipes.hub_ids import split_hub_id, without_commit
from tokalign.embedders.recipes.recipe import Recipe
from tokalign.embedders.recipes.registry import registry

_HEAD = {"lm_head": "head", "mlm": "masked-LM head", "tied_input": "input embeddings"}
_POOL_OVER = {
    "all": "all tokens read",
    "after_prompt": "the tokens from the text's first on",
    "text": "the text's own tokens",
    "read_alone": "as many last tokens as the text and what follows it make alone",
}


def recipes_frame(recipes: Iterable[Recipe]) -> pd.DataFrame:
    """What recipes say, in few words.

    Args:
        recipes: Which.

    Returns:
        One row a recipe: ``name``, ``backbone``, ``training``, ``pooling``, ``attention``,
        ``decoded by``, ``parameters``, such as ``1.3 B``, and ``weights``: ``open``, ``gated`` or
        ``pickled``.

    >>> recipe = Recipe(name="x", checkpoint="some/model", readout="lm_head", pooling="last",
    ...                 attention="causal", max_length=64, parameters=6_738_415_616)
    >>> recipes_frame([recipe])[["decoded by", "parameters"]].iloc[0].tolist()
    ['its own head', '6.7 B']
    """
    rows = [
        {
            "name": recipe.name,
            "backbone": recipe.backbone or "",
            "training": recipe.training,
            "pooling": recipe.pooling.replace("_", " "),
            "attention": recipe.attention,
            "decoded by": decoded_by(recipe),
            "parameters": count(recipe.parameters),
            "weights": _published(recipe),
        }
        for recipe in recipes
    ]
    return pd.DataFrame(rows)


def _published(recipe: Recipe) -> str:
    """How the weights can be had."""
    said = ["gated"] * bool(recipe.gated) + ["pickled"] * recipe.pickled
    return ", ".join(said) or "open"


def decoded_by(recipe: Recipe) -> str:
    """Whose head decodes a recipe's vectors, by the owner's name in the registry if it has one.

    >>> decoded_by(registry()["sgpt-nli"])
    'head of gpt-neo'
    """
    backbones = (r for r in registry().values() if r.role == "backbone")
    owners = {without_commit(r.checkpoint): r.name for r in backbones}
    owner = owners.get(recipe.head_owner)
    if recipe.role == "embedder" and owner is not None:
        return f"{_HEAD[recipe.readout]} of {owner}"
    if recipe.head is None:
        return f"its own {_HEAD[recipe.readout]}"
    return f"{_HEAD[recipe.readout]} of {recipe.head_owner}"


def recipe_facts(recipe: Recipe) -> dict[str, str]:
    r"""All that a recipe says, as a list of facts in words; what it does not say is left out.

    Args:
        recipe: Which.

    Returns:
        What -> its value; a line break of a prompt is written ``↵``.

    >>> recipe = Recipe(name="x", checkpoint="some/model", readout="lm_head", pooling="last",
    ...                 attention="causal", max_length=64, template="Query:\n{text}")
    >>> recipe_facts(recipe)["reads"]
    'Query:↵{text}'
    """
    facts = {
        "weights": _at(hub_id(recipe.checkpoint), recipe.revision),
        "adapters": ", then ".join(
            _at(*(split_hub_id(part) or (hub_id(part), None))) for part in recipe.adapters
        ),
        "backbone": recipe.backbone or "",
        "training": recipe.training,
        "reads": recipe.template,
        "without an instruction": recipe.bare_template or "",
        "prompts": "; ".join(_prompts(recipe)),
        "end token": recipe.end_token or "",
        "attention": recipe.attention,
        "pooling": f"{recipe.pooling.replace('_', ' ')}, over {_POOL_OVER[recipe.pool_over]}",
        "length": "brought to 1" if recipe.normalise else "as it is",
        "most tokens": str(recipe.max_length),
        "decoded by": decoded_by(recipe),
        "licence": recipe.licence,
        "gated": recipe.gated,
        "note": recipe.note,
        "source": recipe.source,
    }
    return {what: value.replace("\n", "↵") for what, value in facts.items() if value}


def _prompts(recipe: Recipe) -> Iterable[str]:
    for name, prompt in recipe.prompts.items():
        said = {
            "reads": prompt.template,
            "instruction": prompt.instruction,
            "brackets": " ".join(prompt.brackets) if prompt.brackets else None,
        }
        parts = [f"{what} {value!r}" for what, value in said.items() if value is not None]
        yield f"{name}: {', '.join(parts)}"


def _at(checkpoint: str, commit: str | None) -> str:
    return f"{checkpoint} at {commit[:12]}" if commit else checkpoint


def count(parameters: int | None) -> str:
    """A number of parameters in millions or billions.

    >>> count(22_713_216), count(7_241_732_096), count(None)
    ('23 M', '7.2 B', '')
    """
    if parameters is None:
        return ""
    if parameters < 1e9:
        return f"{parameters / 1e6:.0f} M"
    return f"{parameters / 1e9:.1f} B"


def hub_id(checkpoint: str) -> str:
    """A hub id without its commit; of any other checkpoint the last part alone.

    >>> hub_id("owner/name@0123"), hub_id("/some/where/model"), hub_id("book:mini-opt")
    ('owner/name', 'model', 'mini-opt')
    """
    parts = split_hub_id(checkpoint)
    return parts[0] if parts else re.split("[/:]", checkpoint.rstrip("/"))[-1]
