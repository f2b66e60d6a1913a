"""The recipe of an embedder: all that turns a checkpoint into text -> vector, as data.

It says where the weights are and how they are read; it loads nothing. A recipe is one entry of
``registry.yaml``, one entry of the user's own file, or what `inspection` reads off a folder.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tokalign.errors import TokalignError

Family = Literal["mini", "paper", "modern", "control"]
Role = Literal["embedder", "backbone"]
Pooling = Literal["mean", "weighted_mean", "last", "cls"]
Attention = Literal["causal", "bidirectional"]
PoolOver = Literal["all", "after_prompt", "text"]
Readout = Literal["lm_head", "mlm", "tied_input"]


class Recipe(BaseModel):
    """How one embedder reads a text, and which head decodes its vectors.

    Attributes:
        name: What the embedder is called here.
        family: ``mini``, ``paper``, ``modern`` or ``control``.
        role: ``embedder``, or ``backbone`` for a plain language model.
        checkpoint: Hub id, folder, or ``package:MODULE/FOLDER`` for weights that an installed
            Python package carries.
        hub: Hub id that holds the same weights, for where the package is missing.
        revision: Commit of the hub repository.
        sha256: File name -> sha256 of its bytes, checked whenever the embedder is loaded.
        adapters: LoRA adapters (folders or hub ids), merged into the checkpoint in turn.
        backbone: Name of the model that the embedder was made from, where it has one.
        head: Checkpoint that owns the head; the embedder's own checkpoint where it is None.
        readout: ``lm_head`` (the trained output head), ``mlm`` (a masked-LM head with its
            transform) or ``tied_input`` (the input embeddings, for want of a head).
        pooling: ``mean``, ``weighted_mean`` (weights 1..L, as SGPT), ``last`` or ``cls``.
        attention: ``causal`` or ``bidirectional``.
        template: What the model reads; ``{text}`` stands for the text, ``{instruction}`` for the
            instruction.
        instruction: The instruction that is used where none is given.
        pool_over: ``all`` tokens read; ``after_prompt``, those from the text's first on; or
            ``text``, the text's own alone (prompt, instruction and special tokens left out).
        normalise: Whether the vector is brought to length 1.
        max_length: Most tokens read, prompt and special tokens included.
        lowercase: Whether texts are lower-cased before the tokenizer sees them.
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
    instruction: str = ""
    pool_over: PoolOver = "all"
    normalise: bool = False
    max_length: int = Field(ge=1)
    lowercase: bool = False
    note: str = ""
    source: str = ""

    @model_validator(mode="after")
    def _template_holds_text(self) -> Self:
        if self.template.count("{text}") != 1:
            raise ValueError(f"template {self.template!r} must hold {{text}} exactly once")
        return self

    @property
    def needs_prompt(self) -> bool:
        """Whether the model reads more than the bare text."""
        return self.template != "{text}"

    @property
    def head_owner(self) -> str:
        """The checkpoint whose head decodes the vectors."""
        return self.head or self.checkpoint

    def prompt(self, instruction: str | None = None) -> tuple[str, str]:
        """What stands before and after the text, ``instruction`` filled in.

        Raises:
            TokalignError: An instruction is given, but the template has no place for one.

        >>> recipe = Recipe(name="x", checkpoint="c", readout="lm_head", pooling="mean",
        ...     attention="causal", template="{instruction}: {text}.", max_length=9)
        >>> recipe.prompt("topic")
        ('topic: ', '.')
        """
        if instruction is not None and "{instruction}" not in self.template:
            raise TokalignError(
                f"{self.name} takes no instruction: its template is {self.template!r}"
            )
        before, after = self.template.split("{text}")
        filling = self.instruction if instruction is None else instruction
        return before.replace("{instruction}", filling), after.replace("{instruction}", filling)
