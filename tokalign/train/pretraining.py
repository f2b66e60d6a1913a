"""Train a language model on packed sequences, so that it can be stopped and gone on with anywhere.

One process on one device. What it leaves on disk is `RunFolder`'s.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tokalign.embedders.loading.devices import check_device
from tokalign.errors import TokalignError
from tokalign.train.architectures import architecture, build_model
from tokalign.train.attention import use_fused_attention
from tokalign.train.checkpoint import (
    Progress,
    find_checkpoint,
    load_checkpoint,
    save_checkpoint,
    save_weights,
)
from tokalign.train.loss import next_token_loss
from tokalign.train.optimiser import build_optimisers, score_step
from tokalign.train.packing import Sequences
from tokalign.train.precision import autocast
from tokalign.train.run_folder import RunFolder
from tokalign.train.schedule import Schedule
from tokalign.train.settings import Habits, Settings

#: Gradients are shortened to this length, all weights taken together.
_LONGEST_GRADIENT = 1.0


class Run:
    """One training run and its folder.

    Args:
        folder: Where the run keeps its files; one that is there is gone on with.
        train: File of token ids to train on.
        held_out: File of token ids to evaluate on.
        settings: What is trained and how.
        habits: How often it reports and saves.

    Attributes:
        stopping: Set it, from a signal's handler say, and the run saves and ends at the next step.

    Raises:
        TokalignError: The folder holds a run with other settings, or a file is missing.
    """

    def __init__(
        self,
        folder: Path,
        train: Path,
        held_out: Path,
        settings: Settings,
        habits: Habits | None = None,
    ) -> None:
        self.folder, self.settings, self.habits = RunFolder(folder), settings, habits or Habits()
        self.device = check_device(self.habits.device)
        self.stopping = False
        self._files = {"train": train, "held_out": held_out}
        chosen = architecture(settings.architecture)
        length = settings.shape.positions
        self.train = Sequences(train, length, chosen.separator, settings.seed)
        self.held_out = Sequences(held_out, length, chosen.separator, settings.seed)
        self.model = build_model(settings.architecture, settings.shape, settings.seed)
        use_fused_attention(self.model)
        self.model.to(self.device)
        self.optimisers = build_optimisers(
            self.model, kind=settings.optimiser, lr=settings.lr, muon_lr=settings.muon_lr,
            score_step=score_step(chosen.scaled, settings.shape.width // settings.shape.heads),
        )  # fmt: skip
        self._highest = [[g["lr"] for g in o.param_groups] for o in self.optimisers]
        body: Any = self.model.base_model
        self._body = torch.compile(body, dynamic=False) if self.habits.compile else body
        self.progress = Progress(settings=settings.plain())
        found = find_checkpoint(self.folder.checkpoint)
        if found is not None:
            self.progress = load_checkpoint(found, self.model, self.optimisers)
            if self.progress.settings != settings.plain():
                raise TokalignError(
                    f"{folder} holds a run with other settings: {self.progress.settings}; give "
                    "those, or another folder"
                )

    def loss(self, batch: np.ndarray) -> torch.Tensor:
        """Mean loss of a batch of ids ``(size, length + 1)``, in nats a token."""
        ids = torch.from_numpy(batch).to(self.device)
        with autocast(self.device):
            states = self._body(input_ids=ids[:, :-1], use_cache=False).last_hidden_state
        head = self.model.get_output_embeddings().weight
        return next_token_loss(states.flatten(0, 1), head.to(states.dtype), ids[:, 1:].flatten())

    @torch.no_grad()
    def held_out_loss(self) -> float:
        """Mean loss on the first held-out sequences, in nats a token."""
        self.model.eval()
        count = min(self.habits.held_out, len(self.held_out))
        size = min(self.settings.batch, count)
        losses = [
            float(self.loss(self.held_out.span(start, start + size)))
            for start in range(0, count - size + 1, size)
        ]
        self.model.train()
        return sum(losses) / len(losses)

    def step(self, factor: float) -> float:
        """Take one step at a factor of the highest step size; gives the loss before it."""
        for optimiser, highest in zip(self.optimisers, self._highest, strict=True):
            for group, lr in zip(optimiser.param_groups, highest, strict=True):
                group["lr"] = lr * factor
        loss = self.loss(self.train.batch(self.progress.step, self.settings.batch))
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), _LONGEST_GRADIENT)
        for optimiser in self.optimisers:
            optimiser.step()
            optimiser.zero_grad()
        self.progress.step += 1
        self.progress.tokens += self.settings.tokens_a_step
        return float(loss.detach())

    def go(
        self, *, tokens: int | None = None, deadline: float | None = None, decay: float = 0.25
    ) -> Iterator[dict[str, Any]]:
        """Train to the end, yielding a line of the log at each evaluation.

        Args:
            tokens: Tokens at which the run ends, counted from its very start.
            deadline: Or the clock time in seconds at which it ends.
            decay: Share of the run over which the step size falls to zero.

        Raises:
            TokalignError: The loss is no longer a number; the last checkpoint is left as it was.
        """
        clock, size = self.habits.clock, self.settings.tokens_a_step
        entered, before = clock(), self.progress.minutes
        began = None if deadline is None else entered - 60 * before
        schedule = Schedule(self.settings.warmup, tokens, began, deadline, decay)
        self.folder.describe(
            self.settings, self._files, self.progress.tokens,
            device=str(self.device), ends_at_tokens=tokens,
        )  # fmt: skip
        self.folder.shorten_log(self.progress.tokens)
        self.model.train()
        saved = since = entered
        losses: list[float] = []
        while not self.stopping and not schedule.finished(self.progress.tokens, clock()):
            now = clock()
            if schedule.descending(self.progress.tokens, now):
                self._keep_before_decay()
            losses.append(self.step(schedule.factor(self.progress.tokens, now, size)))
            if not math.isfinite(losses[-1]):
                raise TokalignError(
                    f"step {self.progress.step}: the loss is {losses[-1]}; go on from the last "
                    "checkpoint with a smaller step size"
                )
            self.progress.minutes = before + (clock() - entered) / 60
            snapshot = self.folder.snapshot_due(self.progress.tokens, size)
            if snapshot is not None:
                save_weights(self.model, snapshot)
            if _passed(self.progress.tokens, size, self.habits.evaluate):
                yield self._report(losses, clock() - since)
                losses, since = [], clock()
            if clock() - saved > 60 * self.habits.save_minutes:
                self.save()
                saved = clock()
        self.save()
        if losses and not self.stopping:
            yield self._report(losses, clock() - since)

    def save(self) -> None:
        """Write the checkpoint that a later run goes on from."""
        save_checkpoint(self.folder.checkpoint, self.model, self.optimisers, self.progress)

    def _keep_before_decay(self) -> None:
        place = self.folder.before_decay
        if find_checkpoint(place) is None:
            save_checkpoint(place, self.model, self.optimisers, self.progress)

    def _report(self, losses: list[float], seconds: float) -> dict[str, Any]:
        held_out = self.held_out_loss()
        tokens = len(losses) * self.settings.tokens_a_step
        line = {
            "tokens": self.progress.tokens,
            "loss": round(sum(losses) / len(losses), 4),
            "held_out_loss": round(held_out, 4),
            "held_out_perplexity": round(math.exp(held_out), 2),
            "tokens_per_second": round(tokens / max(seconds, 1e-9)),
            "minutes": round(self.progress.minutes, 2),
        }
        self.folder.write_log(line)
        return line


def _passed(tokens: int, step: int, every: int) -> bool:
    """Whether the last step crossed a multiple of `every`.

    >>> _passed(1000, 300, 500), _passed(1200, 100, 500)
    (True, False)
    """
    return tokens // every > (tokens - step) // every
