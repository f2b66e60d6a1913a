"""One phase of training, which can be stopped and gone on with anywhere.

A run leaves in its folder ``checkpoint`` (the latest) and ``log.jsonl``. The model is kept in
evaluation mode throughout: no dropout, so that there is no random state, and a batch may be encoded
twice.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tokalign.embedders.recipes.recipe import Recipe
from tokalign.errors import TokalignError
from tokalign.train.checkpoint import Progress, find_checkpoint, load_checkpoint, save_checkpoint
from tokalign.train.contrastive.methods import prepare, trained
from tokalign.train.contrastive.mixture import Mixture
from tokalign.train.contrastive.monitor import Monitor
from tokalign.train.contrastive.objectives import contrastive_step, language_step, mntp_step
from tokalign.train.contrastive.plans import Phase
from tokalign.train.contrastive.reader import Reader
from tokalign.train.packing import Sequences
from tokalign.train.precision import autocast
from tokalign.train.schedule import Schedule

_LARGEST_GRADIENT = 1.0


@dataclass(frozen=True)
class Habits:
    """How often a run reports and saves; none of it changes its weights.

    Attributes:
        report: Steps between two lines of the log.
        look: Steps between two looks of the monitor; a multiple of `report`.
        save_minutes: Minutes between two checkpoints.
        piece_tokens: Most tokens encoded at a time.
        clock: Gives the time in seconds.
        stopped: Whether the run shall stop after this step, and be gone on with later.
    """

    report: int = 50
    look: int = 250
    save_minutes: float = 4.0
    piece_tokens: int = 2048
    clock: Callable[[], float] = time.time
    stopped: Callable[[], bool] = lambda: False


class Training:
    """One phase for one model.

    Args:
        folder: Where the run keeps its files; one that is there is gone on with.
        model: A causal language model with its head; changed in place.
        tokenizer: Its fast tokenizer.
        recipe: How the embedder reads.
        phase: What is trained and how.
        mixture: Examples, for all objectives but ``mntp``.
        sequences: Packed sequences, for ``joint`` and ``mntp``.
        monitor: What is looked at on the way.
        seed: Of adapters and of what is hidden.
        habits: How often it reports and saves.

    Raises:
        TokalignError: Data are missing, or the folder holds a run with other settings.
    """

    def __init__(
        self,
        folder: Path,
        model: Any,
        tokenizer: Any,
        recipe: Recipe,
        phase: Phase,
        *,
        mixture: Mixture | None = None,
        sequences: Sequences | None = None,
        monitor: Monitor | None = None,
        seed: int = 0,
        habits: Habits | None = None,
    ) -> None:
        if phase.objective != "mntp" and mixture is None:
            raise TokalignError(f"{recipe.name}: {phase.objective} training needs examples")
        if phase.objective != "contrastive" and sequences is None:
            raise TokalignError(f"{recipe.name}: {phase.objective} training needs packed sequences")
        self.folder, self.phase, self.seed = folder, phase, seed
        self.mixture, self.sequences, self.monitor = mixture, sequences, monitor
        self.habits = habits or Habits()
        self.model = prepare(
            model, phase.method, rank=phase.rank, train_embeddings=phase.train_embeddings,
            train_head=phase.train_head, seed=seed,
        )  # fmt: skip
        self.reader = Reader(self.model, tokenizer, recipe, self.habits.piece_tokens)
        params = list(trained(self.model).values())
        self.optimiser = torch.optim.AdamW(
            [
                {"params": [p for p in params if p.ndim > 1], "weight_decay": phase.weight_decay},
                {"params": [p for p in params if p.ndim <= 1], "weight_decay": 0.0},
            ],
            lr=phase.lr,
            betas=(0.9, 0.98),
            fused=True,
        )
        self._params = params
        settings = {
            "embedder": recipe.name, "seed": seed, **phase.model_dump(mode="json"),
            "examples": {n: len(e) for n, e in (mixture.examples if mixture else {}).items()},
        }  # fmt: skip
        self.progress = Progress(settings=settings)
        found = find_checkpoint(folder / "checkpoint")
        if found is not None:
            self.progress = load_checkpoint(found, self.model, [self.optimiser])
            if self.progress.settings != settings:
                raise TokalignError(
                    f"{folder} holds a run with other settings: {self.progress.settings}; give "
                    "those, or another folder"
                )

    def step(self, factor: float) -> dict[str, float]:
        """Take one step at a factor of the highest step size; gives its figures."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.phase.lr * factor
        with autocast(self._params[0].device):
            figures = self._gradient()
        torch.nn.utils.clip_grad_norm_(self._params, _LARGEST_GRADIENT)
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.progress.step += 1
        return figures

    def _gradient(self) -> dict[str, float]:
        phase, step = self.phase, self.progress.step
        figures: dict[str, float] = {}
        if phase.objective == "mntp":
            assert self.sequences is not None
            ids = self.sequences.batch(step, phase.sequences)[:, :-1]
            self.progress.tokens += ids.size
            return mntp_step(self.reader, ids, np.random.default_rng([self.seed, step, 1]))
        assert self.mixture is not None
        batch = self.mixture.batch(step, phase.batch)
        figures = contrastive_step(self.reader, batch, phase)
        if phase.objective == "joint":
            assert self.sequences is not None
            ids = self.sequences.batch(step, phase.sequences)
            self.progress.tokens += ids[:, 1:].size
            figures |= language_step(self.reader, ids, phase.language_weight)
        return figures

    def go(
        self, *, steps: int | None = None, deadline: float | None = None
    ) -> Iterator[dict[str, Any]]:
        """Train to the end, yielding each line of the log.

        Args:
            steps: Steps at which the run ends, counted from its very start; the phase's own where
                neither is given.
            deadline: Or the clock time in seconds at which it ends.

        Raises:
            TokalignError: The loss is no longer a number.
        """
        clock, phase = self.habits.clock, self.phase
        if deadline is None and steps is None:
            steps = phase.steps
        entered, before = clock(), self.progress.minutes
        began = None if deadline is None else entered - 60 * before
        # The schedule counts whatever it is given, here steps; the rise is reckoned below, since
        # its first step would be one of size zero.
        schedule = Schedule(0, None if deadline else steps, began, deadline, phase.decay)
        figures: list[dict[str, float]] = []
        saved = since = clock()
        if self.monitor is not None and self.progress.step == 0:
            yield self._log({"step": 0, **self.monitor.backbone(), **self._look()})
        while not schedule.finished(self.progress.step, clock()) and not self.habits.stopped():
            rise = min(1.0, (self.progress.step + 1) / max(phase.warmup, 1))
            figures.append(self.step(min(rise, schedule.factor(self.progress.step, clock()))))
            if not math.isfinite(figures[-1]["loss"]):
                raise TokalignError(
                    f"step {self.progress.step}: the loss is {figures[-1]['loss']}; take a smaller "
                    "step size and go on from the last checkpoint"
                )
            self.progress.minutes = before + (clock() - entered) / 60
            if self.progress.step % self.habits.report == 0:
                yield self._report(figures, clock() - since)
                figures, since = [], clock()
            if clock() - saved > 60 * self.habits.save_minutes:
                self.save()
                saved = clock()
        self.save()
        if figures:
            yield self._report(figures, clock() - since, last=True)

    def save(self) -> None:
        """Write the checkpoint that a later run goes on from."""
        save_checkpoint(self.folder / "checkpoint", self.model, [self.optimiser], self.progress)

    def _look(self) -> dict[str, float]:
        return self.monitor.look(self.reader) if self.monitor is not None else {}

    def _report(
        self, figures: list[dict[str, float]], seconds: float, *, last: bool = False
    ) -> dict[str, Any]:
        names = sorted({name for line in figures for name in line})
        means = {n: float(np.mean([f[n] for f in figures if n in f])) for n in names}
        line: dict[str, Any] = {
            "step": self.progress.step,
            **{name: round(value, 4) for name, value in means.items()},
            "seconds_a_step": round(seconds / len(figures), 3),
            "minutes": round(self.progress.minutes, 2),
        }
        if last or self.progress.step % self.habits.look == 0:
            line |= self._look()
        return self._log(line)

    def _log(self, line: dict[str, Any]) -> dict[str, Any]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        return line
