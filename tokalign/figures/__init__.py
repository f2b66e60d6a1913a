"""Measurement -> figure: one function a figure, drawn by seaborn, readable in light and dark."""

from __future__ import annotations

from tokalign.figures.adjustment import adjustment_curves, rivals_table_figure
from tokalign.figures.anatomy import anatomy, readings
from tokalign.figures.cards import cards
from tokalign.figures.cost import cost_by_size, cost_curve
from tokalign.figures.facets import (
    differences_by_facet,
    levels_by_condition,
    moves_along_components,
    moves_by_instruction,
    rise_and_gain,
    tokens_exchanged,
)
from tokalign.figures.gains import beside_backbone
from tokalign.figures.keywords import (
    deletion_paths,
    driver_coefficients,
    rank_by_idf,
    stacked_marks,
)
from tokalign.figures.layers import by_layer
from tokalign.figures.overlap import VIEWS, metric_by_label, metrics_beside_chance
from tokalign.figures.pair_tokens import PairRead, pair_with_tokens
from tokalign.figures.pairs import beside_each_other, split_beside_deletion, words_taken_away
from tokalign.figures.picture import Picture
from tokalign.figures.proofs import proof_distances
from tokalign.figures.retrieval import (
    SYSTEMS,
    by_rarity,
    grid_of_k_and_m,
    systems_compared,
    what_matched,
)
from tokalign.figures.slider import lambda_slider
from tokalign.figures.spectrum import contribution_of_first, stability, variation_by_component
from tokalign.figures.texts import gallery, text_with_tokens, tokens_of_each
from tokalign.figures.training import growth_curve, loss_curve, watched_curve

__all__ = [
    "SYSTEMS",
    "VIEWS",
    "PairRead",
    "Picture",
    "adjustment_curves",
    "anatomy",
    "beside_backbone",
    "beside_each_other",
    "by_layer",
    "by_rarity",
    "cards",
    "contribution_of_first",
    "cost_by_size",
    "cost_curve",
    "deletion_paths",
    "differences_by_facet",
    "driver_coefficients",
    "gallery",
    "grid_of_k_and_m",
    "growth_curve",
    "lambda_slider",
    "levels_by_condition",
    "loss_curve",
    "metric_by_label",
    "metrics_beside_chance",
    "moves_along_components",
    "moves_by_instruction",
    "pair_with_tokens",
    "proof_distances",
    "rank_by_idf",
    "readings",
    "rise_and_gain",
    "rivals_table_figure",
    "split_beside_deletion",
    "stability",
    "stacked_marks",
    "systems_compared",
    "text_with_tokens",
    "tokens_exchanged",
    "tokens_of_each",
    "variation_by_component",
    "watched_curve",
    "what_matched",
    "words_taken_away",
]
