"""Examples that come from no corpus: triples written for this project, and STS-B's training pairs.

Data sheet of ``written_triples.jsonl``. What: premises with a sentence that follows and one that
contradicts, everyday English, one triple a line (``premise``, ``entailed``, ``contradicted``). Why:
the rules work on encyclopaedia sentences; these are about people, homes, weather, food and play,
and their paraphrases and contradictions are free. By whom: written for this project, none taken
from a data set. Licence: CC BY 4.0. Not for: measuring; models of the project are trained on them.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from tokalign.datasets import load_pairs
from tokalign.datasets.files import bad_line, json_object
from tokalign.train.contrastive.examples import Example

#: From this score on, of 5, two sentences of STS-B are taken to say the same.
SAME = 4.0


def written_triples() -> Iterator[Example]:
    """Yield the triples that were written for this project.

    >>> next(written_triples()).rule
    'written'
    """
    file = resources.files("tokalign.train.contrastive").joinpath("written_triples.jsonl")
    where = Path(file.name)
    for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        row = json_object(where, number, line)
        texts = [row.get(key) for key in ("premise", "entailed", "contradicted")]
        if not all(isinstance(text, str) and text for text in texts):
            raise bad_line(where, number, "needs texts premise, entailed, contradicted")
        premise, entailed, contradicted = map(str, texts)
        yield Example(premise, entailed, "written", contradicted, "written_contradiction")


def scored_pairs() -> Iterator[Example]:
    """Yield the training pairs of STS-B that people gave a score of `SAME` or more.

    A pair counts by its score: 1 for the highest, 5.

    Raises:
        TokalignError: The data set is not at hand.
    """
    pairs = load_pairs("stsb", "train")
    assert pairs.score is not None
    for first, second, score in zip(pairs.first, pairs.second, pairs.score, strict=True):
        if score >= SAME and first != second:
            yield Example(first, second, "stsb_train", weight=float(score) / 5)
