"""Why a document was found: the tokens that it shares with a query, and what each adds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp


@dataclass(frozen=True)
class Match:
    """One token that query and document share.

    Attributes:
        token: Name of its column.
        query: Its weight in the query.
        document: Its weight in the document.
        product: What it adds to the score.
        literal: Whether it stands in the query itself; otherwise the query was expanded by it.
    """

    token: str
    query: float
    document: float
    product: float
    literal: bool


def matches(
    query: sp.csr_array, literal: sp.csr_array, document: sp.csr_array, names: Sequence[str]
) -> list[Match]:
    """The tokens that a query and a document share.

    Args:
        query: ``(1, C)`` weights as they meet the index.
        literal: ``(1, C)`` the query's own tokens.
        document: ``(1, C)`` weights of the document.
        names: C names of the columns.

    Returns:
        What adds most first, equal ones by name. The products add up to the score.

    >>> row = lambda *weights: sp.csr_array(np.array([weights]))
    >>> matches(row(1.0, 0.5, 1.0), row(1.0, 0, 0), row(2.0, 6.0, 0), ["sea", "wave", "ice"])
    [Match(token='wave', query=0.5, document=6.0, product=3.0, literal=False), \
Match(token='sea', query=1.0, document=2.0, product=2.0, literal=True)]
    """
    shared, left, right = np.intersect1d(query.indices, document.indices, return_indices=True)
    found = [
        Match(names[column], float(q), float(d), float(q) * float(d), column in literal.indices)
        for column, q, d in zip(shared, query.data[left], document.data[right], strict=True)
    ]
    return sorted(found, key=lambda match: (-match.product, match.token))
