"""Data sets: texts, sentence pairs, retrieval collections, each with its origin and licence.

A leaf of the package: it imports nothing of it but `errors`, and nothing heavy. It does not
tokenize, embed or score, and it neither cleans nor repairs what a set holds.
"""

from __future__ import annotations

from tokalign.datasets.beir import RetrievalSet
from tokalign.datasets.pairs import PairSet, load_pairs
from tokalign.datasets.published import published_tokens
from tokalign.datasets.quality import frames, near_duplicates
from tokalign.datasets.retrieval import load_retrieval
from tokalign.datasets.sampling import sample_indices
from tokalign.datasets.texts import known_texts, load_texts
from tokalign.datasets.textset import TextSet

__all__ = [
    "PairSet",
    "RetrievalSet",
    "TextSet",
    "frames",
    "known_texts",
    "load_pairs",
    "load_retrieval",
    "load_texts",
    "near_duplicates",
    "published_tokens",
    "sample_indices",
]
