"""The overlap of vectors, whatever made them, with their texts: one number a text.

`measurement` measures an embedder as it is; here the vectors may have been adjusted, filtered or
pooled otherwise, so nothing is stored and no chance level is made of random heads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from tokalign.embedders import Embeddings
from tokalign.errors import TokalignError
from tokalign.measures.chance import derangements
from tokalign.measures.measurement import content_literals
from tokalign.measures.overlap import LAR, Hit
from tokalign.measures.ranks import Literals, Ranks, ranks
from tokalign.tokens import Head, VocabularyForms, decode, decode_forms


class VectorOverlap:
    """Texts, ready to be looked for in what their vectors decode to.

    Args:
        texts: N texts.
        tokenizer: Of the head.
        k: K of Hit@K, and how many tokens are looked at as they stand.
        seed: Of the derangements that give chance levels.

    Raises:
        TokalignError: A text has no token, or k is less than 1.
    """

    def __init__(self, texts: Sequence[str], tokenizer: Any, k: int = 10, seed: int = 0) -> None:
        if k < 1:
            raise TokalignError(f"k must be at least 1, not {k}")
        ids = tokenizer(list(texts), verbose=False)["input_ids"]
        if empty := [number for number, row in enumerate(ids, 1) if not row]:
            raise TokalignError(f"text {empty[0]} is empty: it has no literal tokens to look for")
        self.k, self.n = k, len(ids)
        self._tokens = Literals.of_ids(ids)
        self._forms = VocabularyForms.from_tokenizer(tokenizer)
        words = content_literals(texts, tokenizer, self._forms)
        self._having = np.flatnonzero(words.cutoff > 0)
        self._words = Literals(
            [words.items[i] for i in self._having], [words.matches[i] for i in self._having],
            words.cutoff[self._having],
        )  # fmt: skip
        self._deranged = derangements(len(self._having), seed=seed)

    def per_text(
        self, embeddings: Embeddings, head: Head, *, swapped: bool = False
    ) -> pd.DataFrame:
        """Measure vectors.

        Args:
            embeddings: N vectors, in the order of the texts.
            head: Who decodes them.
            swapped: See `Head.refuse`.

        Returns:
            One row a text:

            - ``hit``, ``lar``: over all tokens, as the paper counts;
            - ``content_hit``, ``content_lar``: over content words, what carries no content being
              taken out of the list first;
            - ``raw_hit``: whether one of the first k tokens as they stand matches a content word;
            - ``non_content``: the share of these k that carry no content;
            - ``content_hit_chance``, ``raw_hit_chance``: the same with other texts' lists, the mean
              over the derangements; NaN for a single text.

            The content columns are NaN for a text without a content word.

        Raises:
            TokalignError: Another number of vectors, or what `decode` raises for.
        """
        if len(embeddings) != self.n:
            raise TokalignError(f"{len(embeddings)} vectors for {self.n} texts")
        depth = max(self.k, int(self._tokens.cutoff.max()))
        ids = decode(embeddings, head, depth, swapped=swapped).ids
        deep = max(self.k, int(self._words.cutoff.max(initial=0)))
        forms = decode_forms(embeddings, head, self._forms, deep, swapped=swapped)[self._having]
        raw = self._forms.of[ids[:, : self.k]]
        standing = self._as_they_stand(raw[self._having])
        tokens, words = ranks(self._tokens, ids), ranks(self._words, forms)
        whole = pd.DataFrame(
            {"hit": self._hits(tokens), "lar": LAR().per_text(tokens),
             "non_content": (raw < 0).mean(axis=1)}
        )  # fmt: skip
        about_words = pd.DataFrame(
            {
                "content_hit": self._hits(words),
                "content_lar": LAR().per_text(words),
                "raw_hit": self._hits(ranks(self._words, standing)),
                "content_hit_chance": self._chance(forms),
                "raw_hit_chance": self._chance(standing),
            },
            index=self._having,
        )
        return whole.join(about_words).astype(float)

    def _hits(self, found: Ranks) -> np.ndarray:
        return Hit(self.k).per_text(found).astype(float)

    def _chance(self, lists: np.ndarray) -> np.ndarray:
        if not self._deranged:
            return np.full(len(lists), np.nan)
        hits = [self._hits(ranks(self._words, lists, order)) for order in self._deranged]
        mean: np.ndarray = np.mean(hits, axis=0)
        return mean

    def _as_they_stand(self, raw: np.ndarray) -> np.ndarray:
        """Lists without a form twice: what has none, or stood before, is given one of nothing."""
        nothing = max(int(raw.max(initial=0)), self._words.nothing) + 1
        made = np.arange(nothing, nothing + raw.shape[1])[None].repeat(len(raw), axis=0)
        for row, given in zip(made, raw, strict=True):
            values, first = np.unique(given, return_index=True)
            kept = values >= 0
            row[first[kept]] = values[kept]
        return made
