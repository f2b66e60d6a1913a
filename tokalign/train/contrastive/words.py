"""The word lists of the rules, and replacing whole words in the case in which they stand.

The lists were collected for this project (``words.yaml``); they hold everyday words, no data set's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import yaml


@dataclass(frozen=True)
class WordLists:
    """What ``words.yaml`` holds.

    Attributes:
        synonyms: Word -> words that may stand for it.
        antonyms: Word -> words that cannot hold beside it.
        quantifiers: The same of amounts, order and frequency.
        adverbs: Words that may be left out.
        adjectives: Adjectives that may be left out.
        past: Past form -> the form after "did not".
        voices: Past participle -> past form, of verbs whose two sides cannot be swapped.
        names: Name -> the other names of its kind.
        given: Those of `names` that a family name may follow.
    """

    synonyms: dict[str, tuple[str, ...]]
    antonyms: dict[str, tuple[str, ...]]
    quantifiers: dict[str, tuple[str, ...]]
    adverbs: frozenset[str]
    adjectives: frozenset[str]
    past: dict[str, str]
    voices: dict[str, str]
    names: dict[str, tuple[str, ...]]
    given: frozenset[str]


@lru_cache(maxsize=1)
def word_lists() -> WordLists:
    """The lists, read once.

    >>> word_lists().antonyms["northern"], word_lists().past["won"]
    (('southern',), 'win')
    """
    text = resources.files("tokalign.train.contrastive").joinpath("words.yaml").read_text("utf-8")
    said: dict[str, Any] = yaml.safe_load(text)
    names: dict[str, tuple[str, ...]] = {}
    for kind in said["names"].values():
        for name in kind:
            # A name of two kinds (orange) stays with the first, so that it has one set of others.
            names.setdefault(name, tuple(other for other in kind if other != name))
    return WordLists(
        synonyms=_both_ways(said["synonyms"]),
        antonyms=_both_ways(said["antonyms"]),
        quantifiers=_both_ways(said["quantifiers"]),
        adverbs=frozenset(said["adverbs"]),
        adjectives=frozenset(said["adjectives"]),
        past=said["past"],
        voices=said["voices"],
        names=names,
        given=frozenset(said["names"]["people"] + said["names"]["women"]),
    )


def _both_ways(lines: Iterable[list[str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for line in lines:
        for word in line:
            others = tuple(other for other in line if other != word)
            found[word] = (*found.get(word, ()), *others)
    return found


def whole_word(word: str) -> re.Pattern[str]:
    """A pattern for a word or phrase that stands by itself, not inside a hyphened one."""
    return _pattern(word)


@lru_cache(maxsize=10_000)
def _pattern(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-])", re.IGNORECASE)


def in_case_of(new: str, old: str) -> str:
    """A word with a capital where the word that it replaces has one.

    >>> in_case_of("big", "Large"), in_case_of("big", "large")
    ('Big', 'big')
    """
    return new[0].upper() + new[1:] if old[:1].isupper() else new


def with_articles(sentence: str) -> str:
    """Bring "a" and "an" in line with the letter that follows them.

    By spelling alone: "an hour" and "a unit" are left as they are where they are right, since only
    clear cases are changed.

    >>> with_articles("She has a old car and an big dog; an hour, a unit.")
    'She has an old car and a big dog; an hour, a unit.'
    """
    sentence = re.sub(r"(^A|\ba) (?=[aeioAEIO])(?!one\b|once\b|[Ee]u)", r"\1n ", sentence)
    return re.sub(
        r"(^A|\ba)n (?=(?:[bcdfgjklmnpqrstvwz]|h(?!our|on|eir)|[BCDGHJKPQTVWZ](?![A-Z])))",
        r"\1 ",
        sentence,
    )


def exchanges(sentence: str, table: dict[str, tuple[str, ...]]) -> Iterator[str]:
    """Yield the sentence with one of its words replaced, once for each word and substitute.

    A capitalised word inside the sentence, or before another one, is part of a name and stays.

    Args:
        sentence: A sentence.
        table: Word in lower case -> what may be put in its place.

    >>> list(exchanges("The old man met Old Tom.", {"old": ("young",)}))
    ['The young man met Old Tom.']
    >>> list(exchanges("Old Tom sang.", {"old": ("young",)}))
    []
    """
    held = set(re.findall(r"[a-z]+", sentence.lower()))
    for word, others in table.items():
        if word not in held and not (" " in word or "-" in word):
            continue
        for found in whole_word(word).finditer(sentence):
            named = re.match(r" [A-Z]", sentence[found.end() :])
            if found.group()[0].isupper() and (found.start() > 0 or named):
                continue
            for other in others:
                new = in_case_of(other, found.group())
                yield with_articles(sentence[: found.start()] + new + sentence[found.end() :])
