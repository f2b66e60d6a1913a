"""The course of the step size: warm-up, a plateau, then a straight line down to zero.

The end is a number of tokens or a moment of the clock, so that a run can be brought to a good end
when the time is up. What was saved just before the descent can be trained on for longer.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """Step sizes over a run, as factors of the highest.

    Attributes:
        warmup: Tokens over which the factor rises from 0 to 1.
        tokens: Tokens at which the run ends; None where the clock ends it.
        began: Clock time in seconds that counts as the start, used with `deadline`.
        deadline: Clock time in seconds at which the run ends.
        decay: Share of the run over which the factor falls to 0.

    >>> by_tokens = Schedule(warmup=100, tokens=1000, decay=0.25)
    >>> [by_tokens.factor(t, now=0) for t in (0, 50, 100, 749, 875, 1000)]
    [0.0, 0.5, 1.0, 1.0, 0.5, 0.0]
    >>> by_clock = Schedule(warmup=0, began=0, deadline=100, decay=0.25)
    >>> [by_clock.factor(7, now) for now in (10, 75, 90, 100, 101)]
    [1.0, 1.0, 0.4, 0.0, 0.0]
    """

    warmup: int
    tokens: int | None = None
    began: float | None = None
    deadline: float | None = None
    decay: float = 0.25

    def __post_init__(self) -> None:
        by_clock = (self.began is not None, self.deadline is not None)
        if by_clock not in ((True, True), (False, False)) or by_clock[0] == bool(self.tokens):
            raise ValueError("a schedule ends by tokens, or by a deadline with its start")
        if not 0 <= self.decay <= 1:
            raise ValueError(f"decay must be a share from 0 to 1, not {self.decay}")

    def left(self, tokens: int, now: float) -> float:
        """What is left of the run, as a share of it: 1 at its start, 0 at its end."""
        if self.tokens is not None:
            return max(0.0, 1 - tokens / self.tokens)
        began, deadline = self.began or 0.0, self.deadline or 0.0
        return max(0.0, (deadline - now) / max(deadline - began, 1e-9))

    def descending(self, tokens: int, now: float) -> bool:
        """Whether the descent has begun."""
        return self.left(tokens, now) < self.decay

    def finished(self, tokens: int, now: float) -> bool:
        """Whether the run is over."""
        return self.left(tokens, now) <= 0

    def factor(self, tokens: int, now: float, step: int = 0) -> float:
        """The factor of the step size.

        Args:
            tokens: Tokens trained on so far.
            now: Clock time in seconds.
            step: Tokens of the step to come, counted in the rise: the first step is not lost.
        """
        rise = min(1.0, (tokens + step) / self.warmup) if self.warmup else 1.0
        fall = min(1.0, self.left(tokens, now) / self.decay) if self.decay else 1.0
        return min(rise, fall)
