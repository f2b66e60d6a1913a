"""What all measures start from: texts read under every instruction, and decoded once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tokalign.datasets.facets import Facet, FacetTexts, Instruction, facet_instructions
from tokalign.embedders import Embedder
from tokalign.errors import TokalignError
from tokalign.facets.asking import Style, read_under, style_of
from tokalign.facets.labels import (
    LabelTokens,
    instruction_forms,
    label_scores,
    label_tokens,
    without_forms,
)
from tokalign.facets.moves import top_forms
from tokalign.store import Store
from tokalign.tokens import Head, VocabularyForms, load_head

ASKED, UNASKED, EMPTY, IRRELEVANT = "asked", "unasked", "empty", "irrelevant"


@dataclass(frozen=True)
class Reading:
    """N texts under one instruction.

    Attributes:
        instruction: Which.
        vectors: ``(N, d)`` float32, at their own length.
        forms: ``(N, K)`` top content forms, words of instructions left out.
        scores: Facet -> ``(N, L)`` label scores.
    """

    instruction: Instruction
    vectors: np.ndarray
    forms: np.ndarray
    scores: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Readings:
    """The texts of one group under every instruction.

    Attributes:
        embedder: Who read them.
        style: How it was asked.
        held: The texts with their facets and labels, without the labels that are left out: a text
            of such a label counts as not labelled on that facet.
        labels: Facet -> the tokens of its labels.
        left_out: Facet -> labels that no token is left to stand for.
        forms: The forms of the tokenizer's tokens, those of all the instructions left out.
        of: Name -> its readings, one a wording: a facet's name for the instructions that ask for
            it, ``empty``, ``irrelevant``.
    """

    embedder: Embedder
    style: Style
    held: FacetTexts
    labels: Mapping[str, list[LabelTokens]]
    left_out: Mapping[str, list[LabelTokens]]
    forms: VocabularyForms
    of: Mapping[str, list[Reading]]

    @property
    def empty(self) -> Reading:
        """The texts without an instruction."""
        return self.of[EMPTY][0]

    def conditions(self, facet: str) -> dict[str, list[Reading]]:
        """The readings as one facet sees them: ``asked``, ``unasked``, ``empty``, ``irrelevant``.

        Args:
            facet: Its name. Unasked is it where another facet is asked for. A condition without an
                instruction is not there.
        """
        others = [r for name in self.labels if name != facet for r in self.of[name]]
        found = {ASKED: self.of[facet], UNASKED: others, EMPTY: self.of[EMPTY],
                 IRRELEVANT: self.of[IRRELEVANT]}  # fmt: skip
        return {name: readings for name, readings in found.items() if readings}


def instructions_for(
    facets: Sequence[Facet], style: Style, *, held_out: bool | None = None
) -> tuple[Instruction, ...]:
    """The project's own instructions: for each facet, empty, irrelevant.

    Args:
        facets: Which are asked for.
        style: Of the embedder; ``prefix`` takes the instructions of ``instruction``.
        held_out: Only those wordings that are kept from training, or only the others; all where
            it is None. The empty one always is there.

    Raises:
        TokalignError: There is no instruction for a facet of that name.

    >>> from tokalign.datasets.facets import load_facets
    >>> topic, emotion = load_facets("reviews").facets
    >>> [i.wording for i in instructions_for([topic], "eol", held_out=True)]
    [4, 5, 1, 4, 5]
    """
    written = "eol" if style == "eol" else "instruction"
    found = [i for name in (*(f.name for f in facets), None)
             for i in facet_instructions(name, written)]  # fmt: skip
    return tuple(i for i in found if held_out in (None, i.held_out) or i.kind == EMPTY)


def read_all(
    embedder: Embedder,
    held: FacetTexts,
    instructions: Sequence[Instruction] | None = None,
    *,
    style: str | None = None,
    head: Head | None = None,
    k: int = 10,
    store: Store | None = None,
) -> Readings:
    """Read the texts of a group under every instruction, and decode them.

    The words of all these instructions are left out of the vocabulary, and so of the labels' tokens
    too: it is the same vocabulary whatever is asked. A label without a token left, or without a
    text, is left out of its facet.

    Args:
        embedder: Who reads.
        held: N texts of one group.
        instructions: In the form that the style takes, one or more for each facet and one empty
            one; `instructions_for` where it is None.
        style: See `style_of`.
        head: Who decodes; the recipe's own where it is None.
        k: How many content forms of each text are kept.
        store: Where vectors are kept.

    Raises:
        TokalignError: The texts are of several groups, a facet has no instruction or fewer than two
            labels left, there is not one empty instruction, or what `style_of` and `read_under`
            raise for.
    """
    groups = sorted({facet.group for facet in held.facets})
    if len(groups) != 1:
        raise TokalignError(f"texts of the groups {', '.join(groups)}; read one group at a time")
    how = style_of(embedder.recipe, style)
    asked = instructions_for(held.facets, how) if instructions is None else instructions
    names = [facet.name for facet in held.facets]
    by_name: dict[str, list[Instruction]] = {name: [] for name in (*names, EMPTY, IRRELEVANT)}
    for one in asked:
        by_name.get(one.facet or one.kind, []).append(one)
    if missing := [name for name in names if not by_name[name]]:
        raise TokalignError(f"no instruction asks for {missing[0]!r}; each facet needs one or more")
    if len(by_name[EMPTY]) != 1:
        raise TokalignError(f"{len(by_name[EMPTY])} empty instructions; one is needed")
    head = load_head(embedder) if head is None else head
    tokenizer = embedder.tokenizer
    whole = VocabularyForms.from_tokenizer(tokenizer)
    said = [one.text for several in by_name.values() for one in several]
    forms = without_forms(whole, instruction_forms(said, tokenizer, whole))
    held, labels, left_out = _measurable(held, head, tokenizer, forms)

    def reading(one: Instruction) -> Reading:
        made = read_under(embedder, held.texts, one.text, style=how, store=store)
        scores = {name: label_scores(made, head, found) for name, found in labels.items()}
        lists = top_forms(made, head, forms, k)
        return Reading(one, made.unnormalised().vectors, lists, scores)

    of = {name: [reading(one) for one in several] for name, several in by_name.items()}
    return Readings(embedder, how, held, labels, left_out, forms, of)


def _measurable(
    held: FacetTexts, head: Head, tokenizer: Any, forms: VocabularyForms
) -> tuple[FacetTexts, dict[str, list[LabelTokens]], dict[str, list[LabelTokens]]]:
    """The texts with the labels that can be measured, their tokens, and the labels left out."""
    facets, numbers = [], {}
    kept: dict[str, list[LabelTokens]] = {}
    left_out: dict[str, list[LabelTokens]] = {}
    for facet in held.facets:
        own = held.labels[facet.name]
        named = [(label.name, label.words) for label in facet.labels]
        found = label_tokens(named, head, tokenizer, forms)
        there = [n for n, one in enumerate(found) if len(one.ids) and (own == n).any()]
        if len(there) < 2:
            raise TokalignError(
                f"facet {facet.name!r} has {len(there)} labels with a text and a token; two or "
                "more are needed (words of instructions and stop words stand for none)"
            )
        facets.append(replace(facet, labels=tuple(facet.labels[n] for n in there)))
        place = np.full(len(found) + 1, -1, dtype=np.int64)  # the last is for -1, no label
        place[there] = np.arange(len(there))
        numbers[facet.name] = place[own]
        kept[facet.name] = [found[n] for n in there]
        left_out[facet.name] = [one for one in found if not len(one.ids)]
    return replace(held, facets=tuple(facets), labels=numbers), kept, left_out
