"""The aligned tokens of N texts: what the decoding of their vectors gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class AlignedTokens:
    """Token ids and logits, highest logit first.

    Attributes:
        ids: ``(N, K)`` int32.
        logits: ``(N, K)`` float32.
    """

    ids: np.ndarray
    logits: np.ndarray

    def __post_init__(self) -> None:
        if self.ids.shape != self.logits.shape or self.ids.ndim != 2:
            raise ValueError(f"ids {self.ids.shape} and logits {self.logits.shape} do not match")

    def __len__(self) -> int:
        return len(self.ids)

    def top(self, k: int) -> AlignedTokens:
        """The first k of each text.

        >>> both = AlignedTokens(np.array([[7, 3]]), np.array([[2.0, 1.0]]))
        >>> both.top(1).ids.tolist()
        [[7]]
        """
        return AlignedTokens(self.ids[:, :k], self.logits[:, :k])

    def strings(self, tokenizer: Any) -> list[list[str]]:
        """Each token as the tokenizer decodes it alone, ``N`` lists of ``K``."""
        named = token_strings(tokenizer, np.unique(self.ids))
        return [[named[int(i)] for i in row] for row in self.ids]

    def frame(self, tokenizer: Any) -> pd.DataFrame:
        """A tidy frame: text, rank (from 1), id, token, logit."""
        n, k = self.ids.shape
        strings = self.strings(tokenizer)
        return pd.DataFrame(
            {
                "text": np.repeat(np.arange(n), k),
                "rank": np.tile(np.arange(1, k + 1), n),
                "id": self.ids.ravel(),
                "token": [token for row in strings for token in row],
                "logit": self.logits.ravel(),
            }
        )


def token_strings(tokenizer: Any, ids: np.ndarray) -> dict[int, str]:
    """Token id -> ``tokenizer.decode([id])``."""
    return {int(i): tokenizer.decode([int(i)]) for i in ids}
