"""The third chapter: its numbers are those of the package, its stored ones those of the files."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from tokalign.datasets import load_retrieval
from tokalign.embedders import load_embedder
from tokalign.report.results import read_result
from tokalign.retrieval import Comparison, compare_systems, follow, frozen_settings
from tokalign.store import Store
from tokalign.tokens import load_head

CHAPTER = "03_sparse_retrieval"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def compared(small: Any) -> Comparison:
    """What the page says of its first embedder, made here."""
    embedder = load_embedder("all-minilm-l6-v2")
    data = load_retrieval("passages").sample(40, 0)
    store = Store(small.store)
    return compare_systems(embedder, load_head(embedder), data, frozen_settings(), store)


def words_of(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_the_glued_numbers_are_the_package_s(small: Any, compared: Comparison) -> None:
    glued = {name: value.strip("'") for name, value in small.glued(CHAPTER).items()}
    for run in ("dense", "sparse", "bm25", "hybrid", "hybrid_dense"):
        found = compared.evaluations[run].mean()
        assert glued[run] == f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f})"
    share = compared.retained()
    assert share is not None
    assert glued["retained"] == f"{share.value:.2f} ({share.low:.2f} to {share.high:.2f})"
    assert glued["frozen"] == frozen_settings().label
    shown = follow(compared, load_retrieval("passages").sample(40, 0))
    assert glued["own-share"] == f"{shown.own_share:.2f}"
    assert glued["marked"] == str(sum(shown.relevant))


def test_the_ledger_judges_every_embedder(small: Any, compared: Comparison) -> None:
    page = words_of(small.page(CHAPTER))
    for words in ("retain about eighty per cent", "more than BM25", "thirteen per cent"):
        assert words in page
    assert f"{compared.cost_share().value:.3f}" in page


def test_what_is_stored_is_told_with_its_command(small: Any) -> None:
    page = words_of(small.page(CHAPTER))
    for name in ("retrieval", "sparse-settings", "sparse-cost"):
        _, about = read_result(name)
        assert about.command in page
        assert about.provenance["git"]["dirty"] is False
    frame, _ = read_result("retrieval")
    row = frame.set_index(["dataset", "embedder", "system", "measure"]).loc[
        ("msmarco-5k", "all-minilm-l6-v2", "sparse", "nDCG@10")
    ]
    assert f"{row['retained']:.3f} ({row['retained_low']:.3f} to" in page
