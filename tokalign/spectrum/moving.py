"""What a reader needs to move lambda: tokens of a few texts as lines, beside the embedder's own.

The logits of ``h + lambda u_1`` are linear in lambda, so lines and a list of lambdas are all of it:
no vector and no head is needed any more. Does NOT draw.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tokalign.errors import TokalignError
from tokalign.measures import Mark, mark
from tokalign.spectrum.comparison import Comparison
from tokalign.spectrum.ranging import RangeTop, top_over_range
from tokalign.tokens import (
    AlignedTokens,
    VocabularyForms,
    WordForm,
    decode,
    normal_form,
    word_forms,
)

#: A range has about as many lambdas: fewer would jump, more could not be told apart on a screen.
_STOPS = 160


@dataclass(frozen=True)
class NamedTokens:
    """Tokens as they are shown beside one text.

    Attributes:
        strings: Each as the tokenizer decodes it alone.
        content: Whether each has a normal form; stop words, signs and special tokens have none.
        marks: What each is to the text, see `measures.mark`.
        words: The content words that each matches, as places in `MovingText.words`.
    """

    strings: tuple[str, ...]
    content: tuple[bool, ...]
    marks: tuple[Mark, ...]
    words: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class MovingText:
    """One text, its tokens as lines, and its tokens by the embedder.

    Attributes:
        text: The text.
        words: Character spans ``(start, end)`` of its content words, in order.
        lines: The tokens that are at the top anywhere in the range.
        named: One for each line.
        own: The embedder's own top tokens, ``(1, k)``.
        own_named: One for each of them.
    """

    text: str
    words: tuple[tuple[int, int], ...]
    lines: RangeTop
    named: NamedTokens
    own: AlignedTokens
    own_named: NamedTokens


@dataclass(frozen=True)
class Case:
    """A backbone and an embedder, with the texts on which lambda can be moved.

    Attributes:
        name: Of the two together.
        backbone: Name of the backbone, whose vectors are moved and whose head reads them.
        embedder: Name of the embedder.
        lambdas: ``(S,)`` float64, rising: where lambda can stand; all of `marks` are among them.
        m1: ``mean(h . u_1)`` of the fitted texts.
        v1: ``mean((h^ - h) . u_1)`` of the fitted texts; None without a backbone, where nothing has
            changed.
        k: How many tokens stand at the top.
        texts: One or more.
    """

    name: str
    backbone: str
    embedder: str
    lambdas: np.ndarray
    m1: float
    v1: float | None
    k: int
    texts: tuple[MovingText, ...]

    @property
    def marks(self) -> dict[str, float]:
        """The lambdas that mean something, by name: ``0``, ``-m1``, ``v1`` where it is known."""
        return _marks(self.m1, self.v1)


def _marks(m1: float, v1: float | None) -> dict[str, float]:
    return {"0": 0.0, "-m1": 0.0 - m1} | ({} if v1 is None else {"v1": v1})


def stops(marks: Sequence[float], ends: tuple[float, float] | None = None) -> np.ndarray:
    """Lambdas over a range: round numbers, and the marks as they are.

    Args:
        marks: Lambdas that must be there. A round number less than half a step from one is left
            out.
        ends: The least and the largest lambda allowed; by default half the marks' own span below
            them and a quarter of it above.

    Returns:
        ``(S,)`` float64, rising, S about 80 to 220.

    Raises:
        TokalignError: The ends are no range, or a mark is outside of it or not finite.

    >>> found = stops([0.0, -4.87])
    >>> found[[0, 1, -1]].tolist(), -4.87 in found, len(found)
    ([-7.3, -7.25, 1.2], True, 171)
    """
    least, most = float(min(marks)), float(max(marks))
    span = most - least or 1.0
    low, high = ends or (least - span / 2, most + span / 4)
    if not (math.isfinite(high - low) and low < high and low <= least and most <= high):
        raise TokalignError(
            f"lambdas from {low:g} to {high:g}; a range is needed that holds {least:g} and {most:g}"
        )
    wanted = (high - low) / _STOPS
    power = math.floor(math.log10(wanted))
    step = next(x * 10.0**power for x in (1, 2, 5, 10) if x >= 0.75 * wanted / 10.0**power)
    rounds = np.round(np.arange(math.ceil(low / step), math.floor(high / step) + 1) * step, -power)
    apart = np.abs(rounds[:, None] - np.asarray(marks)).min(axis=1)
    return np.unique(np.concatenate([rounds[apart >= step / 2], marks]) + 0.0)


def slider_case(
    comparison: Comparison,
    texts: Sequence[str],
    chosen: Sequence[int] | np.ndarray,
    *,
    k: int = 10,
    ends: tuple[float, float] | None = None,
) -> Case:
    """All that is needed to move lambda for a backbone and an embedder.

    Args:
        comparison: The two, on N texts; u_1, m_1 and v_1 come from its fitted half.
        texts: These N texts.
        chosen: Indices of the texts to be shown, of its scored half.
        k: How many tokens stand at the top.
        ends: See `stops`.

    Raises:
        TokalignError: Another number of texts, no text is chosen, or one outside the scored half;
            or what `top_over_range` and `stops` raise for.

    Source: arXiv 2406.17378 for ``h + lambda u_1``.
    """
    rows = np.asarray(chosen, dtype=np.int64)
    if len(texts) != len(comparison.h):
        raise TokalignError(f"{len(texts)} texts for a comparison of {len(comparison.h)}")
    if not len(rows) or (outside := sorted(set(rows.tolist()) - set(comparison.scored.tolist()))):
        what = f"text {outside[0]} is not of the scored half" if len(rows) else "no text is chosen"
        raise TokalignError(f"{what}; allowed: one or more of Comparison.scored")
    backbone = comparison.backbone
    v1 = None if backbone is None else comparison.v1
    lambdas = stops(list(_marks(comparison.m1, v1).values()), ends)
    tokenizer = (backbone or comparison.embedder).tokenizer
    forms = VocabularyForms.from_tokenizer(tokenizer)
    own = decode(comparison.changed.select(rows), comparison.own_head, k)
    found = []
    for place, row in enumerate(rows):
        text, h = texts[row], comparison.h.select(rows[[place]])
        lines = top_over_range(comparison.head, h, comparison.u1, lambdas, k)
        one = AlignedTokens(own.ids[[place]], own.logits[[place]])
        words = word_forms(text, tokenizer)
        found.append(
            MovingText(
                text=text,
                words=tuple((word.start, word.end) for word in words),
                lines=lines,
                named=_named(text, lines.ids, words, forms, tokenizer),
                own=one,
                own_named=_named(text, one.ids[0], words, forms, tokenizer),
            )
        )
    embedder = comparison.embedder
    return Case(
        name=comparison.name,
        backbone=embedder.name if backbone is None else str(embedder.recipe.backbone),
        embedder=embedder.name,
        lambdas=lambdas,
        m1=comparison.m1,
        v1=v1,
        k=found[0].lines.k,
        texts=tuple(found),
    )


def _named(
    text: str,
    ids: np.ndarray,
    words: Sequence[WordForm],
    vocabulary: VocabularyForms,
    tokenizer: Any,
) -> NamedTokens:
    marked = mark(text, ids.tolist(), [0.0] * len(ids), tokenizer)
    content = tuple((vocabulary.of[ids] >= 0).tolist())
    forms = [normal_form(token) for token in marked.tokens]
    matched = tuple(
        tuple(place for place, word in enumerate(words) if form in word.matches) for form in forms
    )
    return NamedTokens(marked.tokens, content, marked.marks, matched)
