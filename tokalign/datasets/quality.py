"""Checks on sentences that people wrote for a data set: are they all of a different build?

Sentences made from a template share their function words ("The _ of the _ is _"). Does not judge
grammar, truth or style, and knows English only.
"""

from __future__ import annotations

import importlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
# Words of scikit-learn's list that carry content.
_CONTENT = {"bill", "call", "cry", "describe", "detail", "fill", "find", "fire", "found"}
_CONTENT |= {"interest", "mill", "move", "serious", "show", "sincere", "system"}


@cache
def function_words() -> frozenset[str]:
    """List English function words: scikit-learn's stop words but for those with content.

    >>> "the" in function_words(), "fire" in function_words()
    (True, False)
    """
    # Imported when called: a module-level import would make every user of data sets pay for it.
    text = importlib.import_module("sklearn.feature_extraction.text")
    return frozenset(text.ENGLISH_STOP_WORDS) - _CONTENT


def frame(text: str) -> str:
    """Keep the function words of a text, put one blank for every run of other words.

    >>> frame("The quick brown fox jumped over the lazy dog.")
    'the _ over the _'
    """
    kept: list[str] = []
    words = function_words()
    for match in _WORD.finditer(text):
        word = match.group().lower()
        if word in words:
            kept.append(word)
        elif kept[-1:] != ["_"]:
            kept.append("_")
    return " ".join(kept)


def frames(texts: Iterable[str]) -> Counter[str]:
    """Count the frames of texts.

    >>> frames(["A cat sat.", "A dog barked loudly.", "Is it late?"]).most_common(1)
    [('a _', 2)]
    """
    return Counter(frame(text) for text in texts)


def near_duplicates(texts: Sequence[str], threshold: float = 0.6) -> list[tuple[int, int, float]]:
    """Find pairs of texts that share most of their words.

    Args:
        texts: N texts.
        threshold: Cosine of their tf-idf vectors (sublinear tf) above which a pair counts.

    Returns:
        (i, j, cosine) with i < j, the nearest first.

    >>> near_duplicates(["a red fox ran home", "the red fox ran home", "rain fell"])
    [(0, 1, 0.84)]
    """
    if len(texts) < 2:
        return []
    text = importlib.import_module("sklearn.feature_extraction.text")
    vectors = text.TfidfVectorizer(sublinear_tf=True).fit_transform(texts)
    cosines = (vectors @ vectors.T).tocoo()
    found = [
        (int(i), int(j), round(float(value), 2))
        for i, j, value in zip(cosines.row, cosines.col, cosines.data, strict=True)
        if i < j and value > threshold
    ]
    return sorted(found, key=lambda pair: (-pair[2], pair[:2]))
