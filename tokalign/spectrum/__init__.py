"""Where a backbone and an embedder differ: components, and the variation along them."""

from __future__ import annotations

from tokalign.spectrum.components import Components, components
from tokalign.spectrum.variation import Variation, variation

__all__ = ["Components", "Variation", "components", "variation"]
