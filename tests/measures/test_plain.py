"""The metrics of a real embedder against a plain reimplementation, written from the definitions.

Vectors by sentence-transformers, decoding by an argsort, metrics by sets and loops. Only the
derangements and the random head are the package's own, since both are drawn at random.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
import snowballstemmer
from safetensors.numpy import load_file
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS
from transformers import AutoTokenizer

from tokalign.datasets import load_texts
from tokalign.embedders import Embedder
from tokalign.measures import derangements, measure
from tokalign.tokens import load_head

SEED = 3
K = 10
STEMMER = snowballstemmer.stemmer("english")
Lists = list[list[int]] | list[list[str]]
Items = list[dict[str, set[str]]] | list[dict[int, set[int]]]


def form(word: str) -> str | None:
    word = unicodedata.normalize("NFKC", word)
    while word[:1] in ("\u0120", "\u2581", " ") and word:
        word = word[1:]
    word = word.strip().casefold()
    if word in ENGLISH_STOP_WORDS or not any(c.isalpha() or c.isdigit() for c in word):
        return None
    return STEMMER.stemWord(word)


def whole_words(text: str) -> Iterable[str]:
    """Runs of letters and digits; an apostrophe between two of them belongs to the word."""
    word = ""
    for i, char in enumerate(text):
        inner = char in "'\u2019" and word and text[i + 1 : i + 2].isalnum()
        if char.isalnum() or inner:
            word += char
        elif word:
            yield word
            word = ""
    if word:
        yield word


def plain_metrics(items: Items, lists: Lists, cutoffs: Sequence[int], k: int, cap: int | None):
    """``items``: for each text, item -> the list entries that match it."""
    hits, shares, matched, every = [], [], set(), set()
    for own, ranked, cutoff in zip(items, lists, cutoffs, strict=True):
        reach = cutoff if cap is None else min(cap, cutoff)
        hits.append(float(any(own[item] & set(ranked[:k]) for item in own)))
        found = {item for item in own if own[item] & set(ranked[:reach])}
        shares.append(len(found) / len(own))
        matched |= found
        every |= set(own)
    return {"hit_at_k": fmean(hits), "lar": fmean(shares), "gar": len(matched) / len(every)}


def plain_document(items: Items, own: Lists, random: Lists, cutoffs: Sequence[int], cap=None):
    value = plain_metrics(items, own, cutoffs, K, cap)
    noise = plain_metrics(items, random, cutoffs, K, cap)
    swapped = [
        plain_metrics(items, [own[j] for j in order], cutoffs, K, cap)
        for order in derangements(len(items), 20, SEED)
    ]
    return {
        key: {
            "value": value[key],
            "chance": fmean(one[key] for one in swapped),
            "chance_random_head": noise[key],
        }
        for key in value
    }


def content_list(order: Iterable[int], forms: dict[int, str | None], depth: int) -> list[str]:
    ranked: list[str] = []
    seen = set()
    for i in order:
        if forms[int(i)] is not None and forms[int(i)] not in seen:
            seen.add(forms[int(i)])
            ranked.append(str(forms[int(i)]))
            if len(ranked) == depth:
                break
    return ranked


def check(embedder: Embedder, texts: Sequence[str]) -> None:
    from sentence_transformers import SentenceTransformer

    folder = Path(embedder.tokenizer.name_or_path)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    vectors = SentenceTransformer(str(folder), device="cpu").encode(list(texts))
    heads = {
        "own": load_file(folder / "model.safetensors")["embeddings.word_embeddings.weight"],
        "random": load_head(embedder).random(SEED).matrix.numpy(),
    }
    orders = {
        name: [np.argsort(-(matrix @ vector), kind="stable") for vector in vectors]
        for name, matrix in heads.items()
    }
    found = measure(embedder, texts, k=K, seed=SEED).summary()

    ids = [tokenizer.encode(text) for text in texts]
    items = [{i: {i} for i in row} for row in ids]
    lists = {name: [row.tolist() for row in rows] for name, rows in orders.items()}
    cutoffs = [len(row) for row in ids]
    agree(found, plain_document(items, lists["own"], lists["random"], cutoffs))
    capped = plain_document(items, lists["own"], lists["random"], cutoffs, cap=K)
    agree(found["as_published"], capped)

    special = set(tokenizer.all_special_ids)
    forms = {
        i: None if i in special else form(tokenizer.decode([i])) for i in range(len(tokenizer))
    }
    words = []
    for text in texts:
        merged: dict[str, set[str]] = {}
        for word in whole_words(text):
            if form(word) is not None:
                pieces = [
                    tokenizer.encode(w, add_special_tokens=False)[0] for w in (word, " " + word)
                ]
                matches = {form(word), *(form(tokenizer.decode([p])) for p in pieces)} - {None}
                merged.setdefault(str(form(word)), set()).update(matches)
        words.append(merged)
    assert all(words), "every text of these sets has a content word"
    cutoffs = [len(row) for row in words]
    depth = max(K, *cutoffs)
    ranked = {
        name: [content_list(row, forms, depth) for row in rows] for name, rows in orders.items()
    }
    agree(found["content"], plain_document(words, ranked["own"], ranked["random"], cutoffs))


def agree(found: dict, expected: dict) -> None:
    for metric, numbers in expected.items():
        for name, number in numbers.items():
            assert found[metric][name] == pytest.approx(number, abs=1e-6), (metric, name)
        assert found[metric]["low"] <= found[metric]["value"] <= found[metric]["high"]


def test_the_projects_own_sentences(minilm: Embedder) -> None:
    check(minilm, load_texts("sentences", limit=60, seed=1).texts)


@pytest.mark.shared
def test_real_sentences(minilm: Embedder, shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKALIGN_DATA", str(shared / "datasets"))
    check(minilm, load_texts("stsb", limit=60, seed=1).texts)


def test_the_plain_words_are_the_documented_ones() -> None:
    text = "Don't the Parrots' eyes (x2) na\u00efve\u2014re_do 'quoted'"
    assert list(whole_words(text)) == [
        "Don't", "the", "Parrots", "eyes", "x2", "na\u00efve", "re", "do", "quoted",
    ]  # fmt: skip
