"""How each miniature embedder is made, as data: its backbone, its reading, what is trained on what.

The eight recipes of the paper, the 2 x 2 of data by method on one backbone, and three seeds of both
sorts of data. The entries are in ``plans.yaml``.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tokalign.embedders.recipes.recipe import Recipe
from tokalign.embedders.recipes.registry import first_problem
from tokalign.errors import TokalignError, unknown
from tokalign.train.contrastive.making import KINDS
from tokalign.train.contrastive.methods import Method

Objective = Literal["contrastive", "joint", "mntp"]
Layout = Literal["sentence-transformers", "adapter", "gritlm", "none"]


class Source(BaseModel):
    """One kind of examples in the mixture, and how its two sides are read.

    Attributes:
        name: A kind of `making.KINDS`.
        share: Its part of the batches, relative to the others'. A batch is all of one kind.
        negatives: Whether hard negatives are used.
        without: Rules whose examples are left out: an ablation.
        anchor_instruction: Instruction for anchors; the recipe's own where it is None.
        positive_instruction: The same for positives and negatives.
        anchor_prompt: One of the recipe's named prompts for anchors.
        positive_prompt: The same for positives and negatives.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    share: float = Field(default=1.0, gt=0)
    negatives: bool = True
    without: tuple[str, ...] = ()
    anchor_instruction: str | None = None
    positive_instruction: str | None = None
    anchor_prompt: str | None = None
    positive_prompt: str | None = None

    @model_validator(mode="after")
    def _is_known(self) -> Self:
        if self.name not in KINDS:
            raise ValueError(f"{self.name!r} is no kind of examples; known: {', '.join(KINDS)}")
        return self


class Phase(BaseModel):
    """One run of training.

    Attributes:
        objective: ``contrastive``; ``joint``, with next-token prediction beside it; or ``mntp``,
            masked next-token prediction alone.
        method: ``full``, ``bitfit`` or ``lora``.
        rank: Of LoRA.
        train_embeddings: Whether the embeddings of tokens move too (``full``).
        train_head: Whether an output head of its own moves too (``full``, ``joint``).
        sources: The mixture of examples; none for ``mntp``.
        batch: Examples a step.
        sequences: Packed sequences a step, for ``joint`` and ``mntp``.
        language_weight: What next-token prediction counts beside the contrastive loss.
        steps: Steps, where no deadline is given.
        lr: Highest step size of AdamW.
        weight_decay: Of matrices.
        warmup: Steps over which the step size rises.
        decay: Share of the run over which it falls.
        temperature: Of the contrastive loss.
        cached_tokens: A batch of more tokens is encoded twice (see `chunks`), to save memory.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    objective: Objective
    method: Method
    rank: int = Field(default=16, ge=1)
    train_embeddings: bool = False
    train_head: bool = False
    sources: tuple[Source, ...] = ()
    batch: int = Field(default=64, ge=2)
    sequences: int = Field(default=0, ge=0)
    language_weight: float = Field(default=1.0, ge=0)
    steps: int = Field(default=1000, ge=1)
    lr: float = Field(gt=0)
    weight_decay: float = Field(default=0.01, ge=0)
    warmup: int = Field(default=50, ge=0)
    decay: float = Field(default=0.5, ge=0, le=1)
    temperature: float = Field(default=0.05, gt=0)
    cached_tokens: int = Field(default=40_000, ge=1)

    @model_validator(mode="after")
    def _has_data(self) -> Self:
        if self.objective != "mntp" and not self.sources:
            raise ValueError(f"{self.objective} needs sources")
        if self.objective != "contrastive" and not self.sequences:
            raise ValueError(f"{self.objective} needs sequences")
        return self


class Plan(BaseModel):
    """One embedder.

    Attributes:
        name: What it is called.
        backbone: The language model that it is made from.
        like_published: The published embedder whose recipe it follows.
        reading: Fields of `Recipe` that say how texts are read.
        layout: In which layout it is published; ``none`` where nothing is trained.
        phases: Its training, in order.
        seed: Of adapters and of the order of the data.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    backbone: str
    like_published: str
    reading: dict[str, Any]
    layout: Layout
    phases: tuple[Phase, ...]
    seed: int = 0

    def recipe(self, checkpoint: str, adapters: tuple[str, ...] = (), **more: Any) -> Recipe:
        """The recipe by which the embedder is read.

        Args:
            checkpoint: Where its weights, or its adapters' base, lie.
            adapters: Folders of adapters.
            more: Other fields of `Recipe`, in the place of the plan's.

        >>> plan("mini-opt-eol").recipe("some/folder").template
        'This sentence : "{text}" means in one word:"'
        """
        fields = {
            "name": self.name, "family": "mini", "checkpoint": checkpoint, "adapters": adapters,
            "backbone": self.backbone, "readout": "lm_head", **self.reading, **more,
        }  # fmt: skip
        return Recipe.model_validate(fields)


def read_plans(text: str, where: str) -> dict[str, Plan]:
    """The plans of a YAML text, by name.

    Raises:
        TokalignError: It is no YAML, or an entry is wrong; with the field and what is allowed.
    """
    try:
        entries = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise TokalignError(f"{where} is not valid YAML: {str(error).splitlines()[0]}") from error
    plans: dict[str, Plan] = {}
    for name, fields in (entries or {}).items():
        given = dict(fields)
        like = given.pop("like", None)
        if like is not None:
            if like not in plans:
                raise unknown(f"plan that {name} is like", like, plans)
            given = {**plans[like].model_dump(), **given}
        try:
            plans[name] = Plan.model_validate({**given, "name": name})
            plans[name].recipe("checkpoint")
        except ValidationError as error:
            problem = first_problem(error).partition(" (allowed fields")[0]
            raise TokalignError(f"{where}, entry {name!r}: {problem}") from error
    return plans


@lru_cache(maxsize=1)
def plans() -> dict[str, Plan]:
    """All plans by name; not to be changed.

    >>> len(plans()), plans()["mini-sgpt-msmarco-seed2"].seed
    (14, 2)
    """
    file = resources.files("tokalign.train.contrastive").joinpath("plans.yaml")
    return read_plans(file.read_text("utf-8"), "plans.yaml")


def plan(name: str) -> Plan:
    """The plan of a name.

    Raises:
        TokalignError: There is none of that name.
    """
    if name not in plans():
        raise unknown("miniature embedder", name, plans())
    return plans()[name]
