"""The quoted table: its numbers, what is retained, and files that are not right."""

from __future__ import annotations

from pathlib import Path

import pytest

from tokalign.datasets.beir_names import BEIR_MD5
from tokalign.errors import TokalignError
from tokalign.retrieval.published import KINDS, published_retrieval

GOOD = "source: s\nmeasure: nDCG@10\ndatasets: [a]\nsystems: [{system: x, kind: bm25, ndcg: [0.1]}]"


def test_the_table() -> None:
    table = published_retrieval()
    assert list(table.columns) == ["system", "kind", "dataset", "ndcg", "retained"]
    assert len(table) == 24
    assert set(table.kind) == set(KINDS)
    assert not table.duplicated(["system", "kind", "dataset"]).any()
    value = table.set_index(["system", "kind", "dataset"]).ndcg
    assert value["bm25", "bm25", "arguana"] == 0.315
    assert value["spladev2", "trained sparse", "fiqa"] == 0.336
    assert value["llm2vec", "sparse", "nfcorpus"] == 0.326
    assert value["gritlm", "dense", "scifact"] == 0.792
    assert "second hand" in table.attrs["source"]
    assert "2406.17378" in table.attrs["source"]


def test_what_is_retained() -> None:
    table = published_retrieval()
    assert table.retained.notna().sum() == 8
    assert set(table[table.retained.notna()].kind) == {"sparse"}
    value = table.set_index(["system", "kind", "dataset"]).retained
    assert value["gritlm", "sparse", "fiqa"] == pytest.approx(0.457 / 0.600)
    assert value["llm2vec", "sparse", "arguana"] == pytest.approx(0.481 / 0.575)


def test_its_data_sets_are_known_by_these_names() -> None:
    assert set(published_retrieval().dataset) <= set(BEIR_MD5)


def test_a_file_of_one_row(tmp_path: Path) -> None:
    path = tmp_path / "table.yml"
    path.write_text(GOOD)
    assert published_retrieval(path)[["system", "ndcg"]].to_numpy().tolist() == [["x", 0.1]]


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "cannot be read"), ("a: [", "cannot be read"), ("a: b", "must hold source"),
     ("- a", "must hold source"), (GOOD.replace("[0.1]", "[0.1, 0.2]"), "one ndcg a data set"),
     (GOOD.replace("[0.1]", "[high]"), "one ndcg a data set"),
     (GOOD.replace("nDCG@10", "MAP"), "allowed: measure nDCG@10"),
     (GOOD.replace("kind: bm25", "kind: bm26"), "of kinds bm25, trained sparse")],
)  # fmt: skip
def test_a_wrong_file_is_told(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "table.yml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(TokalignError, match=message):
        published_retrieval(path)
