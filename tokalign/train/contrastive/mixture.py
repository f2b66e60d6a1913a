"""The batch of a step: all examples of one kind, by the step's number and the seed alone.

So a run goes on anywhere without a random state of its own. A batch of one kind keeps its anchors
comparable: nobody tells a query from a sentence by its style.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tokalign.errors import TokalignError
from tokalign.train.contrastive.examples import Example, read_examples
from tokalign.train.contrastive.plans import Source


@dataclass(frozen=True)
class Batch:
    """Examples of one source.

    Attributes:
        source: Where they come from, and how their sides are read.
        examples: B examples.
    """

    source: Source
    examples: tuple[Example, ...]

    @property
    def anchors(self) -> list[str]:
        """B texts."""
        return [example.anchor for example in self.examples]

    @property
    def candidates(self) -> list[str]:
        """The B positives, then the hard negatives of those that have one."""
        negatives = [e.negative for e in self.examples if e.negative is not None]
        return [e.positive for e in self.examples] + (negatives if self.source.negatives else [])


class Mixture:
    """Sources of examples in fixed proportions.

    Args:
        sources: What is mixed.
        examples: For each source's name its examples.
        seed: Of the order.

    Raises:
        TokalignError: A source has no examples.
    """

    def __init__(
        self, sources: Sequence[Source], examples: Mapping[str, Sequence[Example]], seed: int
    ) -> None:
        for source in sources:
            if not examples.get(source.name):
                raise TokalignError(f"there are no examples of kind {source.name}")
        self.sources, self.examples, self.seed = tuple(sources), examples, seed
        shares = np.array([source.share for source in sources])
        self._shares = shares / shares.sum()

    @classmethod
    def read(cls, sources: Sequence[Source], folder: Path, seed: int) -> Mixture:
        """The same from a folder with a file ``<kind>.jsonl`` for each source."""
        found = {
            s.name: read_examples(folder / f"{s.name}.jsonl", without=s.without) for s in sources
        }
        return cls(sources, found, seed)

    def batch(self, step: int, size: int) -> Batch:
        """The examples of a step; fewer than `size` where a source has no more."""
        draw = np.random.default_rng([self.seed, step])
        source = self.sources[int(draw.choice(len(self.sources), p=self._shares))]
        held = self.examples[source.name]
        rows = draw.choice(len(held), size=min(size, len(held)), replace=False, shuffle=False)
        return Batch(source, tuple(held[int(row)] for row in rows))
