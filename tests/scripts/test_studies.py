"""The studies from end to end on a tiny model and tiny data: every row that a page expects."""

from __future__ import annotations

import importlib
import json
import runpy
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from tokalign.report.results import read_result

pytest.importorskip("bm25s", reason="the extra retrieval is not installed")
pytest.importorskip("ir_measures", reason="the extra retrieval is not installed")

ROOT = Path(__file__).resolve().parents[2]
TINY = runpy.run_path(str(ROOT / "tests" / "tiny_bert.py"))


@pytest.fixture(scope="module", autouse=True)
def _one_thread(one_thread: None) -> None:
    """Tiny models here."""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = TINY["build"](tmp_path_factory.mktemp("models") / "tiny")
    return folder


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Result]]:
    """Run a study with data of its own: STS-B's layout, and a BEIR folder."""
    texts = TINY["sentences"]()
    data = tmp_path / "data"
    (data / "stsb").mkdir(parents=True)
    random = np.random.default_rng(0)
    for split, start in (("train", 0), ("dev", 100), ("test", 200)):
        rows = [
            f"g\tf\ty\t{i}\t{random.integers(0, 6)}\t{texts[start + i]}\t{texts[start + i + 1]}"
            for i in range(12)
        ]
        (data / "stsb" / f"sts-{split}.csv").write_text("\n".join(rows) + "\n", "utf-8")
    beir = tmp_path / "beir"
    (beir / "qrels").mkdir(parents=True)
    docs = [{"_id": f"d{i}", "text": text} for i, text in enumerate(["", *texts[300:320]])]
    queries = [{"_id": f"q{i}", "text": texts[300 + i]} for i in range(4)]
    for name, made in (("corpus", docs), ("queries", queries)):
        lines = "".join(json.dumps(row) + "\n" for row in made)
        (beir / f"{name}.jsonl").write_text(lines, "utf-8")
    judged = "".join(f"q{i}\td{i + 1}\t1\n" for i in range(4))
    (beir / "qrels" / "test.tsv").write_text(judged, "utf-8")
    monkeypatch.setenv("TOKALIGN_DATA", str(data))
    monkeypatch.setenv("TOKALIGN_STORE", str(tmp_path / "store"))
    monkeypatch.syspath_prepend(str(ROOT / "scripts" / "studies"))
    for name in ("common", "cards", "rivals", "alignment"):
        monkeypatch.delitem(sys.modules, name, raising=False)

    def go(study: str, *arguments: str, collection: str | None = str(beir)) -> Result:
        asked = [*arguments, "--out", str(tmp_path / "out")]
        if collection is not None:
            asked += ["--retrieval", collection]
        main: Any = importlib.import_module(study).main
        return CliRunner().invoke(main, asked)

    yield go
    for name in ("common", "cards", "rivals"):
        sys.modules.pop(name, None)


def test_cards(run, tiny: Path, tmp_path: Path) -> None:
    (tiny / "manifest.json").write_text('{"held_out": {"tokens": 7, "perplexity": 12.5}}')
    done = run("cards", "--embedder", str(tiny), "--pairs", "stsb:test")
    assert done.exit_code == 0, done.output
    frame, about = read_result("cards", tmp_path / "out")
    assert "--embedder tiny --pairs stsb:test --retrieval beir" in about.command
    assert str(tmp_path) not in (tmp_path / "out" / "cards.json").read_text("utf-8")
    table = frame.set_index(["measure", "reading"])
    for measure, words in (("Spearman", "word overlap, idf"), ("nDCG@10", "BM25")):
        rows = table.loc[measure]
        assert set(rows.index) == {
            words, "embedder", "input embeddings", "input embeddings, idf",
        }  # fmt: skip
        assert pd.isna(rows.loc[words, "gain"])
        above = rows.drop(index=words)
        np.testing.assert_allclose(
            above["gain"], above["value"] - rows.loc[words, "value"], atol=1e-5
        )
    # Every query is a document's own text.
    assert table.loc[("nDCG@10", "embedder"), "value"] == 1.0
    assert table.loc[("nDCG@10", "embedder"), "n"] == 4
    assert table.loc[("perplexity", "language model"), "value"] == 12.5


def test_rivals(run, tiny: Path, tmp_path: Path) -> None:
    other = TINY["build"](tmp_path / "models" / "other", seed=1)
    asked = ("--pair", str(tiny), str(other), "--backbone", str(tiny), "--limit", "30")
    done = run("rivals", *asked, "--name", "trial")
    assert done.exit_code == 0, done.output
    frame, about = read_result("trial", tmp_path / "out")
    assert "--pair tiny other --backbone tiny" in about.command
    pair = frame[frame["embedder"] == "other"]
    alone = frame[frame["embedder"] == "-"]
    assert set(pair["rival"]) - set(alone["rival"]) == {"lambda u_1, v_1", "the embedder"}
    for _, rows in frame.groupby(["embedder", "rival"]):
        found = rows.set_index("score")["value"]
        assert {"content LAR", "stsb test, Spearman", "beir test, nDCG@10"} < set(found.index)
        assert found["raw Hit, net"] <= found["raw Hit"]
    assert (frame.loc[frame["rival"] == "identity", "change"] == 0).all()
    by_score, changed = (
        pair.pivot_table(index="score", columns="rival", values=column)
        for column in ("value", "change")
    )
    np.testing.assert_allclose(
        changed["the embedder"], by_score["the embedder"] - by_score["identity"], atol=1e-5
    )
    # A constant shift leaves no trace in differences of vectors, but it does in cosines.
    assert by_score.loc["stsb test, Spearman", "lambda u_1"] != pytest.approx(
        by_score.loc["stsb test, Spearman", "identity"]
    )


@pytest.mark.parametrize(
    ("study", "arguments", "collection", "said"),
    [
        ("cards", ["--embedder", "all-minilm-l6"], "", "unknown"),
        ("cards", ["--embedder", "a/x", "--embedder", "b/x"], "", "two models are called 'x'"),
        ("cards", ["--embedder", "x", "--pairs", "rte:test"], "", "rte"),
        ("rivals", [], "", "give at least one"),
        ("rivals", ["--backbone", "x"], "no-such-set", "unknown retrieval set 'no-such-set'"),
    ],
)
def test_users_errors_are_one_line(run, study: str, arguments, collection: str, said: str) -> None:
    done = run(study, *arguments, **({"collection": collection} if collection else {}))
    assert done.exit_code == 2
    assert said in done.output
    assert "Traceback" not in done.output


def test_alignment(run, tmp_path: Path) -> None:
    asked = ("--embedder", "mini-sgpt-nli", "--dataset", "sentences", "--limit", "30")
    done = run("alignment", *asked, "--name", "trial", collection=None)
    assert done.exit_code == 0, done.output
    frame, about = read_result("trial", tmp_path / "out")
    rows = frame.set_index(["measure", "quantity"])["value"]
    difference = rows["raw_hit", "embedder"] - rows["raw_hit", "backbone"]
    assert rows["raw_hit", "gain"] == pytest.approx(difference, abs=1e-5)
    assert set(frame["dataset"]) == {"sentences"}
    assert "--embedder mini-sgpt-nli" in about.command
    alone = run("alignment", "--embedder", "mini-gpt-neo", "--dataset", "sentences", "--limit", "9",
                collection=None)  # fmt: skip
    assert alone.exit_code == 2
    assert "mini-gpt-neo has no backbone" in alone.output
