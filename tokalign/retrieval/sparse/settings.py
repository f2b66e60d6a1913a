"""What may be chosen about sparse vectors of aligned tokens, and what was chosen.

The published recipe is one point of it. The configuration that the book reports is frozen in
``data/sparse_settings.json``, chosen on development data alone. Does NOT choose anything itself.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tokalign.errors import TokalignError
from tokalign.paths import book_data

Merge = Literal["none", "case", "stem"]
QueryWeights = Literal["one", "logit"]
Saturation = Literal["none", "log"]


class SparseSettings(BaseModel):
    """How texts become sparse vectors.

    Attributes:
        k: K, how many tokens a document keeps.
        expand: M, by how many aligned tokens a query is expanded; 0 for its own tokens alone.
        centre: Take the documents' mean vector off documents and queries.
        cosine_head: Centre the head's rows and bring them to length 1, so that tokens that score
            high with every text lose that.
        query_weights: ``one``: every token of a query weighs 1. ``logit``: its own tokens weigh 1,
            the others their logit over the highest one of the query.
        idf: Weigh a query's tokens by their inverse document frequency in the index.
        saturation: ``log``: a document's weight w becomes log(1 + w).
        merge: ``case``: tokens that differ in case and leading space alone are one column, with the
            best of their logits. ``stem``: those of one stem as well.
        bits: 8 stores a document's weights as one byte each; 32 as they are.

    >>> SparseSettings(k=64).changed(expand=0).label
    'K 64, M 0'
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    k: int = Field(default=1000, ge=1)
    expand: int = Field(default=100, ge=0)
    centre: bool = False
    cosine_head: bool = False
    query_weights: QueryWeights = "one"
    idf: bool = False
    saturation: Saturation = "none"
    merge: Merge = "none"
    bits: Literal[8, 32] = 32

    def changed(self, **choices: object) -> SparseSettings:
        """The same settings but for some.

        Raises:
            TokalignError: A choice is unknown or out of range.
        """
        return checked_settings({**self.model_dump(), **choices}, "these settings")

    @property
    def label(self) -> str:
        """K and M, and what else differs from the published recipe."""
        plain = SparseSettings()
        more = [
            name.replace("_", " ") if value is True else f"{name.replace('_', ' ')} {value}"
            for name, value in self.model_dump().items()
            if name not in ("k", "expand") and value != getattr(plain, name)
        ]
        return ", ".join([f"K {self.k}", f"M {self.expand}", *more])


#: The recipe of the paper, whose K and M are not known.
PUBLISHED = SparseSettings()


def checked_settings(given: object, where: str) -> SparseSettings:
    """Settings from a mapping.

    Raises:
        TokalignError: One is unknown or out of range.

    >>> checked_settings({"k": 0}, "settings.json")
    Traceback (most recent call last):
    tokalign.errors.TokalignError: settings.json: k: Input should be greater than or equal to 1
    """
    try:
        return SparseSettings.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "document"
        raise TokalignError(f"{where}: {field}: {first['msg']}") from error


def frozen_settings(path: Path | None = None) -> SparseSettings:
    """The configuration that was frozen.

    Args:
        path: The file; ``data/sparse_settings.json`` of the book where it is None.

    Raises:
        TokalignError: The file is missing or malformed.
    """
    path = book_data("sparse_settings.json") if path is None else path
    try:
        document = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise TokalignError(f"the frozen settings {path} cannot be read: {error}") from error
    if not isinstance(document, dict) or "settings" not in document:
        raise TokalignError(f'{path} holds no "settings"')
    return checked_settings(document["settings"], str(path))
