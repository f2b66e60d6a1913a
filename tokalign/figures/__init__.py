"""Measurement -> figure: one function a figure, drawn by seaborn, readable in light and dark."""

from __future__ import annotations

from tokalign.figures.anatomy import anatomy, readings
from tokalign.figures.cards import cards
from tokalign.figures.gains import beside_backbone
from tokalign.figures.overlap import VIEWS, metric_by_label, metrics_beside_chance
from tokalign.figures.picture import Picture
from tokalign.figures.proofs import proof_distances
from tokalign.figures.texts import gallery, text_with_tokens, tokens_of_each

__all__ = [
    "VIEWS",
    "Picture",
    "anatomy",
    "beside_backbone",
    "cards",
    "gallery",
    "metric_by_label",
    "metrics_beside_chance",
    "proof_distances",
    "readings",
    "text_with_tokens",
    "tokens_of_each",
]
