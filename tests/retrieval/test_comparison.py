"""Systems side by side, single queries followed, queries grouped: against what can be counted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tokalign.embedders import Embedder
from tokalign.errors import TokalignError
from tokalign.retrieval import (
    Comparison,
    bm25_search,
    by_cut_words,
    compare_systems,
    cut_words,
    evaluate,
    follow,
    worst_query,
)
from tokalign.retrieval.rarity import GROUPS
from tokalign.retrieval.sparse import SparseSettings
from tokalign.tokens import load_head


@pytest.fixture(scope="module")
def data(collection: Any) -> Any:
    return collection(queries={"q1": "talking parrot", "q2": "rain", "q3": "roof"})


@pytest.fixture(scope="module")
def compared(embedder: Embedder, data: Any) -> Comparison:
    return compare_systems(embedder, load_head(embedder), data, SparseSettings(k=30, expand=3))


def test_every_system_is_judged_on_the_same_queries(compared: Comparison, data: Any) -> None:
    assert list(compared.runs) == ["dense", "sparse", "bm25", "hybrid", "hybrid_dense"]
    assert compared.runs["bm25"].rankings == bm25_search(data).rankings
    for name, run in compared.runs.items():
        found = compared.evaluations[name]
        assert run.name == found.run == name
        np.testing.assert_array_equal(found.values(), evaluate(run, data).values())
    frame = compared.frame()
    assert set(frame["measure"]) == {"nDCG@10", "RR@10", "R@100"}
    assert len(frame) == 15


def test_the_share_is_that_of_the_means(compared: Comparison) -> None:
    dense, sparse = (compared.evaluations[run].values().mean() for run in ("dense", "sparse"))
    share = compared.retained()
    assert share is not None
    assert share.value == pytest.approx(sparse / dense)
    # Nothing is a share of nothing.
    found = dict(compared.evaluations)
    found["dense"] = replace(found["dense"], per_query=found["dense"].per_query * 0)
    assert replace(compared, evaluations=found).retained() is None


def test_the_cost_is_counted_against_every_document_and_dimension(compared: Comparison) -> None:
    made = compared.sparse
    queries, documents = made.queries.toarray() > 0, made.documents.matrix.toarray() > 0
    touched = [sum(int(documents[:, c].sum()) for c in np.flatnonzero(row)) for row in queries]
    every = len(documents) * compared.width
    assert compared.cost_share().value == pytest.approx(np.mean(touched) / every)


def test_a_query_followed_adds_up_to_its_scores(compared: Comparison, data: Any) -> None:
    for query, text in zip(data.query_ids, data.queries, strict=True):
        shown = follow(compared, data, query, documents=2)
        assert (shown.query, shown.text) == (query, text)
        found = list(compared.runs["sparse"].rankings[query].items())[:2]
        assert list(shown.documents) == [doc for doc, _ in found]
        for (doc, score), row, told, ok in zip(
            found, shown.matches, shown.texts, shown.relevant, strict=True
        ):
            assert sum(m.product for m in row) == pytest.approx(score, rel=1e-5)
            assert told == dict(zip(data.doc_ids, data.docs, strict=True))[doc]
            assert ok == (data.qrels[query].get(doc, 0) > 0)
        every = [m for row in shown.matches for m in row]
        own = sum(m.product for m in every if m.literal)
        assert shown.own_share == pytest.approx(own / max(sum(m.product for m in every), 1e-9))
    with pytest.raises(TokalignError, match=r"unknown query 'q9'.*q1"):
        follow(compared, data, "q9")


def test_without_a_name_a_best_query_is_followed(compared: Comparison, data: Any) -> None:
    values = compared.evaluations["sparse"].per_query["nDCG@10"]
    shown = follow(compared, data)
    assert values[shown.query] == values.max()
    best = [q for q in data.query_ids if values[q] == values.max()]
    assert shown.own_share == min(follow(compared, data, q).own_share for q in best)


def test_the_worst_query_loses_most(compared: Comparison, data: Any) -> None:
    lost = worst_query(compared, data)
    dense, sparse = (compared.evaluations[run].per_query["nDCG@10"] for run in ("dense", "sparse"))
    assert lost.dense - lost.sparse == pytest.approx((dense - sparse).max())
    assert lost.text == data.queries[data.query_ids.index(lost.query)]


class Cutter:
    """Knows the words `parrot` and `the`; every other word is cut into its letters."""

    pieces = ("\u0120", " parrot", " the")

    def encode(self, text: str, add_special_tokens: bool) -> list[int]:
        if text in self.pieces:
            return [self.pieces.index(text)]
        return [0, *(100 + ord(c) for c in text.strip())]

    def decode(self, ids: list[int]) -> str:
        return self.pieces[ids[0]] if ids[0] < 100 else chr(ids[0] - 100)


def test_words_without_a_token_of_their_own_are_cut() -> None:
    # A word of one letter is whole, whatever mark of a blank stands before it.
    assert cut_words("The parrot of Ouagadougou, 7 parrots!", Cutter()) == [
        "Ouagadougou",
        "parrots",
    ]
    assert cut_words("the of and", Cutter()) == []


def test_queries_are_grouped_by_their_cut_words(compared: Comparison, data: Any) -> None:
    queries = ["the parrot", "parrot ara", "ara keet"]
    frame = by_cut_words(compared.evaluations, queries, Cutter())
    for number, group in enumerate(GROUPS):
        rows = frame[frame["group"] == group].set_index("run")
        for run, found in compared.evaluations.items():
            assert rows.loc[run, "value"] == found.values()[number]
            assert rows.loc[run, "n"] == 1
    pair = by_cut_words(compared.evaluations, ["parrot", "the", "ara"], Cutter()).set_index("run")
    first = pair[pair["group"] == GROUPS[0]].loc["dense"]
    assert first["value"] == pytest.approx(compared.evaluations["dense"].values()[:2].mean())
    assert first["low"] <= first["value"] <= first["high"]
    assert GROUPS[2] not in set(pair["group"])
    with pytest.raises(TokalignError, match="3 queries, but 1 were given"):
        by_cut_words(compared.evaluations, ["the parrot"], Cutter())
