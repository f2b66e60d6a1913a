"""The recipe of an embedder: all that turns a checkpoint into text -> vector, as data.

It says where the weights are and how they are read; it loads nothing. A recipe is one entry of
``registry.yaml``, one entry of the user's own file, or what `inspection` reads off a folder.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tokalign.embedders.recipes.hub_ids import without_commit
from tokalign.errors import TokalignError, unknown

Family = Literal["mini", "paper", "modern", "control"]
Role = Literal["embedder", "backbone"]
Pooling = Literal["mean", "weighted_mean", "last", "cls"]
Attention = Literal["causal", "bidirectional"]
PoolOver = Literal["all", "after_prompt", "text", "read_alone"]
Readout = Literal["lm_head", "mlm", "tied_input"]
Strip = Literal["none", "end", "both"]
Brackets = tuple[str, str]


class Prompt(BaseModel):
    """A named way of reading a text, such as ``query``; what is None stays as the recipe has it.

    Attributes:
        template: In the place of the recipe's; without an instruction it is read as it stands.
        instruction: In the place of the recipe's.
        brackets: In the place of the recipe's.
        strip: In the place of the recipe's.
        pool_over: In the place of the recipe's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    template: str | None = None
    instruction: str | None = None
    brackets: Brackets | None = None
    strip: Strip | None = None
    pool_over: PoolOver | None = None


class Recipe(BaseModel):
    """How one embedder reads a text, and which head decodes its vectors.

    Attributes:
        name: What the embedder is called here.
        family: ``mini``, ``paper``, ``modern`` or ``control``.
        role: ``embedder``, or ``backbone`` for a plain language model.
        checkpoint: Hub id, folder, ``package:MODULE/FOLDER`` for weights that an installed Python
            package carries, or ``book:NAME`` for a model that comes with the book. Here, in
            `adapters` and in `head`, ``owner/name@COMMIT`` is a hub id with its commit.
        hub: Hub id that holds the same weights, for where the package is missing.
        revision: Commit of the hub repository.
        sha256: File name -> sha256 of its bytes, checked whenever the embedder is loaded.
        adapters: What is laid over the checkpoint, in turn: LoRA adapters, which are merged, and
            deltas, whose tensors take the place of the checkpoint's.
        backbone: The model that the embedder was made from, by its name in the registry where it
            has one.
        head: Checkpoint that owns the head; the embedder's own checkpoint where it is None.
        readout: ``lm_head`` (the trained output head), ``mlm`` (a masked-LM head with its
            transform) or ``tied_input`` (the input embeddings, for want of a head).
        pooling: ``mean``, ``weighted_mean`` (weights 1..L, as SGPT), ``last`` or ``cls``.
        attention: ``causal`` or ``bidirectional``.
        template: What the model reads; ``{text}`` stands for the text, ``{instruction}`` for the
            instruction.
        bare_template: What it reads where the instruction is empty; `template` where it is None.
        instruction: The instruction that is used where none is given.
        prompts: Further ways of reading a text by name, such as ``query`` and ``document``.
        brackets: Two tokens put round what the tokenizer gives, by id and after the cut (SGPT's
            ``[`` query ``]``); they are pooled where all tokens are.
        end_token: The token that ends what is read, put there where the tokenizer does not.
        strip: Which outer blanks of a text go first: ``none``, those at its ``end``, or ``both``.
        text_max_length: Most tokens of the text alone, whole words cut off its end before anything
            else (LLM2Vec); no such cut where it is None.
        pool_over: ``all`` tokens read; ``after_prompt``, those from the text's first on; ``text``,
            the text's own alone (prompt, instruction and special tokens left out); or
            ``read_alone``, as many at the end as the text and what follows it make when they are
            read without the prompt (LLM2Vec).
        normalise: Whether the vector is brought to length 1.
        max_length: Most tokens read, prompt and special tokens included, brackets not.
        lowercase: Whether texts are lower-cased before the tokenizer sees them.
        parameters: How many the model has, for a first estimate of the memory that it takes.
        training: How it was trained, in a few words.
        licence: Under which licence the weights are published.
        gated: What has to be accepted before the weights can be fetched; empty where nothing has.
        pickled: Whether some of its weights are published as pickles alone, which are not opened.
        note: What a user should know.
        source: Where the facts of this entry come from.

    >>> Recipe(name="x", checkpoint="some/folder", readout="lm_head", pooling="last",
    ...        attention="causal", template='"{text}" means:', max_length=64).needs_prompt
    True
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    checkpoint: str
    hub: str | None = None
    family: Family = "modern"
    role: Role = "embedder"
    revision: str | None = None
    sha256: dict[str, str] = Field(default_factory=dict)
    adapters: tuple[str, ...] = ()
    backbone: str | None = None
    head: str | None = None
    readout: Readout
    pooling: Pooling
    attention: Attention
    template: str = "{text}"
    bare_template: str | None = None
    instruction: str = ""
    prompts: dict[str, Prompt] = Field(default_factory=dict)
    brackets: Brackets | None = None
    end_token: str | None = None
    strip: Strip = "none"
    text_max_length: int | None = Field(default=None, ge=1)
    pool_over: PoolOver = "all"
    normalise: bool = False
    max_length: int = Field(ge=1)
    lowercase: bool = False
    parameters: int | None = Field(default=None, ge=1)
    training: str = ""
    licence: str = ""
    gated: str = ""
    pickled: bool = False
    note: str = ""
    source: str = ""

    @model_validator(mode="after")
    def _templates_hold_text(self) -> Self:
        named = [prompt.template for prompt in self.prompts.values()]
        for template in (self.template, self.bare_template, *named):
            if template is not None and template.count("{text}") != 1:
                raise ValueError(f"template {template!r} must hold {{text}} exactly once")
        return self

    @property
    def needs_prompt(self) -> bool:
        """Whether the model reads more than the bare text."""
        return self.template != "{text}"

    @property
    def takes_instruction(self) -> bool:
        """Whether there is a place for an instruction."""
        return "{instruction}" in self.template

    @property
    def head_owner(self) -> str:
        """The checkpoint whose head decodes the vectors, without its commit."""
        return without_commit(self.head or self.checkpoint)

    def deciding(self) -> str:
        """All of the recipe that can change a vector, as one line of JSON.

        What only describes, and where the weights lie, is left out: the weights themselves are
        told apart by their bytes.
        """
        aside = {"name", "note", "source", "family", "checkpoint", "backbone", "parameters"}
        return self.model_dump_json(exclude=aside | {"training", "licence", "gated", "pickled"})

    def named(self, prompt_name: str | None) -> Recipe:
        """The recipe with one of its named prompts in force.

        Args:
            prompt_name: A key of `prompts`; None leaves the recipe as it is.

        Raises:
            TokalignError: There is no prompt of that name.

        >>> sgpt = Recipe(name="x", checkpoint="c", readout="lm_head", pooling="weighted_mean",
        ...     attention="causal", max_length=9, prompts={"query": {"brackets": ("[", "]")}})
        >>> sgpt.named("query").brackets
        ('[', ']')
        """
        if prompt_name is None:
            return self
        if prompt_name not in self.prompts:
            raise unknown(f"prompt of {self.name}", prompt_name, self.prompts)
        prompt = self.prompts[prompt_name]
        changes = {key: value for key, value in prompt if value is not None}
        if prompt.template is not None:
            changes["bare_template"] = None
        return self.model_copy(update=changes)

    def prompt(self, instruction: str | None = None) -> tuple[str, str]:
        """What stands before and after the text, ``instruction`` filled in.

        Args:
            instruction: The recipe's own where it is None; empty for none at all.

        Raises:
            TokalignError: An instruction is given, but the template has no place for one.

        >>> recipe = Recipe(name="x", checkpoint="c", readout="lm_head", pooling="mean",
        ...     attention="causal", template="{instruction}: {text}.", bare_template="{text}.",
        ...     max_length=9)
        >>> recipe.prompt("topic"), recipe.prompt()
        (('topic: ', '.'), ('', '.'))
        """
        if instruction and not self.takes_instruction:
            raise TokalignError(
                f"{self.name} takes no instruction: its template is {self.template!r}"
            )
        filling = self.instruction if instruction is None else instruction
        template = self.template
        if not filling and self.bare_template is not None:
            template = self.bare_template
        before, after = template.split("{text}")
        return before.replace("{instruction}", filling), after.replace("{instruction}", filling)
