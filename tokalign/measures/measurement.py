"""Measure how well an embedder's aligned tokens cover its texts: value, interval, chance.

Two views of the same texts: all tokens as the paper counts them, and content words, where case,
inflection, function words and punctuation no longer count.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tokalign.embedders import Embedder
from tokalign.embedders.encoding.tokenising import check_text
from tokalign.errors import TokalignError
from tokalign.measures.chance import derangements
from tokalign.measures.overlap import GAR, LAR, Hit, Metric
from tokalign.measures.ranks import Literals, Ranks, ranks
from tokalign.store import Store
from tokalign.tokens import (
    Head,
    VocabularyForms,
    aligned_tokens,
    literal_words,
    load_head,
    ranked_forms,
)


@dataclass(frozen=True)
class Overlap:
    """The ranks of the literal items in their own lists and in lists that know nothing of them.

    Attributes:
        own: Each text with its own list.
        others: Each text with another text's list, once for each derangement.
        random_head: Each text with its own vector decoded by a random head.
        texts: ``(n,)`` indices of the texts that have any item.
    """

    own: Ranks
    others: tuple[Ranks, ...]
    random_head: Ranks
    texts: np.ndarray

    def select(self, chosen: np.ndarray) -> Overlap:
        """The same for some texts, ``(N,)`` bool over all texts measured."""
        inside = chosen[self.texts]
        return Overlap(
            self.own.select(inside),
            tuple(other.select(inside) for other in self.others),
            self.random_head.select(inside),
            self.texts[inside],
        )

    def summary(self, metric: Metric, seed: int = 0) -> dict[str, float | None]:
        """``value``, ``low``, ``high``, ``chance``, ``chance_random_head`` of one metric.

        ``chance`` is None where there is no other text whose list could be given.
        """
        if not self.own.texts:
            return dict.fromkeys(("value", "low", "high", "chance", "chance_random_head"))
        found = metric.interval(self.own, seed)
        chance = [metric.value(other) for other in self.others]
        return {
            "value": found.value,
            "low": found.low,
            "high": found.high,
            "chance": float(np.mean(chance)) if chance else None,
            "chance_random_head": metric.value(self.random_head),
        }


@dataclass(frozen=True)
class Measurement:
    """All overlaps of one embedder on one list of texts.

    Attributes:
        embedder: Its name.
        k: K of Hit@K.
        seed: Of derangements, random head and intervals.
        tokens: Overlap of token ids, special tokens in.
        content: Overlap of content words.
    """

    embedder: str
    k: int
    seed: int
    tokens: Overlap
    content: Overlap

    def _views(self) -> dict[str, tuple[Overlap, tuple[Metric, ...]]]:
        plain: tuple[Metric, ...] = (Hit(self.k), LAR(), GAR())
        cut: tuple[Metric, ...] = (Hit(self.k), LAR(self.k), GAR(self.k))
        return {
            "tokens": (self.tokens, plain),
            "content": (self.content, plain),
            "as_published": (self.tokens, cut),
        }

    def summary(self) -> dict[str, Any]:
        """The document of ``tokalign measure``: three metrics, and the same under two views."""
        found = {
            view: {m.key: overlap.summary(m, self.seed) for m in metrics}
            for view, (overlap, metrics) in self._views().items()
        }
        return {
            "k": self.k,
            "n": self.tokens.own.texts,
            **found["tokens"],
            "content": {"n": self.content.own.texts, **found["content"]},
            "as_published": found["as_published"],
        }

    def frame(self) -> pd.DataFrame:
        """A tidy frame: embedder, view, metric, n, value, low, high and the two chance levels."""
        rows = [
            {"embedder": self.embedder, "view": view, "metric": str(m), "n": overlap.own.texts,
             **overlap.summary(m, self.seed)}
            for view, (overlap, metrics) in self._views().items()
            for m in metrics
        ]  # fmt: skip
        return pd.DataFrame(rows)

    def by_label(self, labels: Sequence[str]) -> pd.DataFrame:
        """`frame` for the texts of each label, with a column ``label``.

        Args:
            labels: One a text, in the order of the texts measured.
        """
        if len(labels) != self.tokens.own.texts:
            raise ValueError(f"{len(labels)} labels for {self.tokens.own.texts} texts")
        given = np.asarray(labels)
        parts = [
            Measurement(self.embedder, self.k, self.seed,
                        self.tokens.select(given == label), self.content.select(given == label))
            .frame().assign(label=label)
            for label in sorted(set(labels))
        ]  # fmt: skip
        return pd.concat(parts, ignore_index=True)


def measure(
    embedder: Embedder,
    texts: Sequence[str],
    *,
    k: int = 10,
    seed: int = 0,
    head: Head | None = None,
    store: Store | None = None,
    progress: bool = False,
) -> Measurement:
    """Measure one embedder on texts.

    Args:
        embedder: Loaded embedder.
        texts: N texts.
        k: K of Hit@K.
        seed: Of derangements, random head and intervals.
        head: Which head decodes; the recipe's own where it is None.
        store: Where vectors and aligned tokens are kept; nothing is kept where it is None.
        progress: Show progress bars on standard error.

    Returns:
        Ranks of all literal items, from which every metric follows.

    Raises:
        TokalignError: No texts, k less than 1, a text that is not valid Unicode or of which the
            tokenizer makes no token, or logits that are not finite.
    """
    if not len(texts):
        raise TokalignError("there is no text to measure")
    if k < 1:
        raise TokalignError(f"k must be at least 1, not {k}")
    for number, text in enumerate(texts, 1):
        check_text(text, number)
    if store is None:
        # Four lists are made of the same vectors: without any store each would embed anew.
        with tempfile.TemporaryDirectory() as folder:
            passing = Store(Path(folder))
            return measure(
                embedder, texts, k=k, seed=seed, head=head, store=passing, progress=progress
            )
    head = head or load_head(embedder)
    tokenizer = embedder.tokenizer
    ids = tokenizer(list(texts), verbose=False)["input_ids"]
    if empty := [i + 1 for i, row in enumerate(ids) if not row]:
        raise TokalignError(f"text {empty[0]} is empty: it has no literal tokens to look for")
    literals = Literals.of_ids(ids)
    deranged = derangements(len(texts), seed=seed)
    depth = max(k, int(literals.cutoff.max()))
    random = head.random(seed)
    aligned = aligned_tokens(embedder, head, texts, depth, store, progress=progress)
    tokens = _overlap(
        literals,
        aligned.ids,
        aligned_tokens(embedder, random, texts, depth, store).ids,
        deranged,
        np.arange(len(texts)),
    )
    forms = VocabularyForms.from_tokenizer(tokenizer)
    words = content_literals(texts, tokenizer, forms)
    having = np.flatnonzero(words.cutoff > 0)
    chosen = Literals(
        [words.items[i] for i in having], [words.matches[i] for i in having], words.cutoff[having]
    )
    depth = max(k, int(words.cutoff.max()))
    own, other = (ranked_forms(embedder, h, forms, texts, depth, store)[having]
                  for h in (head, random))  # fmt: skip
    content = _overlap(chosen, own, other, derangements(len(having), seed=seed), having)
    return Measurement(embedder.name, k, seed, tokens, content)


def content_literals(texts: Sequence[str], tokenizer: Any, forms: VocabularyForms) -> Literals:
    """The content words of texts as items; the cut-off is the number of different ones.

    Words that no token can match (another script, say) count as items all the same.
    """
    number = dict(forms.number)
    items, matches = [], []
    for text in texts:
        words = literal_words(text, tokenizer)
        items.append(np.array([number.setdefault(w.form, len(number)) for w in words], np.int64))
        known = [sorted(forms.number[f] for f in w.matches if f in forms.number) for w in words]
        matches.append([np.array(row, dtype=np.int64) for row in known])
    return Literals(items, matches, np.array([len(row) for row in items], dtype=np.int64))


def _overlap(
    literals: Literals,
    own: np.ndarray,
    random_head: np.ndarray,
    deranged: Sequence[np.ndarray],
    texts: np.ndarray,
) -> Overlap:
    return Overlap(
        ranks(literals, own),
        tuple(ranks(literals, own, order) for order in deranged),
        ranks(literals, random_head),
        texts,
    )
