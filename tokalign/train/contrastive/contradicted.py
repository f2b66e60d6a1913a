"""Rules that turn a sentence into others that cannot be true beside it: hard negatives.

As in `shortened`, a rule gives all that it makes of a sentence, and none where its pattern is not
clear. What is made differs by a word or two, so that words in common do not tell it apart. A
changed name or number contradicts as a rule only: a band may have released albums in two years.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tokalign.train.contrastive.words import exchanges, word_lists

_AUXILIARY = re.compile(
    r"\b(is|are|was|were|has|have|had|can|could|will|would|should|may|might|must|did|does|do)\b"
)
_DENIED = re.compile(r"\b(?:not|never|no|nor|neither|nobody|nothing|none|cannot)\b|n't\b", re.I)
_NAME = r"(?:[A-Z][\w'’-]+|[A-Z]\.)(?: (?:[A-Z][\w'’-]+|[A-Z]\.|of|de|van|von))*"
_WORDED = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def negate(sentence: str) -> Iterator[str]:
    """Put "not" behind the first auxiliary, where nothing is denied yet.

    >>> list(negate("The town was founded in 1861."))
    ['The town was not founded in 1861.']
    >>> list(negate("The town was not founded.")), list(negate("The river that is long runs."))
    ([], [])
    """
    found = _AUXILIARY.search(sentence)
    if found is None or _DENIED.search(sentence):
        return
    before, after = sentence[: found.start()], sentence[found.end() :]
    # A relative clause, or one after a comma, is not what the sentence says.
    inner = re.search(r"\b(?:that|which|who|whose|where|when|while|if|because)\b", before)
    if inner or "," in before or not before.strip() or not after.startswith(" "):
        return
    yield f"{before}{found.group()} not{re.sub(r'^ (?:also|still|now) ', ' ', after)}"


def negate_past(sentence: str) -> Iterator[str]:
    """Deny a verb in the past by "did not".

    >>> list(negate_past("The band won the prize."))
    ['The band did not win the prize.']
    >>> list(negate_past("The prize was won.")), list(negate_past("The band, which won, left."))
    ([], [])
    """
    if _DENIED.search(sentence):
        return
    words = sentence.split(" ")
    for place, word in enumerate(words):
        if _AUXILIARY.fullmatch(word) or "," in word or word in ("that", "who", "which", "to"):
            return
        # A past form behind a noun; "by" and such come before participles' agents only.
        plain = word_lists().past.get(word)
        if plain is not None and 1 <= place < len(words) - 1 and words[place + 1] != "by":
            yield " ".join([*words[:place], "did not", plain, *words[place + 1 :]])
            return


def affirm(sentence: str) -> Iterator[str]:
    """Take a denial out.

    >>> list(affirm("The tower was never rebuilt.")), list(affirm("He didn't go."))
    (['The tower was rebuilt.'], ['He did go.'])
    >>> list(affirm("It is not only old but not safe."))
    []
    """
    denials = list(_DENIED.finditer(sentence))
    if len(denials) != 1 or re.search(r"\bnot only\b|\bno longer\b|\bnot until\b", sentence):
        return
    short = re.sub(r"(?<=\w)n't\b| (?:not|never)\b", "", sentence, count=1)
    if short != sentence and not re.search(r"\b(?:ca|wo)\b", short):
        yield short


def antonym(sentence: str) -> Iterator[str]:
    """Put a word of the opposite meaning in the place of one.

    >>> list(antonym("The northern wall is old."))
    ['The northern wall is new.', 'The northern wall is young.', 'The southern wall is old.']
    """
    yield from exchanges(sentence, word_lists().antonyms)


def quantifier(sentence: str) -> Iterator[str]:
    """Change how many, how often, or in which order.

    >>> list(quantifier("He always sang before lunch."))
    ['He never sang before lunch.', 'He always sang after lunch.']
    """
    yield from exchanges(sentence, word_lists().quantifiers)


def number(sentence: str) -> Iterator[str]:
    """Change a number; a year stays a year.

    >>> list(number("In 1995 it had 40 rooms and two doors."))
    ['In 1971 it had 40 rooms and two doors.', 'In 1995 it had 52 rooms and two doors.', \
'In 1995 it had 40 rooms and seven doors.']
    """
    for found in re.finditer(r"(?<![\w.,-])(\d{1,4}|[a-z]+)(?![\w-]|[.,]\d)", sentence):
        old = found.group()
        if old.isdigit():
            yield sentence[: found.start()] + _other_number(old) + sentence[found.end() :]
        elif old in _WORDED:
            new = _WORDED[(_WORDED.index(old) + 5) % len(_WORDED)]
            yield sentence[: found.start()] + new + sentence[found.end() :]


def _other_number(written: str) -> str:
    """Another number of as many digits, always the same one for a number."""
    value = int(written)
    if len(written) == 4 and 1000 <= value <= 2100:
        # Back by 7 to 36 years, by an amount that its digits decide.
        return str(value - 7 - value * 7 % 29 - (1 if value % 2 else 0))
    low, high = 10 ** (len(written) - 1), 10 ** len(written) - 1
    if len(written) == 1:
        low = 2
    return str(low + (value - low + 3 + (high - low) // 9) % (high - low + 1))


def name(sentence: str) -> Iterator[str]:
    """Put another name of the same kind in the place of one: a month, country, profession ...

    >>> list(name("The YMCA opened in Germany in May."))[0]
    'The YMCA opened in Morocco in May.'
    >>> list(name("The red book may be read.")), list(name("The Seattle Seahawks won."))
    (['The brown book may be read.'], [])
    """
    names = word_lists().names
    for found in re.finditer(r"(?<![\w-])[A-Za-z]+(?![\w-])", sentence):
        old = found.group()
        others = names.get(old)
        # "Seattle Seahawks": a part of a longer name is not what it seems.
        before, after = sentence[: found.start()], sentence[found.end() :]
        longer = re.search(r"\b[A-Z][\w.]* $", before) or re.match(r" [A-Z]", after)
        if old[0].isupper() and longer and old not in word_lists().given:
            continue
        if others:
            # Which one, the sentence decides, so that the same is made of it each time.
            other = others[len(sentence) * 7 % len(others)]
            article = re.compile(r"\b([Aa])n? $")
            if article.search(before):
                vowel = other[0].lower() in "aeio"
                before = article.sub(r"\1n " if vowel else r"\1 ", before)
            yield before + other + after


def swap_voices(sentence: str) -> Iterator[str]:
    """Swap who did it and what it was done to.

    >>> list(swap_voices("The army was defeated by the Greek fleet."))
    ['The Greek fleet was defeated by the army.']
    >>> list(swap_voices("It was led by the man.")), list(swap_voices("It was sold by 1901."))
    ([], [])
    """
    pattern = r"^([^,;:()]{3,50}?) (was|were) (\w+) by ((?:the |an? )?[^,;:()]{3,50}?)\.$"
    found = re.match(pattern, sentence)
    if found is None or found[3] not in word_lists().voices or found[4][0].isdigit():
        return
    first, second = found[1], found[4]
    if re.match(r"(?:It|He|She|They|This|That|These)\b", first) or " in " in second:
        return
    if re.match(r"(?:The|An?)\b", first):
        first = first[0].lower() + first[1:]
    yield f"{second[0].upper()}{second[1:]} {found[2]} {found[3]} by {first}."


def swap_names(sentence: str) -> Iterator[str]:
    """Swap two names around a verb with two different sides, or around "from ... to".

    >>> list(swap_names("Bell defeated Tom Watson in 1901."))
    ['Tom Watson defeated Bell in 1901.']
    >>> list(swap_names("He moved from Ayr to Leeds.")), list(swap_names("Bell married Ann."))
    (['He moved from Leeds to Ayr.'], [])
    """
    verbs = "|".join(sorted({*word_lists().voices.values()}))
    found = re.match(rf"^({_NAME}) ({verbs}) ({_NAME})(?=[ .,])", sentence)
    if found and found[1] != found[3] and not re.match(r"(?:He|She|It|They)\b", found[1]):
        yield f"{found[3]} {found[2]} {found[1]}{sentence[found.end() :]}"
    for found in re.finditer(rf"\bfrom ({_NAME}) to ({_NAME})(?=[ .,])", sentence):
        if found[1] != found[2]:
            swapped = f"from {found[2]} to {found[1]}"
            yield sentence[: found.start()] + swapped + sentence[found.end() :]
