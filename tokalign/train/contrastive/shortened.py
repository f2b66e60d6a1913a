"""Rules that leave something out of a sentence; what is left follows from it.

A rule is a function from a sentence to all sentences that it makes of it, in order; none where it
does not apply. Rules know words and punctuation, not grammar: each fires only where the pattern is
clear, and some sentences are still wrong. Where something is denied or counted, what drops a
restriction does not fire: "did not sing in Paris" does not say "did not sing".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tokalign.train.contrastive.patterns import (
    IS_VERB,
    LAST_TIME,
    NEEDS_MORE,
    VERB,
    fronted,
    has_scope,
)
from tokalign.train.contrastive.words import with_articles, word_lists

_RELATIVE = r", (?:which|who|whose|where|whom) [^,;:()]{3,90}"
_SUBORDINATE = re.compile(
    r", (?:while|although|though|because|whereas|since|so that|but|and then|with|as|when) [^;:]+\.$"
)
_PARTICIPLE = re.compile(r", (?!dur|noth|someth|everyth|anyth)[a-z]{3,}ing [^,;:()]{3,90}\.$")


def drop_brackets(sentence: str) -> Iterator[str]:
    """Leave out what stands in brackets.

    >>> list(drop_brackets("The dam (built in 1939) is a dam in Japan."))
    ['The dam is a dam in Japan.']
    """
    short = re.sub(r" ?\([^()]*\)", "", sentence)
    if short != sentence and len(short.split()) >= 4:
        yield short


def drop_appositive(sentence: str) -> Iterator[str]:
    """Leave out a second name or description between commas; never an item of a list.

    >>> list(drop_appositive("Escom, a German company, went bankrupt in 1996."))
    ['Escom went bankrupt in 1996.']
    >>> list(drop_appositive("France, the Netherlands, and Belgium were there."))
    []
    """
    start = r", (?:an?|the|one of|formerly|also known as|also called|known as|then|now) "
    for found in re.finditer(start + rf"[^,;:()]{{3,80}}, (?={VERB}\b)", sentence):
        before = sentence[: found.start()]
        # More commas before it are those of a list or of a phrase in front.
        if "," not in before and not re.match(r"(?:In|On|At|By|For|With|As|After|Under)\b", before):
            yield before + " " + sentence[found.end() :]


def drop_relative(sentence: str) -> Iterator[str]:
    """Leave out a clause that begins with a comma and which, who, whose, where.

    >>> list(drop_relative("The river, which is long, has many fish, who sleep."))
    ['The river has many fish, who sleep.', 'The river, which is long, has many fish.']
    """
    for found in re.finditer(_RELATIVE + rf"(?:, (?={VERB}\b)|(?=\.$))", sentence):
        rest = sentence[found.end() :]
        yield sentence[: found.start()] + ("" if rest == "." else " ") + rest


def drop_participle(sentence: str) -> Iterator[str]:
    """Leave out a last part like ", leaving only two".

    >>> list(drop_participle("Both firms failed, leaving two prototypes."))
    ['Both firms failed.']
    >>> list(drop_participle("It rained, during the war."))
    []
    """
    found = _PARTICIPLE.search(sentence)
    if found and len(sentence[: found.start()].split()) >= 3:
        yield sentence[: found.start()] + "."


def drop_subordinate(sentence: str) -> Iterator[str]:
    """Keep the main clause where another follows after a comma.

    >>> list(drop_subordinate("The town is old, although most of its houses are new."))
    ['The town is old.']
    >>> list(drop_subordinate("If it rains, the town is wet, although it is warm."))
    []
    """
    found = _SUBORDINATE.search(sentence)
    if found:
        head = sentence[: found.start()]
        if len(head.split()) >= 4 and IS_VERB.search(head) and not head.startswith("If "):
            yield head + "."


def first_clause(sentence: str) -> Iterator[str]:
    """Keep the first of two clauses that "and" or "but" joins.

    >>> list(first_clause("The tower fell in 1901, and it was never rebuilt."))
    ['The tower fell in 1901.']
    >>> list(first_clause("It has red, and blue parts.")), list(first_clause("Born in Ayr, he and \
his son moved."))
    ([], [])
    """
    joined = rf",? (?:and|but) (?=(?:he|she|it|they|the [\w-]+|his [\w-]+|her [\w-]+) {VERB}\b)"
    for found in re.finditer(joined, sentence):
        head = sentence[: found.start()]
        main = head.split(", ")[-1]
        whole = IS_VERB.search(main) and not re.search(r"\b(?:he|she|it|they)$", main, re.I)
        # "He said that it rained and it was cold": what depends on another verb is not parted.
        if len(head.split()) >= 4 and whole and " that " not in head:
            yield head + "."


def drop_fronted(sentence: str) -> Iterator[str]:
    """Leave out a phrase in front, such as "In 1984, ".

    >>> list(drop_fronted("In 1984, a museum was founded in the town."))
    ['A museum was founded in the town.']
    >>> list(drop_fronted("In France, Germany, and Italy, the law was changed."))
    []
    """
    for _, rest in fronted(sentence):
        if not has_scope(sentence):
            yield rest[0].upper() + rest[1:]


def drop_time(sentence: str) -> Iterator[str]:
    """Leave out when it happened, where that stands at the end.

    >>> list(drop_time("The band released their second album in 1995."))
    ['The band released their second album.']
    >>> list(drop_time("The museum was never opened in 1995.")), list(drop_time("It is from 1995."))
    ([], [])
    """
    found = LAST_TIME.match(sentence)
    if found and not has_scope(sentence):
        rest = found["rest"]
        if len(rest.split()) >= 4 and not NEEDS_MORE.search(rest):
            yield rest + "."


def drop_adverb(sentence: str) -> Iterator[str]:
    """Leave out one adverb of the list.

    >>> list(drop_adverb("The river quickly rose.")), list(drop_adverb("It did not quickly rise."))
    (['The river rose.'], [])
    """
    if has_scope(sentence):
        return
    for word in sentence.split():
        if word in word_lists().adverbs:
            yield with_articles(sentence.replace(f" {word} ", " ", 1))


def drop_adjective(sentence: str) -> Iterator[str]:
    """Leave out one adjective of the list that stands between an article and a noun.

    >>> list(drop_adjective("He lives in an old house near a large wood."))
    ['He lives in a house near a large wood.', 'He lives in an old house near a wood.']
    >>> list(drop_adjective("He has no old house.")), list(drop_adjective("An old and big one."))
    ([], [])
    """
    if has_scope(sentence):
        return
    determiner = r"\b([Aa]n?|[Tt]he|[Hh]is|[Hh]er|[Ii]ts|[Tt]heir)"
    for found in re.finditer(rf"{determiner} ([\w-]+) ", sentence):
        rest = sentence[found.end() :]
        following = re.match(r"[a-z]{3,}\b", rest)
        if found[2] in word_lists().adjectives and following and following[0] != "and":
            yield with_articles(sentence[: found.start()] + f"{found[1]} {rest}")
