"""How a backbone is read when it is compared with the embedder that was made from it.

An embedder differs from its backbone in its weights, and often in its prompt, pooling and attention
too. The two views say which of these differences a comparison holds.
"""

from __future__ import annotations

from typing import Literal, get_args

from tokalign.embedders.recipes.recipe import Recipe
from tokalign.errors import TokalignError, unknown

View = Literal["published", "matched"]

#: What belongs to the weights; all else is a way of reading.
_WEIGHTS = ("checkpoint", "hub", "revision", "sha256", "head", "readout", "parameters", "licence",
            "gated", "pickled", "source")  # fmt: skip


def backbone_view(backbone: Recipe, embedder: Recipe, view: View = "published") -> Recipe:
    """The recipe by which a backbone is read beside an embedder.

    Args:
        backbone: The language model.
        embedder: What was made from it.
        view: ``published``: the backbone reads the plain text with its own attention, and is
            pooled as the embedder is, as the paper describes it. ``matched``: it is read exactly
            as the embedder is (prompt, pooling, attention, length, normalisation), so that the
            weights alone differ.

    Returns:
        A recipe with the backbone's weights and head. Both views cut long texts where the
        embedder does.

    Raises:
        TokalignError: `view` is neither of the two, or the two would be the same model: an
            embedder by its prompt alone, matched.

    >>> opt = Recipe(name="opt", checkpoint="facebook/opt-1.3b", readout="lm_head",
    ...              pooling="last", attention="causal", max_length=2048, role="backbone")
    >>> eol = opt.model_copy(update={"name": "opt-eol", "template": '"{text}" means:"'})
    >>> backbone_view(opt, eol).template
    '{text}'
    >>> backbone_view(opt, eol, "matched")
    Traceback (most recent call last):
    tokalign.errors.TokalignError: opt-eol has the weights of opt: read the same way the two ...
    """
    if view not in get_args(View):
        raise unknown("view", view, get_args(View))
    length = min(embedder.max_length, backbone.max_length)
    if view == "published":
        reading: dict[str, object] = {
            "pooling": embedder.pooling, "strip": embedder.strip, "lowercase": embedder.lowercase,
            "template": "{text}", "bare_template": None, "instruction": "", "prompts": {},
            "brackets": None, "end_token": None, "text_max_length": None, "pool_over": "all",
        }  # fmt: skip
        name = f"{backbone.name} ({view})"
        return backbone.model_copy(update={**reading, "max_length": length, "name": name})
    if embedder.checkpoint == backbone.checkpoint and not embedder.adapters:
        raise TokalignError(
            f"{embedder.name} has the weights of {backbone.name}: read the same way the two are "
            "one and the same; view published compares them"
        )
    weights = {field: getattr(backbone, field) for field in _WEIGHTS}
    return embedder.model_copy(
        update={
            **weights,
            "adapters": (),
            "backbone": None,
            "role": "backbone",
            "max_length": length,
            "name": f"{backbone.name} ({view})",
        }
    )
