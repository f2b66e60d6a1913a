"""Sentences -> NLI-style triples: what follows from a sentence, and what contradicts it.

One triple a sentence at most. The negative is made of the positive where a rule applies to it, so
that neither length nor the words in common tell the two apart.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from tokalign.train.contrastive.examples import Example
from tokalign.train.contrastive.patterns import Rule
from tokalign.train.contrastive.rules import CONTRADICTED, ENTAILED
from tokalign.train.contrastive.sentences import is_usable, split_sentences
from tokalign.train.corpus import Article

#: Rules that change little; they are taken where no other applies, or on top of another.
_SLIGHT = ("synonym", "numeral", "contraction", "drop_adverb")
_ON_TOP = ("synonyms", "synonym")
#: How often a further rule is put on top of the first.
_TWICE = 0.5
#: How often the premise is two sentences where that is not needed.
_PAIRED = 0.3


def triple(sentence: str, draw: random.Random) -> Example | None:
    """Make one triple of a sentence.

    Args:
        sentence: The premise.
        draw: Decides between rules and between what a rule gives.

    Returns:
        The triple; without a negative where no rule makes one, and None where nothing follows.

    >>> made = triple("The band released their second album in 1995.", random.Random(1))
    >>> made.rule, made.positive
    ('synonyms', 'The band issued their second record in 1995.')
    >>> made.against, made.negative
    ('number', 'The band issued their second record in 1971.')
    """
    strong = {name: rule for name, rule in ENTAILED.items() if name not in _SLIGHT}
    slight = {name: rule for name, rule in ENTAILED.items() if name in _SLIGHT}
    first = _apply(sentence, strong, draw) or _apply(sentence, slight, draw)
    if first is None:
        return None
    rule, positive = first
    if rule not in _ON_TOP and draw.random() < _TWICE:
        further = _apply(positive, {name: ENTAILED[name] for name in _ON_TOP}, draw)
        if further is not None and further[1] != sentence:
            rule, positive = f"{rule}+{further[0]}", further[1]
    against = _apply(positive, CONTRADICTED, draw) or _apply(sentence, CONTRADICTED, draw)
    if against is None or against[1] in (sentence, positive):
        return Example(sentence, positive, rule)
    return Example(sentence, positive, rule, against[1], against[0])


def _apply(sentence: str, rules: Mapping[str, Rule], draw: random.Random) -> tuple[str, str] | None:
    """The name of a rule that applies, and one of the sentences that it makes."""
    names = list(rules)
    draw.shuffle(names)
    for name in names:
        made = [text for text in rules[name](sentence) if text != sentence]
        if made:
            return name, draw.choice(made)
    return None


def triples_of(article: Article, draw: random.Random) -> Iterator[Example]:
    """Yield the triples of an article's sentences.

    Some premises are two sentences, of which what is made of one follows all the same: so also
    where a rule changed little, the two sides are not nearly the same words.

    Args:
        article: Its title is not used.
        draw: See `triple`.
    """
    for paragraph in article.paragraphs:
        sentences = list(split_sentences(paragraph))
        for place, sentence in enumerate(sentences):
            made = triple(sentence, draw) if is_usable(sentence) else None
            if made is None:
                continue
            beside = [s for s in sentences[max(place - 1, 0) : place + 2] if s != sentence]
            beside = [s for s in beside if is_usable(s)]
            slight = made.rule.split("+")[0] in _SLIGHT
            if beside and (slight or draw.random() < _PAIRED):
                yield _paired(made, draw.choice(beside), sentences)
            else:
                yield made


def _paired(made: Example, other: str, sentences: Sequence[str]) -> Example:
    """The same triple with two sentences as its premise, in the order of the paragraph."""
    pair = sorted((made.anchor, other), key=sentences.index)
    return replace(made, anchor=" ".join(pair), rule=f"one_of_two+{made.rule}")
