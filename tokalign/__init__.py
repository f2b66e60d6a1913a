"""What tokens a text embedding decodes to.

``text -> vector -> tokens -> measurement -> figure``, one sub-package each; see the book.
"""

from __future__ import annotations

__version__ = "0.1.0"
