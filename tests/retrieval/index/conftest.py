"""A tiny embedder, documents in a file, and an index of them."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from tokalign.embedders import Embedder, load_embedder
from tokalign.retrieval.index import Documents, SparseIndex, build_index, read_documents
from tokalign.retrieval.sparse import SparseSettings
from tokalign.tokens import Head, load_head

TINY = runpy.run_path(str(Path(__file__).resolve().parents[2] / "tiny_bert.py"))
TEXTS = ["The moon orbits the river.", "gold", " ", "a river of gold", "after long talks", ""]

Build = Callable[..., SparseIndex]


@pytest.fixture(scope="module", autouse=True)
def _one_thread(one_thread: None) -> None:
    """Tiny models here."""


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return TINY["build"](tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def embedder(tiny: Path) -> Embedder:
    return load_embedder(str(tiny))


@pytest.fixture(scope="session")
def head(embedder: Embedder) -> Head:
    return load_head(embedder)


def write_rows(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


@pytest.fixture(scope="session")
def rows() -> Callable[..., Path]:
    """Write rows as JSON Lines."""
    return write_rows


@pytest.fixture(scope="session")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Documents:
    """Six documents, two of them blank; the order of their identifiers is not that of the file."""
    path = tmp_path_factory.mktemp("documents") / "docs.jsonl"
    return read_documents(
        write_rows(path, [{"_id": f"d{9 - i}", "text": text} for i, text in enumerate(TEXTS)])
    )


@pytest.fixture
def build(documents: Documents, embedder: Embedder, head: Head, tmp_path: Path) -> Build:
    """Build an index of the documents at a place; keywords are settings."""

    def make(out: str = "index", replace: bool = False, **settings: object) -> SparseIndex:
        chosen = SparseSettings(k=20, expand=5).changed(**settings)
        return build_index(documents, embedder, head, chosen, tmp_path / out, replace=replace)

    return make
