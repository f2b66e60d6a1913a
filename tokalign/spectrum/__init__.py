"""Where a backbone and an embedder differ: components, variation, adjustment, rival filters."""

from __future__ import annotations

from tokalign.spectrum.adjustment import adjusted, adjustments
from tokalign.spectrum.comparison import Comparison, backbone_of, compare, views_of
from tokalign.spectrum.components import Components, components
from tokalign.spectrum.contents import content_effects, content_scores
from tokalign.spectrum.contribution import contribution
from tokalign.spectrum.curves import adjustment_curve, default_lambdas
from tokalign.spectrum.direction import first_direction
from tokalign.spectrum.effects import Score, effects
from tokalign.spectrum.filters import Filter, Rival
from tokalign.spectrum.gains import alignment_gain
from tokalign.spectrum.halves import split_halves
from tokalign.spectrum.headfilter import HeadSpectrum, head_directions
from tokalign.spectrum.moving import Case, slider_case
from tokalign.spectrum.portrait import portrait
from tokalign.spectrum.quantities import first_component_quantities
from tokalign.spectrum.ranging import RangeTop, missed, top_over_range
from tokalign.spectrum.reading import constant_shift
from tokalign.spectrum.removals import AllButTheTop, Identity, MeanSubtraction, RemoveFirst
from tokalign.spectrum.rivals import rivals
from tokalign.spectrum.shifts import AddFirst, AddRandom
from tokalign.spectrum.stability import Stability, split_half_stability
from tokalign.spectrum.variation import Variation, variation
from tokalign.spectrum.whitening import Whitening

__all__ = [
    "AddFirst",
    "AddRandom",
    "AllButTheTop",
    "Case",
    "Comparison",
    "Components",
    "Filter",
    "HeadSpectrum",
    "Identity",
    "MeanSubtraction",
    "RangeTop",
    "RemoveFirst",
    "Rival",
    "Score",
    "Stability",
    "Variation",
    "Whitening",
    "adjusted",
    "adjustment_curve",
    "adjustments",
    "alignment_gain",
    "backbone_of",
    "compare",
    "components",
    "constant_shift",
    "content_effects",
    "content_scores",
    "contribution",
    "default_lambdas",
    "effects",
    "first_component_quantities",
    "first_direction",
    "head_directions",
    "missed",
    "portrait",
    "rivals",
    "slider_case",
    "split_half_stability",
    "split_halves",
    "top_over_range",
    "variation",
    "views_of",
]
