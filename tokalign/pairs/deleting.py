"""Which word holds a pair together, or apart? Take each word away and look at the cosine.

This is the causal measure that the split over tokens is held against. What it does not tell: a
text with a hole in it is no text that anyone wrote, and any deletion shortens it. So the words that
were changed stand beside all others of the same pairs.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from tokalign.embedders import Embedder, encode_stored
from tokalign.measures import cosines
from tokalign.measures.deletion import without_spans
from tokalign.pairs.cosines import pair_vectors
from tokalign.pairs.estimates import (
    Estimate,
    Statistic,
    estimates,
    weighted_mean,
    weighted_spearman,
)
from tokalign.pairs.marked import MarkedPairs
from tokalign.pairs.split import TokenSplit
from tokalign.pairs.words import SpokenWord, Vocabulary, spoken_words
from tokalign.store import Store
from tokalign.tokens import normal_form

_WHOSE = ("first", "second")
_COLUMNS = ["pair", "kind", "group", "side", "word", "changed", "shared", "content", "cosine",
            "without", "drop", "moved", "share"]  # fmt: skip


def word_effects(
    embedder: Embedder,
    pairs: MarkedPairs,
    *,
    split: TokenSplit | None = None,
    vocabulary: Vocabulary | None = None,
    store: Store | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """What the cosine of a pair loses when a word is taken out of one of its texts.

    Every occurrence of a word goes. Texts of a single word are left out, and pairs of which a text
    is longer than the model reads. It costs one embedding a word.

    Args:
        embedder: Who embeds.
        pairs: The pairs.
        split: Of the embedder's head, for what the split says; None leaves that out.
        vocabulary: Of the embedder's tokenizer; worked out where it is None.
        store: Where vectors are kept.
        progress: Show a progress bar on standard error.

    Returns:
        One row a word of a text: ``pair`` from 0, ``kind``, ``group`` of the pair, ``side``
        (``first``, ``second``: whose word it is), ``word``, ``changed`` (it is of the words that
        set the pair apart), ``shared`` (the other text has it too), ``content`` (no stop word);
        ``cosine`` of the pair, ``without`` the word, and ``drop``, the one less the other: below 0
        the word sets the texts apart; ``moved``, 1 less the cosine of the text with itself without
        the word; ``share``, what the split gives to the word's tokens, NaN without a split.

    Raises:
        TokalignError: A text that cannot be read.
    """
    texts = (pairs.first, pairs.second)
    both = pair_vectors(embedder, *texts, store=store, progress=progress)
    found, frame = _words(pairs, both[0].truncated | both[1].truncated)
    if not found:
        return frame
    remaining = [without_spans(texts[side][pair], word.spans) for pair, side, word in found]
    place = {text: i for i, text in enumerate(dict.fromkeys(remaining))}
    made = encode_stored(embedder, list(place), store, progress=progress)
    without = made.vectors[[place[text] for text in remaining]]
    number = np.array([pair for pair, _, _ in found])
    on_first = np.array([side == 0 for _, side, _ in found])[:, None]
    one, other = (side.vectors[number] for side in both)
    frame["cosine"] = cosines(both[0].vectors, both[1].vectors)[number]
    frame["without"] = cosines(without, np.where(on_first, other, one))
    frame["drop"] = frame["cosine"] - frame["without"]
    frame["moved"] = 1 - cosines(without, np.where(on_first, one, other))
    frame["share"] = np.nan
    if split is not None:
        tokens = vocabulary or Vocabulary.of(embedder.tokenizer)
        ids = [[tokens.ids([word.word])] for _, _, word in found]
        frame["share"] = split.sums(both[0].select(number), both[1].select(number), ids)[:, 0]
    return frame


def _words(
    pairs: MarkedPairs, cut: np.ndarray
) -> tuple[list[tuple[int, int, SpokenWord]], pd.DataFrame]:
    """The words of every pair that is read whole: pair, side and word; and what is known of it."""
    found, rows = [], []
    for pair in np.flatnonzero(~cut).tolist():
        words = [spoken_words(text) for text in (pairs.first[pair], pairs.second[pair])]
        marks = (pairs.changed_first[pair], pairs.changed[pair])
        for side, own in enumerate(words):
            marked = {word.form for word in spoken_words(" ".join(marks[side]))}
            opposite = {word.form for word in words[1 - side]}
            for word in own if len(own) > 1 else ():
                found.append((pair, side, word))
                rows.append(
                    {"pair": pair, "kind": pairs.kinds[pair], "group": int(pairs.groups[pair]),
                     "side": _WHOSE[side], "word": word.word, "changed": word.form in marked,
                     "shared": word.form in opposite,
                     "content": normal_form(word.word) is not None}
                )  # fmt: skip
    return found, pd.DataFrame(rows, columns=_COLUMNS)


def effects_summary(effects: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """What deletion does, and whether the split says the same.

    Args:
        effects: `word_effects`.
        seed: Of the draws.

    Returns:
        One row for each set of ``words`` (``changed``, which set a pair apart, and ``others``) and
        ``quantity``, with ``n`` words, ``value``, ``low``, ``high`` (95 %, bootstrap over groups of
        pairs) and ``chance``:

        - ``drop``: the mean of what the cosine loses;
        - ``sets apart``: the share of words without which the texts are nearer;
        - ``share``: the mean of what the split gives them;
        - ``agreement``: Spearman's correlation of ``share`` and ``drop`` over these words, 0 by
          chance; ``agreement within pairs``: the same of their ranks within the pair, so that it is
          not about which pairs have a high cosine. These three only with a split.
    """
    rows = []
    marked = effects["changed"].astype(bool)
    for words, mask in {"changed": marked, "others": ~marked}.items():
        here = effects[mask]
        for quantity, found in _quantities(here, seed).items():
            chance = 0.0 if quantity.startswith("agreement") else np.nan
            rows.append({"words": words, "quantity": quantity, "n": len(here),
                         **vars(found.interval()), "chance": chance})  # fmt: skip
    return pd.DataFrame(rows)


def _quantities(here: pd.DataFrame, seed: int) -> dict[str, Estimate]:
    """Quantity -> its estimate over some words."""
    if not len(here):
        return {}
    groups, drop, share = (here[name].to_numpy() for name in ("group", "drop", "share"))

    found: dict[str, Statistic] = {
        "drop": partial(weighted_mean, drop),
        "sets apart": partial(weighted_mean, (1 - np.sign(drop)) / 2),
    }
    if np.isfinite(share).all():
        within = (_within(here, "share"), _within(here, "drop"))
        found |= {
            "share": partial(weighted_mean, share),
            "agreement": partial(weighted_spearman, share, drop),
            "agreement within pairs": partial(weighted_spearman, *within),
        }
    return estimates(found, groups, seed)


def _within(here: pd.DataFrame, name: str) -> np.ndarray:
    """Ranks within the pair, from 0 to 1; a word that is alone stands in the middle."""
    by_pair = here.groupby("pair")[name]
    found: np.ndarray = ((by_pair.rank() - 0.5) / by_pair.transform("size")).to_numpy()
    return found
