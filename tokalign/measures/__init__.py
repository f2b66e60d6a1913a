"""Tokens -> measurement: the overlap metrics, their intervals and their chance levels."""

from __future__ import annotations

from tokalign.measures.chance import derangements
from tokalign.measures.controls import Controls, control_scores, controls
from tokalign.measures.deletion import deletion_effects, deletion_summary
from tokalign.measures.drivers import drivers, explained
from tokalign.measures.intervals import Interval
from tokalign.measures.keywords import shape_class, word_ranks
from tokalign.measures.layers import layer_overlap
from tokalign.measures.marks import Mark, MarkedText, mark, mark_strings, marked_texts
from tokalign.measures.measurement import Measurement, Overlap, measure
from tokalign.measures.overlap import GAR, LAR, Hit, Metric
from tokalign.measures.paired import gar_difference, paired_difference
from tokalign.measures.ranks import Literals, Ranks, ranks
from tokalign.measures.related import JudgedTexts, judge_related, mark_shares
from tokalign.measures.similarity import (
    WordOverlap,
    cosines,
    rank_correlation,
    rank_correlation_difference,
)
from tokalign.measures.vectors import VectorOverlap

__all__ = [
    "GAR",
    "LAR",
    "Controls",
    "Hit",
    "Interval",
    "JudgedTexts",
    "Literals",
    "Mark",
    "MarkedText",
    "Measurement",
    "Metric",
    "Overlap",
    "Ranks",
    "VectorOverlap",
    "WordOverlap",
    "control_scores",
    "controls",
    "cosines",
    "deletion_effects",
    "deletion_summary",
    "derangements",
    "drivers",
    "explained",
    "gar_difference",
    "judge_related",
    "layer_overlap",
    "mark",
    "mark_shares",
    "mark_strings",
    "marked_texts",
    "measure",
    "paired_difference",
    "rank_correlation",
    "rank_correlation_difference",
    "ranks",
    "shape_class",
    "word_ranks",
]
