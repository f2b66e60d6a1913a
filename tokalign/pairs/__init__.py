"""Relatedness and similarity of pairs: cosines against people, and why, in tokens."""

from __future__ import annotations

from tokalign.pairs.correlation import (
    CONTRAST,
    Judged,
    correlation,
    correlation_differences,
    correlation_table,
    correlations,
)
from tokalign.pairs.cosines import cosine_table, pair_cosines, pair_vectors
from tokalign.pairs.deleting import effects_summary, word_effects
from tokalign.pairs.diagnosis import Diagnosis, diagnose, overlap_table, read_table
from tokalign.pairs.estimates import Estimate, mean_of
from tokalign.pairs.gaps import gap_differences, gaps, kind_estimates
from tokalign.pairs.marked import CHANGED, CHANGED_KINDS, MarkedPair, MarkedPairs, kind_masks
from tokalign.pairs.shared import (
    SharedForms,
    changed_shown,
    difference,
    moved_towards,
    shared_forms,
)
from tokalign.pairs.sources import SickSources, disjoint, pair_groups
from tokalign.pairs.split import TokenSplit
from tokalign.pairs.twobytwo import CELLS, two_by_two
from tokalign.pairs.words import Vocabulary, spoken_words, word_parts, word_shares
from tokalign.pairs.yardstick import change_weights, weight_estimates, weight_table

__all__ = [
    "CELLS",
    "CHANGED",
    "CHANGED_KINDS",
    "CONTRAST",
    "Diagnosis",
    "Estimate",
    "Judged",
    "MarkedPair",
    "MarkedPairs",
    "SharedForms",
    "SickSources",
    "TokenSplit",
    "Vocabulary",
    "change_weights",
    "changed_shown",
    "correlation",
    "correlation_differences",
    "correlation_table",
    "correlations",
    "cosine_table",
    "diagnose",
    "difference",
    "disjoint",
    "effects_summary",
    "gap_differences",
    "gaps",
    "kind_estimates",
    "kind_masks",
    "mean_of",
    "moved_towards",
    "overlap_table",
    "pair_cosines",
    "pair_groups",
    "pair_vectors",
    "read_table",
    "shared_forms",
    "spoken_words",
    "two_by_two",
    "weight_estimates",
    "weight_table",
    "word_effects",
    "word_parts",
    "word_shares",
]
