"""The first chapter: its numbers are those of the package, on labelled texts and on others."""

from __future__ import annotations

import ast
import html
import math
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tokalign.datasets import load_texts
from tokalign.embedders import load_embedder
from tokalign.figures import VIEWS
from tokalign.measures import Measurement, VectorOverlap, marked_texts, measure
from tokalign.report.ledger import quantity, read_claims
from tokalign.spectrum import alignment_gain, compare
from tokalign.store import Store

CHAPTER = "01_universality"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def measured(small: Any) -> list[Measurement]:
    """The same measurement, made here."""
    texts = load_texts("sentences", limit=40, seed=0).texts
    store = Store(small.store)
    return [measure(load_embedder(e), texts, k=10, seed=0, store=store) for e in small.embedders]


@pytest.fixture(scope="module")
def words(small: Any) -> str:
    page = small.page(CHAPTER)
    page = page[page.index("<article") : page.index("</article>")]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_the_glued_numbers_are_the_measured_ones(small: Any, measured: list[Measurement]) -> None:
    glued, summary = small.glued(CHAPTER), measured[0].summary()
    rows = {
        "hit": summary["hit_at_k"], "lar": summary["lar"], "gar": summary["gar"],
        "content-hit": summary["content"]["hit_at_k"], "content-lar": summary["content"]["lar"],
    }  # fmt: skip
    for name, row in rows.items():
        for field in ("value", "low", "high", "chance"):
            assert float(glued[f"{name}-{field}"]) == pytest.approx(row[field], abs=1e-9)
    assert int(glued["n"]) == 40
    assert int(glued["k"]) == 10
    assert float(glued["misses"]) == pytest.approx(1 - rows["content-hit"]["value"])
    assert rows["hit"]["value"] > 0.5 > rows["hit"]["chance"]


def test_the_prose_has_them_in_their_places(small: Any, project: Path) -> None:
    glued = small.glued(CHAPTER)
    stored = nbformat.read(project / "chapters" / f"{CHAPTER}.ipynb", as_version=4)
    prose = "\n".join(cell.source for cell in stored.cells if cell.cell_type == "markdown")
    expected = []
    for name, spec in re.findall(r"\{glue:text\}`([\w-]+)(?::([^`]+))?`", prose):
        value = ast.literal_eval(glued[name])
        expected.append(format(value, spec) if spec else str(value))
    found = re.findall(r'<span class="pasted-text">(.*?)</span>', small.page(CHAPTER), re.DOTALL)
    assert [html.unescape(text) for text in found] == expected
    assert len(expected) > 10


def test_the_tables_have_every_embedder(measured: list[Measurement], words: str) -> None:
    for one in measured:
        for row in one.frame().itertuples():
            counted, metric = VIEWS[row.view], row.metric.split(" (")[0]
            line = f"{row.embedder} {counted} {metric} {row.n} {row.value:.3f} {row.low:.3f}"
            assert line in words
    for claim in read_claims():
        if claim.chapter != CHAPTER or claim.quantity in ("gain", "gar_over_prompt"):
            continue
        summary = measured[1].summary()
        value = quantity(claim.quantity, summary)["value"]
        assert re.search(rf"{re.escape(claim.where)} tiny-bert {value:.3f} \(", words)


def test_the_gain_over_the_backbone_is_the_package_s(small: Any, words: str) -> None:
    texts = load_texts("sentences", limit=40, seed=0).texts
    pair = compare(load_embedder("mini-sgpt-msmarco"), texts, store=Store(small.store))
    overlap = VectorOverlap(texts, pair.embedder.tokenizer)
    gains = alignment_gain(pair, overlap).set_index(["measure", "quantity"])
    glued = {name: value.strip("'") for name, value in small.glued(CHAPTER).items()}
    for name, key in {
        "raw-before": ("raw_hit", "backbone"), "raw-after": ("raw_hit", "embedder"),
        "empty-after": ("non_content", "embedder"),
    }.items():  # fmt: skip
        assert glued[name] == f"{gains.loc[key, 'value']:.2f}"
    chance = gains.loc[("content_hit", "backbone chance"), "value"]
    assert f"any other text, the backbone would score {chance:.2f}" in words
    row = gains.loc[("raw_hit", "gain")]
    assert f"mini-sgpt-msmarco {row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f})" in words


def test_the_picture_is_of_the_example(small: Any) -> None:
    text = "The band released their second album in 1995."
    one = marked_texts(load_embedder(small.embedders[0]), [text], 10, Store(small.store))[0]
    page = html.unescape(small.page(CHAPTER))
    told = ", ".join(f"{t} ({m})" for t, m in zip(one.tokens, one.marks, strict=True))
    assert f"“{text}” by all-minilm-l6-v2: {told}" in page
    assert int(small.glued(CHAPTER)["example-own"]) == sum(m != "other" for m in one.marks)


def test_the_topics_are_told(small: Any, measured: list[Measurement]) -> None:
    labels = load_texts("sentences", limit=40, seed=0).labels
    assert labels is not None
    frame = measured[0].by_label(labels)
    rows = frame[(frame["metric"] == "Hit@10") & (frame["view"] == "content")]
    said = small.glued(CHAPTER)["topics"]
    highest, lowest = re.findall(r"(?:for|and lowest for) ([\w -]+) \(([\d.]+)\)", said)
    assert float(highest[1]) == pytest.approx(rows["value"].max(), abs=0.005)
    assert float(lowest[1]) == pytest.approx(rows["value"].min(), abs=0.005)


def test_texts_without_labels(unlabelled: Any) -> None:
    assert unlabelled.done.returncode == 0, unlabelled.done.stderr
    page = unlabelled.page(CHAPTER)
    page = page[page.index("<article") : page.index("</article>")]
    shown = re.sub(r"<(pre|code)\b.*?</\1>", "", page, flags=re.DOTALL)
    words = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", shown)).split())
    assert "These texts have no labels" in words
    assert "tiny-bert on 12 texts of mine.txt" in words
    assert unlabelled.glued(CHAPTER)["k"] == "3"
    assert "Hit@3" in words
    assert not re.search(r"\b(?:None|nan)\b", words)
    # Signs of HTML, Markdown and roles in a text are shown as they are.
    assert "{glue:text}`nowhere` {{ measured }} **md** [link](https://example.org/)" in words
    assert "<script>alert('x')</script> & <b>bold</b>" in words
    assert "<script>alert" not in page
    assert "東京" in words


def test_one_text_by_papermill_alone(tiny: Path, project: Path, tmp_path: Path) -> None:
    """The least there is: no other text, so no chance level, and no spread."""
    out = tmp_path / "out.ipynb"
    done = subprocess.run(
        [sys.executable, "-m", "papermill", f"chapters/{CHAPTER}.ipynb", str(out),
         "-p", "limit", "1", "-p", "embedders", str(tiny), "--no-progress-bar"],
        cwd=project, env={**os.environ, "TOKALIGN_STORE": str(tmp_path / "store")},
        capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    cells = {cell.id: cell for cell in nbformat.read(out, as_version=4).cells}
    glued = {
        o["metadata"]["scrapbook"]["name"]: o["data"]["application/papermill.record/text/plain"]
        for o in cells["numbers"].outputs
    }
    assert glued["n"] == "1"
    assert math.isnan(float(glued["hit-chance"]))
    assert "by chance none" in cells["measure"].outputs[0]["data"]["text/html"]
    assert "not run" in cells["ledger"].outputs[0]["data"]["text/html"]
