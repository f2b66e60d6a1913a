"""Shifted windows: two pieces of one paragraph that overlap in part, words dropped in each.

Neither as easy as the same words twice, nor as vague as two neighbouring pieces: of the tasks
tried on small models, the one that brought content words out best.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from tokalign.train.contrastive.examples import Example
from tokalign.train.corpus import Article

#: Words of a window, by how many the second begins later, and the share dropped in each.
SIZE = 24
SHIFTS = (6, 12, 18, 21)
DROPPED = 0.25


def shifted_windows(words: list[str], draw: random.Random) -> tuple[str, str] | None:
    """Cut two windows out of a paragraph.

    Args:
        words: The words of the paragraph, in order.
        draw: Decides where, how far apart, and what is dropped.

    Returns:
        The two; None where the paragraph is too short for them.

    >>> first, second = shifted_windows([str(n) for n in range(60)], random.Random(0))
    >>> len(first.split()), 0 < len({*first.split()} & {*second.split()}) < 18
    (18, True)
    >>> shifted_windows(["short"], random.Random(0))
    """
    shift = draw.choice(SHIFTS)
    room = len(words) - SIZE - shift
    if room < 0:
        return None
    start = draw.randint(0, room)
    first, second = words[start : start + SIZE], words[start + shift : start + shift + SIZE]
    return _thinned(first, draw), _thinned(second, draw)


def _thinned(words: list[str], draw: random.Random) -> str:
    count = len(words) - int(DROPPED * len(words))
    return " ".join(words[place] for place in sorted(draw.sample(range(len(words)), count)))


def windows_of(article: Article, draw: random.Random) -> Iterator[Example]:
    """Yield one pair of windows for each paragraph of an article that is long enough."""
    for paragraph in article.paragraphs:
        made = shifted_windows(paragraph.split(), draw)
        if made is not None:
            yield Example(*made, "shifted_windows")
