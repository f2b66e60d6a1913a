"""A corpus of a few hundred invented articles, its tokenizer, and runs that take seconds."""

from __future__ import annotations

import json
import lzma
import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tokalign.train.architectures import Shape
from tokalign.train.contamination import Forbidden
from tokalign.train.corpus import read_articles
from tokalign.train.packing import Slice, documents, pack
from tokalign.train.settings import Habits, Settings
from tokalign.train.tokenizer import load_tokenizer, train_tokenizer

ENTRIES = 320
TINY = Shape(width=32, layers=2, heads=4, entries=ENTRIES, positions=32)
SETTINGS = Settings("gpt-neo", TINY, batch=4, warmup=256)
HABITS = Habits(evaluate=1024, held_out=8, save_minutes=60)

_PLACES = ["Oslo", "Lima", "Turin", "Quito", "Malmö", "Kyōto"]
_THINGS = ["band", "river", "castle", "school", "film", "engine", "treaty", "parrot"]
_DEEDS = ["was founded", "was lost", "was sold", "was painted", "was found again", "was closed"]


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Sums of floats depend on the number of threads; the machine's others are left alone too."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def article(number: int) -> dict[str, object]:
    """An invented article, the same for the same number."""
    draw = random.Random(number)
    place, thing = draw.choice(_PLACES), draw.choice(_THINGS)
    sentences = [
        f"The {thing} of {place} {draw.choice(_DEEDS)} in {draw.randint(1900, 1999)} by a "
        f"{draw.choice(_THINGS)} from {draw.choice(_PLACES)}."
        for _ in range(4)
    ]
    return {
        "id": str(number),
        "title": f"{thing.title()} of {place}",
        "paragraphs": [" ".join(sentences[:2]), "", " ".join(sentences[2:])],
    }


@pytest.fixture(scope="session")
def write_corpus():
    """Write articles to a ``.jsonl.xz`` file."""

    def write(path: Path, articles: list[object]) -> Path:
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in articles)
        path.write_bytes(lzma.compress("".join(lines).encode()))
        return path

    return write


@pytest.fixture(scope="session")
def articles():
    """Invented articles, as many as are asked for."""
    return lambda count: [article(number) for number in range(count)]


@pytest.fixture(scope="session")
def corpus(tmp_path_factory, write_corpus):
    """A file of 240 articles."""
    folder = tmp_path_factory.mktemp("corpus")
    return write_corpus(folder / "toy.jsonl.xz", [article(n) for n in range(240)])


@pytest.fixture(scope="session")
def tokenizer_file(tmp_path_factory, corpus):
    """The tokenizer of the corpus, saved."""
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    texts = (text for found in read_articles(corpus) for text in documents(found))
    train_tokenizer(texts, ENTRIES).save(str(path))
    return path


@pytest.fixture(scope="session")
def tokenizer(tokenizer_file):
    """The tokenizer of the corpus, loaded."""
    return load_tokenizer(tokenizer_file)


@pytest.fixture(scope="session")
def data(tmp_path_factory, corpus, tokenizer_file, tokenizer):
    """A folder with train.bin (200 articles) and validation.bin (the other 40)."""
    folder = tmp_path_factory.mktemp("data")
    nothing = Forbidden([])
    pack([Slice(corpus, 0, 200)], tokenizer_file, tokenizer, nothing, folder / "train.bin")
    pack([Slice(corpus, 200)], tokenizer_file, tokenizer, nothing, folder / "validation.bin")
    return folder


@pytest.fixture(scope="session")
def shape():
    """The size of a tiny model."""
    return TINY


@pytest.fixture(scope="session")
def settings():
    """What a tiny run is told."""
    return SETTINGS


@pytest.fixture(scope="session")
def start(data):
    """Start or go on with a run of a tiny model."""
    from tokalign.train.pretraining import Run

    def begin(folder: Path, settings: Settings = SETTINGS, **habits: object) -> Run:
        files = data / "train.bin", data / "validation.bin"
        return Run(folder, *files, settings, replace(HABITS, **habits))

    return begin
