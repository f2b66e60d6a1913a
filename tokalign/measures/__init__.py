"""Tokens -> measurement: the overlap metrics, their intervals and their chance levels."""

from __future__ import annotations

from tokalign.measures.chance import derangements
from tokalign.measures.controls import Controls, control_scores, controls
from tokalign.measures.intervals import Interval
from tokalign.measures.marks import Mark, MarkedText, mark, mark_strings, marked_texts
from tokalign.measures.measurement import Measurement, Overlap, measure
from tokalign.measures.overlap import GAR, LAR, Hit, Metric
from tokalign.measures.paired import gar_difference, paired_difference
from tokalign.measures.ranks import Literals, Ranks, ranks
from tokalign.measures.vectors import VectorOverlap

__all__ = [
    "GAR",
    "LAR",
    "Controls",
    "Hit",
    "Interval",
    "Literals",
    "Mark",
    "MarkedText",
    "Measurement",
    "Metric",
    "Overlap",
    "Ranks",
    "VectorOverlap",
    "control_scores",
    "controls",
    "derangements",
    "gar_difference",
    "mark",
    "mark_strings",
    "marked_texts",
    "measure",
    "paired_difference",
    "ranks",
]
