"""Diagnose my embedder: what it keeps together, what it tells apart, and where its tokens show it.

One call for any embedder that can be loaded and decoded. The reading in one line follows from
stated thresholds on intervals. It is about these pairs: an embedder that is read as one thing on
short sentences may be another on long ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from tokalign.embedders import Embedder
from tokalign.measures import Interval, WordOverlap
from tokalign.measures.similarity import words
from tokalign.pairs.correlation import Judged, correlation_table, correlations
from tokalign.pairs.cosines import cosine_table, pair_vectors
from tokalign.pairs.deleting import effects_summary, word_effects
from tokalign.pairs.estimates import estimate, weighted_mean
from tokalign.pairs.gaps import ABOVE, gaps
from tokalign.pairs.marked import MarkedPairs, kind_masks
from tokalign.pairs.shared import changed_shown, shared_forms
from tokalign.pairs.split import TokenSplit
from tokalign.pairs.words import Vocabulary
from tokalign.pairs.yardstick import AS_ANY_WORD, CONTRADICTION, CONTRADICTIONS, weight_table
from tokalign.store import Store
from tokalign.tokens import Head, load_head

#: Contradictions count as kept together above this share of mismatched pairs.
TOGETHER = 0.9
APART = "tells meaning apart"
TOPICS = "keeps topics together"
NEITHER = "neither"


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """What was found of an embedder.

    Attributes:
        embedder: Its name.
        table: See `diagnose`.
        verdict: `APART`, `TOPICS` or `NEITHER`.
        reading: The verdict and what it rests on, in one line.
    """

    embedder: str
    table: pd.DataFrame
    verdict: str
    reading: str


def diagnose(
    embedder: Embedder,
    pairs: MarkedPairs,
    *,
    judged: Sequence[Judged] = (),
    head: Head | None = None,
    k: int = 10,
    store: Store | None = None,
    seed: int = 0,
    progress: bool = False,
) -> Diagnosis:
    """Look at an embedder through minimal pairs, its aligned tokens and people's judgements.

    Args:
        embedder: Loaded embedder.
        pairs: Minimal pairs with paraphrases among them.
        judged: Sets that people judged.
        head: Which head decodes; the recipe's own where it is None.
        k: How many aligned tokens of each text.
        store: Where vectors and tokens are kept.
        seed: Of all that is drawn.
        progress: Show progress bars on standard error.

    Returns:
        A table of one row a number: ``embedder``, ``part``, ``kind``, ``quantity``, ``n``,
        ``value``, ``low``, ``high`` (95 %) and ``chance``. The parts:

        - ``cosine``, ``aligned tokens`` (Jaccard index of the top k content forms) and ``words``
          (word overlap, which needs no embedder): each kind of pair, see `gaps`;
        - ``change``: how much the change of meaning weighs, see `weight_table`;
        - ``changed word``: for each kind, how often the words that set a pair apart are among the
          top k aligned words; the quantity is the list, see `changed_shown`;
        - ``deletion``: see `effects_summary`; the kind is the set of words;
        - ``people``: correlations, see `correlations`; the kind is what was judged.

    Raises:
        TokalignError: See `pair_vectors`, `gaps`, `correlations`.
    """
    head = head or load_head(embedder)
    first, second = pair_vectors(
        embedder, pairs.first, pairs.second, store=store, progress=progress
    )
    forms = shared_forms(embedder, pairs.first, pairs.second, head=head, k=k, store=store)
    tables = {
        "cosine": cosine_table(first.vectors, second.vectors),
        "aligned tokens": forms.jaccard_table(),
        "words": overlap_table(pairs),
    }
    parts = [
        _with_chance(gaps(table, pairs.kinds, pairs.groups, seed)).assign(part=part)
        for part, table in tables.items()
    ]
    vocabulary = Vocabulary.of(embedder.tokenizer)
    split = TokenSplit.of(head) if head.linear else None
    effects = word_effects(
        embedder, pairs, split=split, vocabulary=vocabulary, store=store, progress=progress
    )
    summary = effects_summary(effects, seed).rename(columns={"words": "kind"})
    shown = changed_shown(first, second, pairs, head=head, vocabulary=vocabulary, k=k, seed=seed)
    parts += [
        weight_table(effects, seed).assign(part="change"),
        _shown_table(shown, seed).assign(part="changed word"),
        summary.assign(part="deletion"),
    ]
    if judged:
        found = correlations(embedder, judged, store=store, seed=seed, progress=progress)
        people = correlation_table({embedder.name: found}, judged)
        parts.append(people.assign(part="people", chance=0.0))
    table = pd.concat(parts, ignore_index=True).assign(embedder=embedder.name)
    table = table[["embedder", "part", "kind", "quantity", "n", "value", "low", "high", "chance"]]
    verdict, why = read_table(table)
    return Diagnosis(embedder.name, table, verdict, f"{embedder.name}: {verdict} ({why})")


def read_table(table: pd.DataFrame) -> tuple[str, str]:
    """The verdict, over the contradictions (negations and antonyms) among the pairs.

    - `APART`: they weigh more than the loss of a content word: the lower bound of ``further`` is
      above 0.5.
    - `TOPICS`: they weigh less, the upper bound being below 0.5, while the pairs stay nearer than
      `TOGETHER` of the mismatched ones, by the lower bound of ``above mismatched``.
    - `NEITHER`: anything else.

    Args:
        table: Of `diagnose`.

    Returns:
        The verdict and the numbers that it rests on.

    >>> row = {"kind": "negation", "low": 0.6, "value": 0.7, "high": 0.8}
    >>> rows = [{**row, "part": "change", "quantity": "further"},
    ...         {**row, "part": "cosine", "quantity": "above mismatched"}]
    >>> read_table(pd.DataFrame(rows))[0]
    'tells meaning apart'
    """
    numbers = table[["value", "low", "high"]].to_numpy(dtype=float)
    labels = zip(table["part"], table["kind"], table["quantity"], strict=True)
    known = {label: Interval(*row) for label, row in zip(labels, numbers.tolist(), strict=True)}
    names = (CONTRADICTION, *CONTRADICTIONS)
    kind = next((name for name in names if ("change", name, "further") in known), None)
    if kind is None:
        return NEITHER, "no contradiction to judge by"
    further = known["change", kind, "further"]
    above = [known.get(("cosine", name, ABOVE)) for name in CONTRADICTIONS]
    together = min(row.low for row in above if row is not None)
    why = (
        f"a {kind} moves the text further than {further.value:.2f} ({further.low:.2f} to "
        f"{further.high:.2f}) of its other content words would if left out; it is nearer than at "
        f"least {together:.2f} of the mismatched texts"
    )
    if further.low > AS_ANY_WORD:
        return APART, why
    return (TOPICS if further.high < AS_ANY_WORD and together > TOGETHER else NEITHER), why


def overlap_table(pairs: MarkedPairs) -> np.ndarray:
    """Word overlap of every first text with every second one, ``(N, N)``: no embedder needed.

    As `WordOverlap` scores pairs, all couples at once; idf is that of the pairs themselves.
    """
    overlap = WordOverlap.fit(list(dict.fromkeys([*pairs.first, *pairs.second])))
    sides = [[words(text) for text in side] for side in (pairs.first, pairs.second)]
    known = {word: n for n, word in enumerate(sorted(frozenset().union(*sides[0], *sides[1])))}
    weight = np.array([overlap.idf(word) for word in known])
    first, second = (
        np.array([[word in text for word in known] for text in side], dtype=np.float64)
        for side in sides
    )
    shared = (first * weight) @ second.T
    whole = (first @ weight)[:, None] + (second @ weight)[None] - shared
    found: np.ndarray = shared / np.where(whole > 0, whole, 1.0)
    return found


def _with_chance(table: pd.DataFrame) -> pd.DataFrame:
    """The chance level of a mean is that of mismatched pairs; of the others, indifference."""
    mismatched = table[table["quantity"] == "mismatched"].set_index("kind")["value"]
    means = table["kind"].map(mismatched).where(table["quantity"] == "mean")
    chance = table["indifferent"].fillna(means)
    return table.drop(columns="indifferent").assign(chance=chance)


def _shown_table(shown: pd.DataFrame, seed: int) -> pd.DataFrame:
    """How often changed words show, by kind and list."""
    rows = []
    for name, lists in shown.groupby("list", sort=False):
        for kind, mask in kind_masks(lists["kind"]).items():
            here = lists[mask]
            values, groups = here["shown"].to_numpy(dtype=float), here["group"].to_numpy()
            found = estimate(partial(weighted_mean, values), groups, seed)
            rows.append({"kind": kind, "quantity": name, "n": len(here),
                         **vars(found.interval()), "chance": float(here["chance"].mean())}
                        )  # fmt: skip
    return pd.DataFrame(rows)
