"""Texts read under an instruction, by whatever way an embedder can be given one.

Three ways, told apart by the recipe and never by a name:

- ``instruction``: the recipe has a place for one (GritLM, LLM2Vec, E5-Mistral, Qwen3-Embedding);
- ``eol``: the text stands in a prompt that the last token sums up (PromptEOL), and another prompt
  asks another question;
- ``prefix``: the instruction is put in front of the text as if it were a part of it. No embedder
  was trained for that, and where all tokens are pooled, the instruction's own are pooled too. It is
  a control, and is used only where it is asked for by name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, get_args

from tokalign.embedders import Embedder, Embeddings, Recipe, encode_stored
from tokalign.errors import TokalignError, unknown
from tokalign.measures import MarkedText, mark
from tokalign.store import Store
from tokalign.tokens import Head, decode

Style = Literal["instruction", "eol", "prefix"]


def style_of(recipe: Recipe, style: str | None = None) -> Style:
    """How an embedder is asked.

    Args:
        recipe: Of the embedder.
        style: Asked for by name; found out where it is None.

    Raises:
        TokalignError: It can be asked neither by an instruction nor by another prompt, the style
            does not fit the recipe, or there is no such style.

    >>> opt = Recipe(name="opt", checkpoint="c", readout="lm_head", pooling="last",
    ...              attention="causal", max_length=64)
    >>> style_of(opt.model_copy(update={"template": '"{text}" means:"'}))
    'eol'
    >>> style_of(opt)
    Traceback (most recent call last):
    tokalign.errors.TokalignError: opt takes no instruction, and is read at no prompt's end; ...
    """
    if style is not None and style not in get_args(Style):
        raise unknown("style", style, get_args(Style))
    ends = recipe.pooling == "last" and recipe.attention == "causal"
    prompted = ends and not recipe.takes_instruction and bool(recipe.prompt()[1])
    if style is None:
        if recipe.takes_instruction:
            return "instruction"
        if prompted:
            return "eol"
        raise TokalignError(
            f"{recipe.name} takes no instruction, and is read at no prompt's end; allowed: style "
            "'prefix', which puts the instruction in front of the text, as a control"
        )
    if style == "instruction" and not recipe.takes_instruction:
        raise TokalignError(
            f"{recipe.name} takes no instruction: its template is {recipe.template!r}"
        )
    if style == "eol" and not ends:
        raise TokalignError(
            f"{recipe.name} pools {recipe.pooling} with {recipe.attention} attention; style 'eol' "
            "needs the last token and causal attention"
        )
    return style  # type: ignore[return-value]


def asked_embedder(embedder: Embedder, instruction: str, style: Style) -> Embedder:
    """The embedder as it reads texts under an instruction that its recipe has no place for.

    Args:
        embedder: Loaded embedder.
        instruction: For ``eol`` a template with ``{text}`` in it, which takes the place of the
            recipe's, or nothing to keep that; for ``prefix`` what stands before the text, or
            nothing.
        style: ``eol`` or ``prefix``; with ``instruction`` the embedder stays as it is.

    Returns:
        The same model with another recipe and fingerprint, so that the store keeps them apart; the
        same embedder where nothing changes.

    Raises:
        TokalignError: The template does not hold ``{text}`` exactly once.
    """
    recipe = embedder.recipe
    if style == "instruction" or not instruction:
        return embedder
    before, after = recipe.prompt()
    template = instruction if style == "eol" else f"{before}{instruction} {{text}}{after}"
    if template.count("{text}") != 1:
        raise TokalignError(f"template {template!r} must hold {{text}} exactly once")
    if template == recipe.template:
        return embedder
    changes: dict[str, Any] = {"template": template, "bare_template": None, "prompts": {}}
    changed = recipe.model_copy(update=changes)
    said = f"asked\n{embedder.fingerprint}\n{changed.deciding()}".encode()
    return replace(embedder, recipe=changed, fingerprint=hashlib.sha256(said).hexdigest())


def read_under(
    embedder: Embedder,
    texts: Sequence[str],
    instruction: str,
    *,
    style: Style,
    store: Store | None = None,
) -> Embeddings:
    """The vectors of texts under an instruction, through the store.

    Args:
        embedder: Who reads.
        texts: N texts, one or more.
        instruction: In the form that the style takes, see `asked_embedder`; empty for none at all,
            not even the recipe's own.
        style: See `style_of`.
        store: Where vectors are kept; None computes everything.

    Raises:
        TokalignError: See `asked_embedder` and `encode_stored`.
    """
    given = instruction if style == "instruction" else None
    return encode_stored(asked_embedder(embedder, instruction, style), texts, store,
                         instruction=given)  # fmt: skip


def marked_under(
    embedder: Embedder,
    text: str,
    instruction: str,
    *,
    style: Style,
    head: Head,
    k: int = 10,
    store: Store | None = None,
) -> MarkedText:
    """One text with the tokens that it decodes to under an instruction, nothing left out.

    Args:
        embedder: Who reads.
        text: The text.
        instruction: See `read_under`.
        style: See `style_of`.
        head: Who decodes.
        k: How many tokens.
        store: Where vectors are kept.
    """
    made = read_under(embedder, [text], instruction, style=style, store=store)
    found = decode(made if head.linear else made.unnormalised(), head, k)
    return mark(text, found.ids[0].tolist(), found.logits[0].tolist(), embedder.tokenizer)
