"""Is an aligned token about its text even where the text does not hold it? Another model judges.

The judge embeds the token's string alone, and the text. A token is *related* where its own text is
among the nearest few percent of all texts to it. So a token that is near every text gains nothing,
and what chance alone gives is known beforehand. A judge only tells what two models agree on, and
one that is the embedder itself, or shares its backbone, tells nothing: that is flagged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from tokalign.embedders import Embedder, encode_stored, load_embedder
from tokalign.errors import TokalignError
from tokalign.measures.intervals import LEVEL, RESAMPLES, Interval, mean_interval
from tokalign.measures.marks import Mark, MarkedText
from tokalign.store import Store

#: A token's own text must be among this share of all texts nearest to it.
SHARE = 0.05
#: Judges where no other is given.
JUDGE = "all-minilm-l6-v2"
_RELATED: Mark = "related"
#: All marks, nearest to the text first.
MARKS = ("literal", "variant", "related", "other")


@dataclass(frozen=True)
class JudgedTexts:
    """Texts whose aligned tokens another model has looked at.

    Attributes:
        marked: As they were, but ``related`` where ``other`` was and the judge says so.
        chance: How often a token that has nothing to do with its text is called related.
        texts: Among how many texts each token's own one had to stand out.
        embedder: Whose tokens they are.
        judge: Who judged.
        circular: Whether judge and embedder share a backbone, so that the mark shows nothing.
    """

    marked: tuple[MarkedText, ...]
    chance: float
    texts: int
    embedder: str
    judge: str
    circular: bool

    def shares(self, k: int = 10, seed: int = 0) -> pd.DataFrame:
        """Which share of the top k tokens has which mark.

        Args:
            k: Tokens of each text that are counted.
            seed: Of the resampling.

        Returns:
            One row a mark: ``embedder``, ``judge``, ``circular``, ``mark``, ``texts``, ``value``,
            ``low`` and ``high`` (95 %, percentile bootstrap over texts), and ``chance``: for
            ``related`` the share that would have the mark if the judge drew lots among all that
            is neither literal nor variant; NaN for the others.
        """
        counts = self._counts(k)
        whole = np.maximum(counts.sum(axis=1, keepdims=True), 1)
        rows = []
        for place, mark in enumerate(MARKS):
            found = mean_interval(counts[:, place] / whole[:, 0], seed)
            unmatched = float((counts[:, 2:] / whole).sum(axis=1).mean())
            rows.append({"embedder": self.embedder, "judge": self.judge,
                         "circular": self.circular, "mark": mark, "texts": len(counts),
                         **vars(found),
                         "chance": self.chance * unmatched if mark == "related" else np.nan,
                         })  # fmt: skip
        return pd.DataFrame(rows)

    def unmatched(self, k: int = 10, seed: int = 0) -> Interval:
        """Of the tokens that are neither literal nor variant, the share that is related.

        To be held against `chance`. All tokens count alike, and texts are resampled whole.

        Args:
            k: Tokens of each text that are counted.
            seed: Of the resampling.

        Raises:
            TokalignError: Every token is literal or a variant.
        """
        counts = self._counts(k)[:, 2:]
        if not counts.sum():
            raise TokalignError("every token is of the text: there is none that could be related")
        value = float(counts[:, 0].sum() / counts.sum())
        if len(counts) < 2:
            return Interval(value, 0.0, 1.0)
        generator = np.random.default_rng(seed)
        drawn = counts[generator.integers(0, len(counts), (RESAMPLES, len(counts)))].sum(axis=1)
        shares = drawn[:, 0] / np.maximum(drawn.sum(axis=1), 1)
        low, high = np.quantile(shares, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return Interval(value, min(float(low), value), max(float(high), value))

    def _counts(self, k: int) -> np.ndarray:
        """Tokens of each mark, ``(texts, 4)`` int."""
        if k < 1:
            raise TokalignError(f"k must be at least 1, not {k}")
        kept = [one.marks[:k] for one in self.marked]
        return np.array([[sum(mark == m for mark in marks) for m in MARKS] for marks in kept])


def judge_related(
    marked: Sequence[MarkedText],
    texts: Sequence[str],
    *,
    embedder: Embedder,
    judge: Embedder | None = None,
    share: float = SHARE,
    store: Store | None = None,
) -> JudgedTexts:
    """Mark the tokens that are related to their text by the word of another embedder.

    A token of mark ``other`` becomes ``related`` where the cosine between its string and its own
    text is among the highest `share` of its cosines with all different texts. By construction a
    token that is given a text at random is related with probability floor(share n) / n of n texts:
    that is `JudgedTexts.chance`. If `judge` is the embedder itself, or has the same backbone, the
    mark is circular, since the tokens were chosen by the very nearness that is then judged.

    Args:
        marked: `marked_texts` of the embedder.
        texts: The texts among which a token's own one must stand out; those of `marked` are added
            where they are missing.
        embedder: Whose tokens they are.
        judge: Who judges; `all-minilm-l6-v2`, loaded on the CPU, where it is None.
        share: Between 0 and 1.
        store: Where the judge's vectors are kept.

    Raises:
        TokalignError: Nothing to judge, a share not between 0 and 1, or so few texts that the
            share is less than one of them.
    """
    every = list(dict.fromkeys([*texts, *(one.text for one in marked)]))
    if not marked:
        raise TokalignError("there are no marked texts to judge")
    if not 0 < share < 1:
        raise TokalignError(f"a share of {share}; a number between 0 and 1 is needed")
    most = int(share * len(every) + 1e-9)
    if most < 1:
        raise TokalignError(
            f"the nearest {share:.0%} of {len(every)} different texts are none at all; "
            f"at least {int(np.ceil(1 / share))} are needed"
        )
    judge = judge or load_embedder(JUDGE)
    number = {text: place for place, text in enumerate(every)}
    strings = sorted({token_string(token) for one in marked for token in one.tokens} - {""})
    near: dict[str, np.ndarray] = {}
    if strings:
        cosines = _directions(judge, strings, store) @ _directions(judge, every, store).T
        near = dict(zip(strings, cosines, strict=True))
    judged = []
    for one in marked:
        marks = list(one.marks)
        for place, (token, mark) in enumerate(zip(one.tokens, one.marks, strict=True)):
            row = near.get(token_string(token))
            # Its own text is one of those that are at least as near as itself.
            if mark == "other" and row is not None:
                own = row[number[one.text]]
                marks[place] = _RELATED if (row >= own).sum() <= most else mark
        judged.append(replace(one, marks=tuple(marks)))
    return JudgedTexts(tuple(judged), most / len(every), len(every), embedder.name, judge.name,
                       is_circular(embedder, judge))  # fmt: skip


def is_circular(embedder: Embedder, judge: Embedder) -> bool:
    """Whether two embedders are one, or made of the same model.

    Args:
        embedder: Whose tokens are judged.
        judge: Who judges.
    """
    one, other = (
        {e.recipe.checkpoint, e.recipe.head_owner, e.recipe.backbone or e.recipe.name}
        for e in (embedder, judge)
    )
    return embedder.fingerprint == judge.fingerprint or not one.isdisjoint(other)


def mark_shares(judged: Mapping[str, JudgedTexts], k: int = 10, seed: int = 0) -> pd.DataFrame:
    """`JudgedTexts.shares` of several lists of texts, put together.

    Args:
        judged: A name for each, which becomes the column ``embedder``.
        k: Tokens of each text that are counted.
        seed: Of the resampling.
    """
    parts = [one.shares(k, seed).assign(embedder=name) for name, one in judged.items()]
    return pd.concat(parts, ignore_index=True)


def token_string(token: str) -> str:
    """A token as it is given to the judge: without blanks, and without WordPiece's sign of a piece.

    >>> token_string(" treaty"), token_string("##ing")
    ('treaty', 'ing')
    """
    return token.strip().removeprefix("##")


def _directions(judge: Embedder, texts: Sequence[str], store: Store | None) -> np.ndarray:
    """Vectors of length 1, ``(N, d)``."""
    vectors = encode_stored(judge, texts, store).vectors.astype(np.float64)
    made: np.ndarray = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return made
