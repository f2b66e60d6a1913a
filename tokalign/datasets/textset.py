"""A set of texts and where it comes from. Does not load anything."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tokalign.datasets.sampling import sample_indices


@dataclass(frozen=True)
class TextSet:
    """Texts in a fixed order, with their origin.

    Attributes:
        name: Name of the set, or of the file.
        texts: The N texts, none of them blank.
        labels: N topics or classes, where the set has them.
        source: File or URL that the texts were read from.
        sha256: Of the bytes that the set came from (before sampling). Where it came from several
            files: of their digests, one a line.
        licence: What the owners allow, in a few words.

    >>> s = TextSet("toy", ("one", "two", "three"), None, "toy.txt", "0" * 64, "ours")
    >>> len(s), s.sample(2).texts
    (3, ('one', 'three'))
    """

    name: str
    texts: tuple[str, ...]
    labels: tuple[str, ...] | None
    source: str
    sha256: str
    licence: str

    def __post_init__(self) -> None:
        if self.labels is not None and len(self.labels) != len(self.texts):
            raise ValueError(f"{len(self.labels)} labels for {len(self.texts)} texts")

    def __len__(self) -> int:
        return len(self.texts)

    def sample(self, limit: int | None, seed: int = 0) -> TextSet:
        """Take a nested random sample, in the original order (see `sample_indices`)."""
        chosen = sample_indices(len(self), limit, seed)
        labels = None if self.labels is None else tuple(self.labels[i] for i in chosen)
        return replace(self, texts=tuple(self.texts[i] for i in chosen), labels=labels)


def unique(texts: Iterable[str]) -> tuple[str, ...]:
    """Drop repeated and blank texts, keep the order.

    >>> unique(["b", "a", "", "b"])
    ('b', 'a')
    """
    return tuple(dict.fromkeys(text for text in texts if text.strip()))


def join_title(title: str, text: str) -> str:
    """Put a title before its text, as "title. text".

    >>> join_title("Parrots", "They talk."), join_title("Why?", "Why not."), join_title("", "Yes.")
    ('Parrots. They talk.', 'Why? Why not.', 'Yes.')
    """
    title, text = title.strip(), text.strip()
    if not title or not text:
        return title or text
    return f"{title} {text}" if title[-1] in ".?!" else f"{title}. {text}"


def combined_sha256(digests: Sequence[str]) -> str:
    """Give one digest for several files: the only one, or that of their digests, one a line.

    >>> combined_sha256(["ab"])
    'ab'
    >>> combined_sha256(["ab", "cd"])[:8]
    '5141648c'
    """
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("".join(f"{digest}\n" for digest in digests).encode()).hexdigest()
