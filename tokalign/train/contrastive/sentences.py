"""Paragraphs -> sentences that the rules can work on.

The end of a sentence is found as for the data set ``wiki``. What looks like a heading, a list, a
gap left by removed markup, or is very short or long, is left out; nothing is repaired.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tokalign.datasets.wiki import first_sentence

#: Words of a sentence that is worth a training example.
SHORTEST, LONGEST = 6, 36

_START = re.compile(r"[\"'“‘]?[A-Z0-9]")
#: What markup leaves behind when it is taken out: "( , pronounced )", "the of", a doubled comma.
_GAP = re.compile(r"\(\s*[,;:)]|[,;]\s*[,;.)]|\s[,;.]|\(\)|\bpronounced \)|  ")
_ODD = re.compile(r"[|{}<>\[\]=*#\\^_~]|https?:|www\.")


def split_sentences(paragraph: str) -> Iterator[str]:
    """Yield the sentences of a paragraph in order.

    >>> list(split_sentences("Dr. Bell was a poet. He died in Ayr (b. 1901). It rained."))
    ['Dr. Bell was a poet.', 'He died in Ayr (b. 1901).', 'It rained.']
    """
    rest = paragraph.strip()
    while rest:
        sentence = first_sentence(rest, least=1)
        yield sentence
        rest = rest[len(sentence) :].strip()


def is_usable(sentence: str) -> bool:
    """Whether a sentence is whole, of middle length, plain text and mostly of Latin letters.

    >>> is_usable("The band released their second album in 1995.")
    True
    >>> [is_usable(s) for s in ("See also.", "The town ( , pronounced ) is in the far north.")]
    [False, False]
    """
    words = sentence.split()
    if not SHORTEST <= len(words) <= LONGEST or not _START.match(sentence):
        return False
    if sentence[-1] not in ".!?" and sentence[-2:] not in ('."', ".'", ".”"):
        return False
    if sentence.count("(") != sentence.count(")") or sentence.count('"') % 2:
        return False
    if _GAP.search(sentence) or _ODD.search(sentence):
        return False
    plain = sum(c.isascii() for c in sentence)
    return plain >= 0.95 * len(sentence)
