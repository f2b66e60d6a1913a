"""Articles -> one long row of token ids on disk, read as sequences of a fixed length.

Titles and paragraphs are documents of their own, in the order of the article, so that a model
often sees a text begin. Before each stands `START_ID`, which a model replaces by its own token.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from tokenizers import Tokenizer

from tokalign.datasets.files import sha256_of
from tokalign.embedders.files.json_files import read_json
from tokalign.errors import TokalignError
from tokalign.train.contamination import Forbidden
from tokalign.train.corpus import Article, read_articles
from tokalign.train.tokenizer import START_ID

#: Documents tokenised at a time.
_BATCH = 2000
#: Ids are written as 16 bits.
_MOST_ENTRIES = 1 << 16


@dataclass(frozen=True)
class Slice:
    """A part of a corpus file: the articles from `start` to before `stop`."""

    path: Path
    start: int = 0
    stop: int | None = None


@dataclass
class Packed:
    """What was packed, for the manifest.

    Attributes:
        tokens: Ids written, separators included.
        articles: Articles read.
        documents: Titles and paragraphs written.
        left_out: Titles and paragraphs that hold a forbidden sentence.
        forbidden: Different forbidden sentences.
        sources: File name, sha256, first and last article of each part.
        tokenizer: sha256 of the tokenizer's file.
        entries: Size of its vocabulary.
    """

    tokens: int
    articles: int
    documents: int
    left_out: int
    forbidden: int
    sources: list[dict[str, object]]
    tokenizer: str
    entries: int


def documents(article: Article) -> Iterator[str]:
    """The documents of an article: its title, then its paragraphs."""
    yield article.title
    yield from article.paragraphs


def pack(
    slices: Iterable[Slice],
    tokenizer_file: Path,
    tokenizer: Tokenizer,
    forbidden: Forbidden,
    target: Path,
) -> Packed:
    """Tokenise articles into a file of uint16 and write a manifest beside it.

    Args:
        slices: The parts of corpus files, in order.
        tokenizer_file: Where `tokenizer` was read from.
        tokenizer: One that adds no special tokens.
        forbidden: What must not be in the training data.
        target: The file of ids; its manifest is ``<target>.json``.

    Returns:
        What was packed.

    Raises:
        TokalignError: A corpus file is broken, the vocabulary is too large for 16 bits, or nothing
            is left to train on.
    """
    if tokenizer.get_vocab_size() > _MOST_ENTRIES:
        raise TokalignError(
            f"{tokenizer_file} has {tokenizer.get_vocab_size()} entries; at most {_MOST_ENTRIES} "
            "can be packed"
        )
    made = Packed(0, 0, 0, 0, len(forbidden), [], sha256_of(tokenizer_file),
                  tokenizer.get_vocab_size())  # fmt: skip
    part = target.with_name(target.name + ".part")
    with part.open("wb") as file:
        for piece in slices:
            made.sources.append(
                {"file": piece.path.name, "sha256": sha256_of(piece.path),
                 "first": piece.start, "last": piece.stop}
            )  # fmt: skip
            waiting: list[str] = []
            for article in read_articles(piece.path, piece.start, piece.stop):
                made.articles += 1
                for text in documents(article):
                    if forbidden.within(text):
                        made.left_out += 1
                    else:
                        waiting.append(text)
                if len(waiting) >= _BATCH:
                    made.tokens += _write(file, tokenizer, waiting)
                    made.documents += len(waiting)
                    waiting = []
            made.tokens += _write(file, tokenizer, waiting)
            made.documents += len(waiting)
    if not made.tokens:
        raise TokalignError("the corpus holds no text to train on")
    part.replace(target)
    target.with_name(target.name + ".json").write_text(json.dumps(asdict(made), indent=1) + "\n")
    return made


def packed(target: Path) -> Packed:
    """What was packed into a file, as its manifest tells.

    Raises:
        TokalignError: There is no such file, or its manifest is broken.
    """
    if not target.is_file():
        raise TokalignError(f"no such file: {target}; `python -m tokalign.train pack` makes it")
    manifest = target.with_name(target.name + ".json")
    try:
        return Packed(**read_json(manifest))
    except TypeError as error:
        raise TokalignError(f"{manifest} is no manifest of packed tokens") from error


def _write(file: BinaryIO, tokenizer: Tokenizer, texts: list[str]) -> int:
    rows = [[START_ID, *e.ids] for e in tokenizer.encode_batch(texts, add_special_tokens=False)]
    ids = np.array([i for row in rows for i in row], dtype="<u2")
    ids.tofile(file)
    return len(ids)


class Sequences:
    """Sequences of a fixed length, in an order that a seed and a number decide.

    The order is a new permutation each time through. The batch of a step depends on the step and
    the seed alone, so a run goes on anywhere without a state of its own.

    Args:
        path: A file that `pack` made.
        length: Tokens a sequence; one more is read, as the last one's target.
        separator: The id that stands before each document for this model.
        seed: Of the order.
    """

    def __init__(self, path: Path, length: int, separator: int, seed: int) -> None:
        packed(path)
        self._ids = np.memmap(path, dtype="<u2", mode="r")
        self.length, self.separator, self.seed = length, separator, seed
        self._count = (len(self._ids) - 1) // length
        if self._count < 1:
            raise TokalignError(f"{path} holds {len(self._ids)} tokens, fewer than a sequence")
        self._epoch, self._order = -1, np.arange(0)

    def __len__(self) -> int:
        return self._count

    def at(self, number: int) -> np.ndarray:
        """Sequence `number` in file order, ``(length + 1,)`` int64."""
        start = number * self.length
        ids = self._ids[start : start + self.length + 1].astype(np.int64)
        return np.where(ids == START_ID, self.separator, ids)

    def batch(self, step: int, size: int) -> np.ndarray:
        """The batch of a step, ``(size, length + 1)`` int64."""
        return np.stack([self.at(self._shuffled(step * size + i)) for i in range(size)])

    def span(self, start: int, stop: int) -> np.ndarray:
        """Sequences from `start` to before `stop` in file order, ``(stop - start, length + 1)``."""
        return np.stack([self.at(number) for number in range(start, stop)])

    def _shuffled(self, position: int) -> int:
        epoch, place = divmod(position, self._count)
        if epoch != self._epoch:
            self._order = np.random.default_rng([self.seed, epoch]).permutation(self._count)
            self._epoch = epoch
        return int(self._order[place])
