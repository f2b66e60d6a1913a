"""What a training run is told: what decides its weights, and what only decides its reports."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from tokalign.train.architectures import Shape

Optimiser = Literal["muon", "adamw"]


@dataclass(frozen=True)
class Settings:
    """What decides the weights of a run, besides its corpus and its end.

    Attributes:
        architecture: One of `ARCHITECTURES`.
        shape: Size of the model; its `positions` are the tokens of a sequence.
        batch: Sequences a step.
        optimiser: ``muon`` or ``adamw``.
        lr: Highest step size of AdamW.
        muon_lr: Highest step size of Muon.
        warmup: Tokens of warm-up.
        seed: Of the weights and of the order of the data.

    >>> Settings("opt", batch=8).tokens_a_step
    2048
    """

    architecture: str
    shape: Shape = field(default_factory=Shape)
    batch: int = 16
    optimiser: Optimiser = "muon"
    lr: float = 3e-3
    muon_lr: float = 0.02
    warmup: int = 200_000
    seed: int = 0

    @property
    def tokens_a_step(self) -> int:
        """Tokens that one step trains on."""
        return self.batch * self.shape.positions

    def plain(self) -> dict[str, Any]:
        """The settings as JSON holds them."""
        return asdict(self)

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Settings:
        """The settings that `plain` gave.

        >>> given = Settings("llama", seed=3)
        >>> Settings.from_plain(given.plain()) == given
        True
        """
        return cls(**{**plain, "shape": Shape(**plain["shape"])})


@dataclass(frozen=True)
class Habits:
    """How often a run reports and saves, and on what it computes.

    Attributes:
        evaluate: Tokens between two evaluations.
        held_out: Held-out sequences of an evaluation.
        save_minutes: Minutes between two checkpoints.
        device: ``cpu``, ``cuda``.
        compile: Whether torch.compile is used.
        clock: Gives the time in seconds.
    """

    evaluate: int = 500_000
    held_out: int = 128
    save_minutes: float = 4.0
    device: str = "cpu"
    compile: bool = False
    clock: Callable[[], float] = time.time
