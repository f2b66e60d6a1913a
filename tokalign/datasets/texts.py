"""Finding a set of texts by its name or file: the one entry of the chapters and commands."""

from __future__ import annotations

import os
from collections.abc import Callable

from tokalign.datasets.beir import corpus_rows
from tokalign.datasets.beir_names import LICENCE as BEIR_LICENCE
from tokalign.datasets.cranfield import load_cranfield
from tokalign.datasets.facets import load_facets
from tokalign.datasets.files import SUFFIXES, load_file, sha256_of
from tokalign.datasets.labelled import load_ag_news, load_banking77, load_msmarco_pairs
from tokalign.datasets.own import LICENCE as OWN_LICENCE
from tokalign.datasets.own import PASSAGES, own_data
from tokalign.datasets.pairs import load_pairs
from tokalign.datasets.public import Located
from tokalign.datasets.retrieval import beir_names, locate_beir
from tokalign.datasets.textset import TextSet, combined_sha256, unique
from tokalign.datasets.wiki import load_wiki
from tokalign.errors import TokalignError, unknown
from tokalign.paths import user_path


def _sentences() -> TextSet:
    return load_file(own_data("sentences.jsonl"), name="sentences", licence=OWN_LICENCE)


def _own_passages() -> TextSet:
    path = own_data(PASSAGES) / "corpus.jsonl"
    return _passages(Located(path, str(path)), PASSAGES, OWN_LICENCE)


def _facets() -> TextSet:
    held = load_facets()
    labels = held.first_labels()
    return TextSet("facets", held.texts, labels, held.source, held.sha256, held.licence)


def _both_sides(name: str, pairs: str, splits: tuple[str, ...]) -> TextSet:
    """Take both texts of every pair, each once, in order."""
    parts = [load_pairs(pairs, split) for split in splits]
    texts = unique(
        text for part in parts for row in zip(part.first, part.second, strict=True) for text in row
    )
    sources = " ".join(part.source for part in parts)
    digest = combined_sha256([part.sha256 for part in parts])
    return TextSet(name, texts, None, sources, digest, parts[0].licence)


def _cranfield() -> TextSet:
    held = load_cranfield()
    return TextSet("cranfield", unique(held.docs), None, held.source, held.sha256, held.licence)


def _passages(corpus: Located, name: str, licence: str) -> TextSet:
    texts = unique(text for _, text in corpus_rows(corpus.path))
    digest = corpus.check(sha256_of(corpus.path))
    return TextSet(name, texts, None, corpus.source, digest, licence)


_BUILDERS: dict[str, Callable[[], TextSet]] = {
    "sentences": _sentences,
    PASSAGES: _own_passages,
    "pairs": lambda: _both_sides("pairs", "pairs", ("test",)),
    "facets": _facets,
    "stsb": lambda: _both_sides("stsb", "stsb", ("test",)),
    "sick": lambda: _both_sides("sick", "sick", ("test",)),
    "str2022": lambda: _both_sides("str2022", "str2022", ("train", "dev")),
    "nli": lambda: _both_sides("nli", "rte", ("test",)),
    "msmarco-pairs": load_msmarco_pairs,
    "banking77": load_banking77,
    "ag_news": load_ag_news,
    "cranfield": _cranfield,
    "wiki": load_wiki,
}


def known_texts() -> list[str]:
    """List the names that `load_texts` understands, BEIR names included.

    >>> {"sentences", "stsb", "wiki", "scifact"} <= set(known_texts())
    True
    """
    return sorted(set(_BUILDERS) | set(beir_names()))


def load_texts(name_or_file: str, *, limit: int | None = None, seed: int = 0) -> TextSet:
    """Load a set of texts.

    Args:
        name_or_file: A name of `known_texts()`:

            - `sentences`: the project's own, labelled by topic;
            - `passages`: those of the project's own collection;
            - `pairs`: both sentences of the project's own pairs, each once;
            - `facets`: the project's own, labelled by topic or intent (`load_facets` gives all);
            - `stsb`, `sick`: both sentences of every pair of the test split, each once;
            - `str2022`: the same of its train and dev files;
            - `nli`: texts and hypotheses of the RTE test sets, each once;
            - `msmarco-pairs`: the passages of the 500 pairs that the paper's authors sampled;
            - `banking77`, `ag_news`: test splits, labelled by class;
            - `wiki`: first sentences of 1,000 English Wikipedia articles;
            - `cranfield`, or a BEIR name: the passages, "title. text", each once.

            Or a BEIR folder, or a file: `.txt` one text a line, `.jsonl` `{"text": ...}` a line.
            A name goes before a file of that name: write `./stsb` for the file.
        limit: Size of a random sample in the original order; samples nest. None, or more than
            there are, gives all.
        seed: Seed of the sample.

    Returns:
        The texts, none of them blank.

    Raises:
        TokalignError: If the name is unknown, the set is nowhere, a file is malformed, or `limit`
            is below 1.

    >>> texts = load_texts("sentences", limit=3)
    >>> len(texts), len(texts.labels)
    (3, 3)
    """
    if limit is not None and limit < 1:  # before anything is downloaded
        raise TokalignError(f"limit must be at least 1, not {limit}")
    return _load(name_or_file).sample(limit, seed)


def _load(name: str) -> TextSet:
    if name in _BUILDERS:
        return _BUILDERS[name]()
    corpus = locate_beir(name)
    if corpus is not None:
        return _passages(corpus, name, BEIR_LICENCE)
    path = user_path(name)
    if name.strip() and path.is_dir():
        inner = path / "corpus.jsonl"
        if not inner.is_file():
            raise TokalignError(
                f"{path} is a folder without corpus.jsonl: give a BEIR folder, or a file that "
                f"ends with {' or '.join(SUFFIXES)}"
            )
        return _passages(Located(inner, str(inner)), path.resolve().name, "not stated")
    if path.is_file() or path.suffix in SUFFIXES or "/" in name or os.sep in name:
        return load_file(path)
    raise unknown("data set", name, [*known_texts(), "a file .txt or .jsonl", "a BEIR folder"])
