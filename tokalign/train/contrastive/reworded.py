"""Rules that say the same in other words or in another order.

As in `shortened`, a rule gives all that it makes of a sentence, and none where its pattern is not
clear.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tokalign.train.contrastive.patterns import (
    DETERMINERS,
    IS_VERB,
    LAST_TIME,
    NEEDS_MORE,
    fronted,
)
from tokalign.train.contrastive.words import exchanges, whole_word, with_articles, word_lists

_PASSIVE = re.compile(
    r"^(?P<what>[^,;:()]{3,60}?) (?:was|were) (?P<verb>\w+) by (?P<who>[^,;:()]{3,50}?)"
    r"(?P<when> in \d{4})?\.$"
)
_CONTRACTIONS = {
    "is not": "isn't", "are not": "aren't", "was not": "wasn't", "were not": "weren't",
    "did not": "didn't", "does not": "doesn't", "do not": "don't", "has not": "hasn't",
    "have not": "haven't", "had not": "hadn't", "cannot": "can't", "could not": "couldn't",
    "will not": "won't", "would not": "wouldn't",
}  # fmt: skip
_NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
            "twelve")  # fmt: skip
_OBJECTS = {"he": "him", "she": "her", "they": "them"}


def fronted_to_end(sentence: str) -> Iterator[str]:
    """Move a phrase from the front to the end.

    >>> list(fronted_to_end("In 1984, a museum was founded."))
    ['A museum was founded in 1984.']
    >>> list(fronted_to_end("In 1984, a museum, a big one, was founded."))
    []
    """
    for phrase, rest in fronted(sentence):
        if "," not in rest:
            yield f"{rest[0].upper()}{rest[1:-1]} {phrase[0].lower()}{phrase[1:]}."


def time_to_front(sentence: str) -> Iterator[str]:
    """Move when it happened from the end to the front.

    >>> list(time_to_front("The band released their second album in 1995."))
    ['In 1995, the band released their second album.']
    >>> list(time_to_front("The dam lasted from 1970 until 1990."))
    []
    """
    found = LAST_TIME.match(sentence)
    if found is None or "," in sentence or NEEDS_MORE.search(found["rest"]):
        return
    rest, when = found["rest"], found["time"]
    if re.search(r"\b(?:from|between|since) [\w ]*\d{4}$", rest):
        return
    if DETERMINERS.match(rest):
        rest = rest[0].lower() + rest[1:]
    yield f"{when[0].upper()}{when[1:]}, {rest}."


def synonym(sentence: str) -> Iterator[str]:
    """Put another word of the same meaning in the place of one.

    >>> list(synonym("The film began at nine."))
    ['The film started at nine.', 'The movie began at nine.']
    """
    yield from exchanges(sentence, word_lists().synonyms)


def synonyms(sentence: str) -> Iterator[str]:
    """Put other words in the place of two or more.

    >>> list(synonyms("The film began near a large shop.")), list(synonyms("The film was long."))
    (['The movie started close to a big store.'], [])
    """
    changed, count, touched = sentence, 0, set[str]()
    held = set(re.findall(r"[a-z]+", sentence))
    for word, others in word_lists().synonyms.items():
        if word in touched or word not in held:
            continue
        found = whole_word(word).search(changed)
        if found and found.group() == word:
            changed = changed[: found.start()] + others[0] + changed[found.end() :]
            touched |= {word, *others}
            count += 1
    if count >= 2:
        yield with_articles(changed)


def active_voice(sentence: str) -> Iterator[str]:
    """Turn "A was written by B" into "B wrote A".

    >>> list(active_voice("The book was written by Bell in 1901."))
    ['Bell wrote the book in 1901.']
    >>> list(active_voice("The house was sold by 1901."))
    []
    """
    found = _PASSIVE.match(sentence)
    past = word_lists().voices.get(found["verb"]) if found else None
    if found is None or past is None or found["who"][0].isdigit() or " by " in found["who"]:
        return
    what, who = found["what"], found["who"]
    if IS_VERB.search(what) or what.endswith(" and"):
        return
    if DETERMINERS.match(what):
        what = what[0].lower() + what[1:]
    yield f"{who[0].upper()}{who[1:]} {past} {_OBJECTS.get(what, what)}{found['when'] or ''}."


def contraction(sentence: str) -> Iterator[str]:
    """Write "did not" as "didn't", or the other way round.

    >>> list(contraction("She did not go.")), list(contraction("She isn't here."))
    (["She didn't go."], ['She is not here.'])
    """
    for long, short in _CONTRACTIONS.items():
        for old, new in ((long, short), (short, long)):
            if re.search(rf"\b{re.escape(old)}\b", sentence):
                yield re.sub(rf"\b{re.escape(old)}\b", new, sentence, count=1)


def numeral(sentence: str) -> Iterator[str]:
    """Write a small number as a word, or a word as a number.

    >>> list(numeral("It has 3 rooms and two doors."))
    ['It has three rooms and two doors.', 'It has 3 rooms and 2 doors.']
    >>> list(numeral("On 3 May the 3.5 mile race was run."))
    []
    """
    for found in re.finditer(r"(?<= )(\d{1,2}|[a-z]+)(?= [a-z]{3,})", sentence):
        word = found.group()
        if word.isdigit() and 2 <= int(word) <= 12:
            new = _NUMBERS[int(word) - 2]
        elif word in _NUMBERS:
            new = str(_NUMBERS.index(word) + 2)
        else:
            continue
        yield sentence[: found.start()] + new + sentence[found.end() :]
