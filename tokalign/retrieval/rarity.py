"""Where aligned tokens fail: queries with words that the vocabulary does not know whole.

A word that the tokenizer cuts into pieces has no token of its own, and the pieces say little of it.
Ram et al. (arXiv 2212.10380) found that dense retrievers forget rare names: token amnesia.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from tokalign.errors import TokalignError
from tokalign.measures.intervals import mean_interval
from tokalign.retrieval.evaluation import Evaluation
from tokalign.tokens import normal_form

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
#: A query by how many of its content words are cut.
GROUPS = ("no word is cut up", "one is", "two or more are")


def cut_words(text: str, tokenizer: Any) -> list[str]:
    """The content words of a text that have no token of their own, in order.

    Args:
        text: Raw text.
        tokenizer: Who cuts; a word is looked up with a blank in front of it.
    """
    found = []
    for match in _WORD.finditer(text):
        word = match.group()
        if normal_form(word) is None:
            continue
        pieces = tokenizer.encode(" " + word, add_special_tokens=False)
        # A bare mark of a blank is no piece of the word.
        if sum(bool(tokenizer.decode([i]).strip(" ▁Ġ")) for i in pieces) > 1:
            found.append(word)
    return found


def by_cut_words(
    evaluations: Mapping[str, Evaluation],
    queries: Sequence[str],
    tokenizer: Any,
    measure: str = "nDCG@10",
    seed: int = 0,
) -> pd.DataFrame:
    """What runs are worth for queries without cut words, with one, with more.

    Args:
        evaluations: Run -> what it is worth, over the same Q queries.
        queries: The Q queries as they were written.
        tokenizer: Who cuts.
        measure: Of the evaluations.
        seed: Of the intervals.

    Returns:
        run, group (of `GROUPS`; those without a query are left out), n, value, low, high; the
        interval is missing where a group has a single query.

    Raises:
        TokalignError: An evaluation has another number of queries.
    """
    cut = np.array([min(len(cut_words(text, tokenizer)), 2) for text in queries], dtype=np.int64)
    rows = []
    for run, found in evaluations.items():
        values = found.values(measure)
        if len(values) != len(cut):
            raise TokalignError(f"{run} judges {len(values)} queries, but {len(cut)} were given")
        for number, group in enumerate(GROUPS):
            here = values[cut == number]
            if len(here) > 1:
                rows.append({"run": run, "group": group, "n": len(here),
                             **vars(mean_interval(here, seed))})  # fmt: skip
            elif len(here):
                rows.append({"run": run, "group": group, "n": 1, "value": float(here[0]),
                             "low": np.nan, "high": np.nan})  # fmt: skip
    return pd.DataFrame(rows, columns=["run", "group", "n", "value", "low", "high"])
