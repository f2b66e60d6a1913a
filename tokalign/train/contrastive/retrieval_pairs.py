"""Articles -> retrieval-style pairs: something like a query, and the paragraph that answers it.

Hard negatives are other paragraphs of the same article: on the same topic, but not the answer.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from tokalign.train.contrastive.examples import Example
from tokalign.train.contrastive.sentences import is_usable, split_sentences
from tokalign.train.corpus import Article

#: Words of a paragraph that can answer; longer ones are cut to so many.
LEAST_WORDS, MOST_WORDS = 20, 70
_PERSON = re.compile(r"^[^.]{0,120}?\((?:[^()]*\b)?(?:born|b\.|\d{4}\s*[–-]\s*\d{4})")

Query = tuple[str, str]
QueryRule = Callable[[str, str, random.Random], Query | None]


def title_query(title: str, paragraph: str, draw: random.Random) -> Query | None:
    """The title, and the paragraph as it is.

    >>> title_query("Iwamatsu Dam", "It is in Japan.", random.Random(0))
    ('Iwamatsu Dam', 'It is in Japan.')
    """
    return _bare(title), paragraph


def question_query(title: str, paragraph: str, draw: random.Random) -> Query | None:
    """A question for what the title names, where the paragraph begins with that name.

    >>> question_query("Ayr", "Ayr is a town on the coast.", random.Random(0))
    ('what is Ayr', 'Ayr is a town on the coast.')
    >>> question_query("Ann Bell", "Ann Bell (born 1938) is an actress.", random.Random(0))[0]
    'who is Ann Bell'
    >>> question_query("Ayr", "The town is old.", random.Random(0))
    """
    name = _bare(title)
    opening = paragraph.removeprefix("The ").lower()
    if not opening.startswith(name.lower()[:12]):
        return None
    verb = "was" if re.search(r"\bwas\b", paragraph[:160]) else "is"
    return f"{'who' if _PERSON.match(paragraph) else 'what'} {verb} {name}", paragraph


def sentence_query(title: str, paragraph: str, draw: random.Random) -> Query | None:
    """One sentence of the paragraph, taken out of it; the rest is what should be found.

    >>> text = "The dam is in the far north. " + "It was finished in the year 1939. " * 3
    >>> sentence_query("Dam", text, random.Random(1))[0]
    'It was finished in the year 1939.'
    """
    sentences = list(split_sentences(paragraph))
    usable = [place for place, sentence in enumerate(sentences) if is_usable(sentence)]
    if len(sentences) < 3 or not usable:
        return None
    chosen = draw.choice(usable)
    rest = " ".join(sentences[:chosen] + sentences[chosen + 1 :])
    return sentences[chosen], rest


def keyword_query(title: str, paragraph: str, draw: random.Random) -> Query | None:
    """Three to five different content words of one sentence, in lower case and in their order.

    >>> keyword_query("Dam", "Work began on the dam in Hokkaido before the war.", random.Random(0))
    ('work began dam hokkaido', 'Work began on the dam in Hokkaido before the war.')
    """
    usable = [sentence for sentence in split_sentences(paragraph) if is_usable(sentence)]
    if not usable:
        return None
    words = re.findall(r"[A-Za-z][\w'-]{2,}", draw.choice(usable))
    content = list(dict.fromkeys(w.lower() for w in words if w.lower() not in ENGLISH_STOP_WORDS))
    if len(content) < 3:
        return None
    count = min(len(content), draw.randint(3, 5))
    kept = sorted(draw.sample(range(len(content)), count))
    return " ".join(content[place] for place in kept), paragraph


#: Every rule by the name that is kept with what it made.
QUERIES: dict[str, QueryRule] = {
    rule.__name__: rule for rule in (title_query, question_query, sentence_query, keyword_query)
}


def _bare(title: str) -> str:
    """A title without what tells it from others of that name.

    >>> _bare("Mercury (planet)")
    'Mercury'
    """
    return re.sub(r" \([^()]*\)$", "", title)


def retrieval_pairs_of(article: Article, draw: random.Random) -> Iterator[Example]:
    """Yield one example for each of some paragraphs of an article.

    Args:
        article: Title and paragraphs.
        draw: Decides between rules, and which other paragraph is the negative.
    """
    long = [p for p in article.paragraphs if len(p.split()) >= LEAST_WORDS]
    for place, paragraph in enumerate(long[:4]):
        names = list(QUERIES)
        draw.shuffle(names)
        if place:
            # The title alone, or a question for it, is answered by the first paragraph.
            names = [name for name in names if name not in ("title_query", "question_query")]
        made = next(
            ((n, q) for n in names if (q := QUERIES[n](article.title, paragraph, draw))), None
        )
        if made is None:
            continue
        rule, (query, answer) = made
        others = [_cut(other) for other in long if other is not paragraph]
        if others:
            yield Example(query, _cut(answer), rule, draw.choice(others), "same_article")
        else:
            yield Example(query, _cut(answer), rule)


def _cut(paragraph: str) -> str:
    return " ".join(paragraph.split()[:MOST_WORDS])
