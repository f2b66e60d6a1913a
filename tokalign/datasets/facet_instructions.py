"""The facets that the project's texts differ in, and the instructions that ask for them.

Read from `data/facet_instructions.yml`. An embedder that reads instructions gets one before the
text; one that is only prompted gets the text inside a template ("eol"). Does not write a prompt
for any model: how an instruction stands before a text is the embedder's own matter.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, Self, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tokalign.datasets.quality import function_words
from tokalign.errors import TokalignError, unknown
from tokalign.paths import book_data

Kind = Literal["asked", "empty", "irrelevant"]
Style = Literal["instruction", "eol"]
#: Where a template takes the text.
SLOT = "{text}"

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


@dataclass(frozen=True)
class FacetLabel:
    """One answer to the question that a facet asks.

    Attributes:
        name: As the file of texts has it.
        word: The word that an embedding should decode to.
        variants: Inflections and near synonyms that count as the same answer.
    """

    name: str
    word: str
    variants: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """The word and its variants."""
        return (self.word, *self.variants)


@dataclass(frozen=True)
class Facet:
    """One respect in which the texts of a group differ.

    Attributes:
        name: Such as "emotion".
        group: The texts that it labels, such as "reviews".
        labels: Its answers; a label's number is its place.
    """

    name: str
    group: str
    labels: tuple[FacetLabel, ...]


@dataclass(frozen=True)
class Instruction:
    """One wording of what is asked of an embedder.

    Attributes:
        facet: What it asks for; None for a control.
        kind: "asked"; or "empty" and "irrelevant", the controls.
        text: The instruction; for "eol" the template, with `{text}` once.
        wording: Its number among those of its facet or kind, from 1.
        held_out: Kept from training, for measuring.
        style: For embedders that read instructions, or that are only prompted.
    """

    facet: str | None
    kind: Kind
    text: str
    wording: int
    held_out: bool
    style: Style

    @property
    def named_words(self) -> tuple[str, ...]:
        """Its content words, case folded: it names them, so a measure must leave them out.

        >>> Instruction("topic", "asked", "Sum up the author's topic", 1, False, "eol").named_words
        ('sum', 'author', 'topic')
        """
        words = (word.group().casefold() for word in _WORD.finditer(self.text.replace(SLOT, " ")))
        plain = (word.replace("’", "'").removesuffix("'s") for word in words)
        return tuple(dict.fromkeys(word for word in plain if word not in function_words()))


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Facet(_Strict):
    group: str
    labels: dict[str, tuple[str, ...]] = Field(min_length=2)

    @model_validator(mode="after")
    def _each_word_once(self) -> Self:
        counts = Counter(word for label, more in self.labels.items() for word in (label, *more))
        if twice := [word for word, count in counts.items() if count > 1]:
            raise ValueError(f"the word {twice[0]!r} occurs twice")
        return self


class _Wording(_Strict):
    text: str = Field(min_length=1)
    held_out: bool = False


class _Prompts(_Strict):
    empty: str
    irrelevant: tuple[_Wording, ...]
    asked: dict[str, tuple[_Wording, ...]]

    def all(self) -> list[str]:
        return [
            self.empty,
            *(w.text for row in (self.irrelevant, *self.asked.values()) for w in row),
        ]


class _File(_Strict):
    facets: dict[str, _Facet]
    instruction: _Prompts
    eol: _Prompts

    @model_validator(mode="after")
    def _prompts_fit(self) -> Self:
        for style, slots in (("instruction", 0), ("eol", 1)):
            prompts: _Prompts = getattr(self, style)
            if set(prompts.asked) != set(self.facets):
                raise ValueError(f"{style}: asked must name {', '.join(self.facets)}")
            if wrong := [text for text in prompts.all() if text.count(SLOT) != slots]:
                raise ValueError(f"{style}: {wrong[0]!r} must hold {SLOT} {slots} times")
        return self


def read_facets(path: Path | None = None) -> dict[str, Facet]:
    """Read which facets there are, with their labels.

    Args:
        path: The file; `data/facet_instructions.yml` of the book where it is None.

    Returns:
        Name -> facet, in the order of the file.

    Raises:
        TokalignError: The file is missing or not of that form.

    >>> [label.word for label in read_facets()["topic"].labels]
    ['food', 'travel', 'music', 'health', 'work', 'sport']
    """
    return {
        name: Facet(
            name,
            facet.group,
            tuple(FacetLabel(word, word, variants) for word, variants in facet.labels.items()),
        )
        for name, facet in _read(path).facets.items()
    }


def facet_instructions(
    facet: str | None, style: str = "instruction", path: Path | None = None
) -> tuple[Instruction, ...]:
    """Give the wordings that ask for a facet, or the controls.

    Args:
        facet: Its name; None for the controls: the empty one, then the irrelevant ones.
        style: "instruction" or "eol".
        path: The file; `data/facet_instructions.yml` of the book where it is None.

    Returns:
        The wordings in the order of the file.

    Raises:
        TokalignError: The facet or style is unknown, or the file missing or malformed.

    >>> first = facet_instructions("emotion")[0]
    >>> first.text, first.named_words
    ('Represent the emotion of this text', ('represent', 'emotion', 'text'))
    >>> facet_instructions(None, "eol")[0].text
    'This sentence : "{text}" means in one word:"'
    """
    file = _read(path)
    if style not in get_args(Style):
        raise unknown("style", style, get_args(Style))
    if facet is not None and facet not in file.facets:
        raise unknown("facet", facet, file.facets)
    prompts: _Prompts = getattr(file, style)
    written: Style = "eol" if style == "eol" else "instruction"
    if facet is not None:
        return _numbered(prompts.asked[facet], facet, "asked", written)
    empty = Instruction(None, "empty", prompts.empty, 1, False, written)
    return (empty, *_numbered(prompts.irrelevant, None, "irrelevant", written))


def _numbered(
    wordings: tuple[_Wording, ...], facet: str | None, kind: Kind, style: Style
) -> tuple[Instruction, ...]:
    return tuple(
        Instruction(facet, kind, wording.text, number, wording.held_out, style)
        for number, wording in enumerate(wordings, start=1)
    )


def _read(path: Path | None) -> _File:
    path = path or book_data("facet_instructions.yml")
    try:
        return _parse(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        why = str(error).splitlines()[0]
        raise TokalignError(f"{path} cannot be read as YAML: {why}") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "file"
        raise TokalignError(f"{path}, {field}: {first['msg']}") from error


@lru_cache(maxsize=2)
def _parse(content: str) -> _File:
    return _File.model_validate(yaml.safe_load(content))
