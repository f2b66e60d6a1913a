"""What instructions change: which tokens enter and leave, and whether the label asked for rises."""

from __future__ import annotations

from tokalign.facets.asking import Style, asked_embedder, marked_under, read_under, style_of
from tokalign.facets.intervals import CrossedInterval, crossed_interval, variance_parts
from tokalign.facets.labels import LabelTokens, label_scores, label_tokens
from tokalign.facets.readings import Reading, Readings, instructions_for, read_all
from tokalign.facets.rise import rise
from tokalign.facets.study import Followed, follow, groups_of, summarise

__all__ = [
    "CrossedInterval",
    "Followed",
    "LabelTokens",
    "Reading",
    "Readings",
    "Style",
    "asked_embedder",
    "crossed_interval",
    "follow",
    "groups_of",
    "instructions_for",
    "label_scores",
    "label_tokens",
    "marked_under",
    "read_all",
    "read_under",
    "rise",
    "style_of",
    "summarise",
    "variance_parts",
]
