"""Checks of an embedder's vectors: does the model do what its entry says, whatever the batch?

Each gives a figure beside what is allowed. The check of the head is in `tokens.checks`; the
comparison with sentence-transformers in `sentence_transformers_check`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tokalign.embedders.encoding.embedder import Embedder
from tokalign.embedders.loading.probes import sees_later_tokens

#: Texts of very different length, with other scripts.
CHECK_TEXTS = (
    "The committee agreed on the new climate treaty in November after long talks.",
    "Parrots",
    "Two games were released in March 2003 across Europe and South America, he said.",
    "Gr\u00f6\u00dfe, na\u00efvet\u00e9, \u6771\u4eac \u0438 \u043c\u043e\u0440\u0435",
    'He said: "music".',
    "language of the sea and of the birds, " * 4,
    "bananas and apples",
    "a",
)
#: Largest distance that rounding may make, in lengths of a vector. Half precision keeps three
#: digits or two in every layer, so that only gross mistakes show in it.
_ROUNDING = {"float32": 1e-5, "float16": 1e-2}
_ROUNDING_ELSE = 5e-2
#: Smallest distance between the vectors of different texts, in their lengths.
_APART = 1e-4


@dataclass(frozen=True)
class Check:
    """What one check found.

    Attributes:
        name: What was checked.
        passed: Whether it is as it should be; true also where there is nothing to compare.
        value: The figure found, or in words.
        allowed: What it would have had to be.
        compared: Whether there was anything to compare.
    """

    name: str
    passed: bool
    value: float | str
    allowed: str
    compared: bool = True

    @classmethod
    def at_most(cls, name: str, value: float, bound: float, what: str = "") -> Check:
        """A check that a distance does not exceed a bound; NaN does.

        >>> Check.at_most("padding", float("nan"), 1e-5).passed
        False
        """
        return cls(name, bool(value <= bound), value, f"at most {bound:g}{what}")

    @classmethod
    def nothing(cls, name: str, why: str, allowed: str) -> Check:
        """A check that there is nothing for, and why."""
        return cls(name, True, f"not compared: {why}", allowed, compared=False)


def rounding(dtype: str) -> float:
    """The largest distance that rounding may make in a precision, in lengths of a vector.

    >>> rounding("float32"), rounding("bfloat16")
    (1e-05, 0.05)
    """
    return _ROUNDING.get(dtype, _ROUNDING_ELSE)


def distance(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest distance between two rows, in lengths of the expected one.

    >>> distance(np.array([[3.0, 4.0]]), np.array([[3.0, 5.0]])) < 0.2
    True
    """
    if found.shape != expected.shape:
        return float("inf")
    lengths = np.maximum(np.linalg.norm(expected, axis=1), 1e-12)
    return float((np.linalg.norm(found - expected, axis=1) / lengths).max())


def check_attention_kind(embedder: Embedder) -> Check:
    """Whether attention is what the entry says, without padding and with it."""
    found = [
        "bidirectional" if sees_later_tokens(embedder.model, padded=padded) else "causal"
        for padded in (False, True)
    ]
    said = embedder.recipe.attention
    value = said if found == [said, said] else f"{found[0]}, with padding {found[1]}"
    return Check("attention", found == [said, said], value, f"{said}, with padding too")


def check_vectors(embedder: Embedder) -> list[Check]:
    """Whether padding and batches change nothing, and vectors are finite and of their text.

    Raises:
        TokalignError: A vector is not finite, or the recipe asks for a token that is not there.
    """
    bound = rounding(embedder.dtype)
    alone = embedder.encode(CHECK_TEXTS, batch_size=1).vectors
    together = embedder.encode(CHECK_TEXTS, batch_size=len(CHECK_TEXTS)).vectors
    left = embedder.encode(CHECK_TEXTS, batch_size=len(CHECK_TEXTS), padding_side="left").vectors
    checks = [
        Check.at_most("batch size", distance(together, alone), bound),
        Check.at_most("padding side", distance(left, alone), bound),
    ]
    lengths = np.linalg.norm(alone, axis=1)
    apart = np.linalg.norm(alone[:, None] - alone[None], axis=2) / max(float(lengths.max()), 1e-12)
    nearest = float(apart[~np.eye(len(alone), dtype=bool)].min())
    checks.append(
        Check("different texts", nearest > _APART, nearest, f"more than {_APART:g} apart")
    )
    return checks
