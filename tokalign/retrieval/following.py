"""Single queries followed through: what was found, by which tokens, and which query lost most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tokalign.datasets import RetrievalSet
from tokalign.errors import unknown
from tokalign.retrieval.comparison import Comparison
from tokalign.retrieval.matches import Match, matches

#: Documents that are shown of a query.
SHOWN = 5


@dataclass(frozen=True)
class Followed:
    """One query and what sparse search finds for it.

    Attributes:
        query: Its identifier.
        text: The query.
        documents: Identifiers of those found, best first.
        texts: The documents.
        matches: What each shares with the query, what adds most first.
        relevant: Whether each was judged relevant.
    """

    query: str
    text: str
    documents: tuple[str, ...]
    texts: tuple[str, ...]
    matches: tuple[list[Match], ...]
    relevant: tuple[bool, ...]

    @property
    def own_share(self) -> float:
        """Which share of the scores comes from the query's own tokens; 0 where nothing scores."""
        every = [m for row in self.matches for m in row]
        total = sum(m.product for m in every)
        return sum(m.product for m in every if m.literal) / total if total else 0.0


@dataclass(frozen=True)
class Lost:
    """A query and what it is worth by two systems."""

    query: str
    text: str
    dense: float
    sparse: float


def follow(
    compared: Comparison, data: RetrievalSet, query: str = "", *, documents: int = SHOWN
) -> Followed:
    """Follow a query through.

    Args:
        compared: Systems on the collection.
        data: The collection.
        query: Its identifier. Where it is empty: of the queries with the highest nDCG@10 by sparse
            search the one whose expansion adds the largest share.
        documents: How many of those found are shown.

    Raises:
        TokalignError: There is no such query.
    """
    if query and query not in compared.sparse.query_ids:
        raise unknown("query", query, compared.sparse.query_ids)
    if query:
        return _followed(compared, data, query, documents)
    values = (
        compared.evaluations["sparse"].per_query["nDCG@10"].loc[list(compared.sparse.query_ids)]
    )
    best = [str(name) for name in values.index[values == values.max()]]
    made = [_followed(compared, data, name, documents) for name in best]
    return min(made, key=lambda one: one.own_share)


def worst_query(compared: Comparison, data: RetrievalSet) -> Lost:
    """The query that loses most nDCG@10 from dense to sparse search; of equal ones the first."""
    dense, sparse = (compared.evaluations[run].values() for run in ("dense", "sparse"))
    at = int(np.argmax(dense - sparse))
    return Lost(data.query_ids[at], data.queries[at], float(dense[at]), float(sparse[at]))


def _followed(compared: Comparison, data: RetrievalSet, query: str, count: int) -> Followed:
    made = compared.sparse
    found = tuple(list(compared.runs["sparse"].rankings[query])[:count])
    at = made.query_ids.index(query)
    place = {doc: i for i, doc in enumerate(made.documents.ids)}
    texts = dict(zip(data.doc_ids, data.docs, strict=True))
    grades = data.qrels.get(query, {})
    return Followed(
        query=query,
        text=data.queries[data.query_ids.index(query)],
        documents=found,
        texts=tuple(texts[doc] for doc in found),
        matches=tuple(
            matches(made.queries[[at]], made.literal[[at]], made.documents.matrix[[place[doc]]],
                    made.columns.names)
            for doc in found
        ),
        relevant=tuple(grades.get(doc, 0) > 0 for doc in found),
    )  # fmt: skip
