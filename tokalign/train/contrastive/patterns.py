"""What the rules recognise in a sentence: verbs, times, phrases in front, words of scope."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

#: From a sentence to all sentences that a rule makes of it, in order.
Rule = Callable[[str], Iterator[str]]

#: Words under which leaving something out can change the truth.
_SCOPE = re.compile(
    r"\b(?:no|not|never|none|nor|neither|nobody|nothing|without|only|few|fewer|little|hardly|"
    r"rarely|seldom|unless|if|whether|every|all|each|most|any|everyone|exactly|first|last|once|"
    r"\w+est|more|less|than|as|(?-i:may)|might|could|would|should|cannot|un\w+able)\b|n't\b",
    re.IGNORECASE,
)
VERB = (
    r"(?:is|are|was|were|has|had|have|will|would|can|could|may|might|did|does|do|became|began|"
    r"won|went|made|took|wrote|led|came|left|held|plays|runs|ran|lies|stands|fell|rose|grew|"
    r"sang|met|lost|gave|found|got|sat|saw|said|sold|sent|stood|spoke|told|built|brought|bought|"
    r"caught|chose|drew|drove|fought|kept|knew|paid|spent|taught|thought|wore|\w{3,}ed)"
)
IS_VERB = re.compile(rf"{VERB}\b")
_MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
)
_TIME = (
    rf"(?:(?:in|by|since|until|from|around) (?:early |late |mid-)?(?:{_MONTH} )?\d{{4}}s?"
    rf"|on (?:\d{{1,2}} {_MONTH}|{_MONTH} \d{{1,2}})(?:,? \d{{4}})?"
    r"|(?:during|after|before|throughout|at the end of|at the beginning of) the [\w' -]{3,40})"
)
#: A sentence that ends by saying when.
LAST_TIME = re.compile(rf"^(?P<rest>.{{15,}}?),? (?P<time>{_TIME})\.$")
#: After these, what says when is what the verb needs, and cannot go.
NEEDS_MORE = re.compile(
    r"\b(?:is|are|was|were|be|been|being|located|situated|lies|from|to|and|or|until|dates|dating|"
    r"back|between|of|held|the)$"
)
_FRONTED = re.compile(
    r"((?:In|On|At|During|After|Before|By|From|Since|Until|Under|With|Despite|Following|"
    r"Throughout|Near|For) [^,;:()\"]{3,50}), "
)
#: A subject whose first letter is a capital only because it stands first.
DETERMINERS = re.compile(
    r"^(?:The|A|An|This|That|These|Those|His|Her|Its|Their|He|She|It|They|There|We|Both|Several|"
    r"Many|Some|All|Most|One|Two|Three)\b"
)


def has_scope(sentence: str) -> bool:
    """Whether a sentence denies, compares or counts, so that nothing may be left out.

    >>> has_scope("He did not sing."), has_scope("He sang."), has_scope("The largest of all.")
    (True, False, True)
    """
    return bool(_SCOPE.search(sentence))


def fronted(sentence: str) -> Iterator[tuple[str, str]]:
    """Yield the phrase in front of a sentence and the rest, where there is one.

    >>> list(fronted("In 1984, a museum was founded."))
    [('In 1984', 'a museum was founded.')]
    """
    found = _FRONTED.match(sentence)
    if found is None or not sentence.endswith("."):
        return
    rest = sentence[found.end() :]
    # The subject and its verb must come before any further comma, or it was a list.
    inverted = re.search(r"\b(?:is|are|was|were)\b", found.group(1))
    if len(rest.split()) >= 4 and IS_VERB.search(rest.split(",")[0]) and not inverted:
        yield found.group(1), rest
