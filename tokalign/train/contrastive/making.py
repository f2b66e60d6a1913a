"""Make a file of training examples from a corpus, and say in a manifest what is in it.

Nothing that holds an evaluation sentence gets through: a paragraph that holds one is left out
before any rule sees it, and so is an example of which any text does. Never made of SICK.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path

from tokalign.embedders.files.weights import sha256_of
from tokalign.errors import TokalignError, unknown
from tokalign.train.contamination import Forbidden
from tokalign.train.contrastive.examples import Example, read_examples, shares, write_examples
from tokalign.train.contrastive.other_sources import scored_pairs, written_triples
from tokalign.train.contrastive.retrieval_pairs import retrieval_pairs_of
from tokalign.train.contrastive.triples import triples_of
from tokalign.train.contrastive.windows import windows_of
from tokalign.train.corpus import Article, read_articles

#: What is made of a corpus, and what is not.
FROM_ARTICLES: dict[str, Callable[[Article, random.Random], Iterator[Example]]] = {
    "nli": triples_of, "retrieval": retrieval_pairs_of, "windows": windows_of,
}  # fmt: skip
BY_ITSELF: dict[str, Callable[[], Iterator[Example]]] = {
    "written": written_triples, "stsb": scored_pairs,
}  # fmt: skip
KINDS = (*FROM_ARTICLES, *BY_ITSELF)
LICENCES = {
    "nli": "CC BY-SA 3.0 (English Wikipedia)",
    "retrieval": "CC BY-SA 3.0 (English Wikipedia)",
    "windows": "CC BY-SA 3.0 (English Wikipedia)",
    "written": "CC BY 4.0 (this project)",
    "stsb": "CC BY-SA 4.0 and licences of the texts (STS benchmark, training split)",
}


@dataclass
class Made:
    """What is in a file of examples; the manifest beside it.

    Attributes:
        kind: One of `KINDS`.
        examples: How many.
        left_out: Paragraphs and examples left out because they hold an evaluation sentence.
        forbidden: Evaluation sentences looked for.
        seed: Of the choices between rules.
        licence: Of the texts.
        source: File name, sha256, first article and one past the last; empty without a corpus.
        with_negative: Share of the examples that have a hard negative.
        rules: Share of the examples that each rule had a part in.
    """

    kind: str
    examples: int = 0
    left_out: int = 0
    forbidden: int = 0
    seed: int = 0
    licence: str = ""
    source: dict[str, str | int | None] = field(default_factory=dict)
    with_negative: float = 0.0
    rules: dict[str, float] = field(default_factory=dict)


def make_examples(
    kind: str,
    target: Path,
    forbidden: Forbidden,
    *,
    corpus: Path | None = None,
    start: int = 0,
    stop: int | None = None,
    limit: int | None = None,
    seed: int = 0,
) -> Made:
    """Make a file of examples and its manifest, ``<target>.json``.

    Args:
        kind: One of `KINDS`.
        target: The file.
        forbidden: What no example may hold.
        corpus: A ``.jsonl.xz`` file of articles, for the kinds that need one.
        start: Number of its first article that is read.
        stop: One past the last.
        limit: At most so many examples.
        seed: Of the choices between rules.

    Raises:
        TokalignError: Unknown kind, no corpus where one is needed, a broken one, or no example.
    """
    if kind not in KINDS:
        raise unknown("kind of examples", kind, KINDS)
    made = Made(kind, forbidden=len(forbidden), seed=seed, licence=LICENCES[kind])
    if kind in BY_ITSELF:
        found = _allowed(BY_ITSELF[kind](), forbidden, made)
    else:
        if corpus is None:
            raise TokalignError(f"examples of kind {kind} are made of a corpus: name its file")
        made.source = {"file": corpus.name, "sha256": sha256_of(corpus), "first": start,
                       "last": stop}  # fmt: skip
        articles = read_articles(corpus, start, stop)
        found = _allowed(_from_articles(kind, articles, forbidden, made), forbidden, made)
    made.examples = write_examples(islice(found, limit), target)
    if not made.examples:
        raise TokalignError(f"no example of kind {kind} could be made")
    written = read_examples(target)
    made.with_negative = round(sum(e.negative is not None for e in written) / len(written), 4)
    made.rules = shares(written)
    manifest = json.dumps(asdict(made), indent=1) + "\n"
    target.with_name(target.name + ".json").write_text(manifest, "utf-8")
    return made


def _from_articles(
    kind: str, articles: Iterator[Article], forbidden: Forbidden, made: Made
) -> Iterator[Example]:
    rule = FROM_ARTICLES[kind]
    for article in articles:
        kept = tuple(p for p in article.paragraphs if not forbidden.within(p))
        made.left_out += len(article.paragraphs) - len(kept)
        # One generator an article, so that an article gives the same wherever reading began.
        draw = random.Random(f"{made.seed} {kind} {article.title}")
        yield from rule(replace(article, paragraphs=kept), draw)


def _allowed(examples: Iterator[Example], forbidden: Forbidden, made: Made) -> Iterator[Example]:
    for example in examples:
        if any(forbidden.within(text) for text in example.texts):
            made.left_out += 1
        else:
            yield example
