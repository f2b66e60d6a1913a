"""One call for any embedder: what is in the table, and what the verdict rests on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tokalign.datasets.own_pairs import own_pairs
from tokalign.embedders import Embedder, load_embedder
from tokalign.measures import WordOverlap
from tokalign.pairs import (
    CONTRAST,
    Judged,
    MarkedPairs,
    cosine_table,
    diagnose,
    gaps,
    overlap_table,
    pair_vectors,
    read_table,
)
from tokalign.store import Store
from tokalign.tokens import load_head

COLUMNS = ["embedder", "part", "kind", "quantity", "n", "value", "low", "high", "chance"]


def test_one_call(tiny: Embedder, few: MarkedPairs, tmp_path: Path) -> None:
    sets = [Judged.of(kind, kind, few.first, few.second, range(10))
            for kind in ("similarity", "relatedness")]  # fmt: skip
    store = Store(tmp_path)
    found = diagnose(tiny, few, judged=[s for s in sets if s.kind == "similarity"], store=store)
    table = found.table
    assert table.columns.tolist() == COLUMNS
    parts = ["cosine", "aligned tokens", "words", "change", "changed word", "deletion", "people"]
    assert table["part"].drop_duplicates().tolist() == parts
    known = table[table["value"].notna() & table["low"].notna()]
    assert ((known["low"] <= known["value"]) & (known["value"] <= known["high"])).all()
    vectors = pair_vectors(tiny, few.first, few.second)
    own = gaps(cosine_table(*(side.vectors for side in vectors)), few.kinds, few.groups)
    cosine = table[table["part"] == "cosine"].reset_index(drop=True)
    assert cosine[["kind", "quantity", "value"]].equals(own[["kind", "quantity", "value"]])
    # The chance level of a mean is that of the mismatched pairs.
    rows = cosine.set_index(["kind", "quantity"])
    assert rows.loc[("negation", "mean"), "chance"] == rows.loc[("negation", "mismatched"), "value"]
    assert rows.loc[("negation", "paraphrase nearer"), "chance"] == 0.5
    assert found.verdict in found.reading
    assert "\n" not in found.reading
    assert found.reading.startswith(tiny.name)
    again = diagnose(tiny, few, judged=sets, store=store)
    assert CONTRAST in again.table["quantity"].tolist()
    assert again.verdict == found.verdict


def test_a_head_that_is_not_linear_is_diagnosed_without_the_split(
    checkpoint: Callable[..., Path], few: MarkedPairs
) -> None:
    embedder = load_embedder(str(checkpoint("gemma2")))
    assert not load_head(embedder).linear
    table = diagnose(embedder, few).table
    assert not table["quantity"].isin(["towards", "share", "agreement"]).any()
    assert "people" not in table["part"].tolist()


def rows(further: tuple[float, float], above: float, kind: str = "contradiction") -> pd.DataFrame:
    low, high = further
    return pd.DataFrame(
        [("change", kind, "further", (low + high) / 2, low, high),
         ("cosine", "negation", "above mismatched", above, above, 1.0),
         ("cosine", "antonym", "above mismatched", 1.0, 1.0, 1.0)],
        columns=["part", "kind", "quantity", "value", "low", "high"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("further", "above", "verdict"),
    [
        ((0.51, 0.7), 1.0, "tells meaning apart"),
        ((0.51, 0.7), 0.2, "tells meaning apart"),
        ((0.3, 0.49), 0.95, "keeps topics together"),
        ((0.3, 0.49), 0.9, "neither"),
        ((0.3, 0.5), 1.0, "neither"),
        ((0.5, 0.7), 1.0, "neither"),
    ],
)
def test_verdicts(further: tuple[float, float], above: float, verdict: str) -> None:
    found, why = read_table(rows(further, above))
    assert found == verdict
    assert f"({further[0]:.2f} to {further[1]:.2f})" in why


def test_without_contradictions_there_is_no_verdict() -> None:
    assert read_table(rows((0.6, 0.9), 1.0, "number"))[0] == "neither"
    assert read_table(rows((0.6, 0.9), 1.0, "antonym"))[0] == "tells meaning apart"


def test_word_overlap_of_all_couples(few: MarkedPairs) -> None:
    overlap = WordOverlap.fit(list(dict.fromkeys([*few.first, *few.second])))
    expected = [overlap.scores([text] * len(few), few.second) for text in few.first]
    np.testing.assert_allclose(overlap_table(few), expected, atol=1e-12)
    nothing = MarkedPairs.of(["..."], ["!"], ["odd"], [[]], [[]])
    assert overlap_table(nothing).tolist() == [[0.0]]


def test_our_own_pairs_come_as_columns() -> None:
    pairs = own_pairs()
    made = MarkedPairs.from_pairs(pairs)
    assert len(made) == len(pairs)
    assert made.kinds == tuple(pair.kind for pair in pairs)
    assert made.changed == tuple(pair.changed for pair in pairs)
    assert made.changed_first == tuple(pair.changed_first for pair in pairs)
