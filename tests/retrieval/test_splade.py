"""A tiny random SPLADE model on disk, against sentence-transformers' own encoder."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoints import TEXTS

from tokalign.errors import TokalignError
from tokalign.retrieval import splade
from tokalign.retrieval.splade import Splade, load_splade

pytestmark = pytest.mark.usefixtures("one_thread")
IDS = [f"d{i}" for i in range(len(TEXTS))]


@pytest.fixture(scope="module")
def package() -> Any:
    return pytest.importorskip("sentence_transformers", reason="sentence-transformers is missing")


@pytest.fixture(scope="module")
def folder(
    checkpoint: Callable[..., Path], package: Any, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """As sentence-transformers saves one: a masked language model and a SPLADE pooling."""
    plain = checkpoint("bert", tag="splade", rows=3)
    modules = importlib.import_module("sentence_transformers.sparse_encoder.modules")
    model = package.SparseEncoder(
        modules=[modules.MLMTransformer(str(plain)), modules.SpladePooling(pooling_strategy="max")],
        prompts={"query": "query ", "document": ""}, device="cpu",
    )  # fmt: skip
    made = tmp_path_factory.mktemp("splade")
    model.save(str(made))
    return made


@pytest.fixture(scope="module")
def ours(folder: Path) -> Splade:
    return load_splade(str(folder))


@pytest.fixture(scope="module")
def reference(folder: Path, package: Any) -> Any:
    return package.SparseEncoder(str(folder), device="cpu")


def test_the_vectors_are_the_package_s_own(ours, reference, monkeypatch) -> None:
    monkeypatch.setattr(splade, "_TEXTS", 3)
    documents = ours.documents(IDS, TEXTS)
    expected = reference.encode_document(TEXTS, convert_to_sparse_tensor=False).numpy()
    assert documents.ids == tuple(IDS)
    np.testing.assert_allclose(documents.matrix.toarray(), expected, atol=1e-5)
    assert 0 < documents.matrix.nnz < expected.size
    queries = ours.queries(TEXTS)
    asked = reference.encode_query(TEXTS, convert_to_sparse_tensor=False).numpy()
    np.testing.assert_allclose(queries.toarray(), asked, atol=1e-5)
    assert queries.dtype == np.float32
    # The two prompts differ, so it matters which is which.
    assert np.abs(asked - expected).max() > 0.01


def test_names_and_decoding(ours, reference) -> None:
    queries = ours.queries(TEXTS[:2])
    vocabulary = len(reference.tokenizer)
    assert len(ours.names) == queries.shape[1] == vocabulary + 3
    assert ours.names[vocabulary:] == tuple(f"[row {vocabulary + i}]" for i in range(3))
    plain = ours.names[:vocabulary]
    assert list(plain) == reference.tokenizer.convert_ids_to_tokens(range(vocabulary))
    for row, found in zip(queries.toarray(), ours.decode(queries, 5), strict=True):
        best = sorted(range(len(row)), key=lambda i: (-row[i], i))[:5]
        assert found == [(ours.names[i], float(row[i])) for i in best]


def test_no_texts(ours) -> None:
    assert ours.queries([]).shape == (0, len(ours.names))
    assert len(ours.documents([], [])) == 0


def test_a_masked_language_model_by_itself_is_taken(checkpoint, folder) -> None:
    alone = load_splade(str(checkpoint("bert", tag="splade", rows=3))).documents(IDS, TEXTS)
    both = load_splade(str(folder)).documents(IDS, TEXTS)
    np.testing.assert_allclose(alone.matrix.toarray(), both.matrix.toarray(), atol=1e-5)


def test_others_are_refused(checkpoint, tmp_path, monkeypatch) -> None:
    with pytest.raises(TokalignError, match="is no SPLADE model; allowed"):
        load_splade(str(checkpoint("gpt_neo")))
    # A dense encoder whose configuration still says that it once had a head.
    (tmp_path / "config.json").write_text(json.dumps({"architectures": ["BertForMaskedLM"]}))
    (tmp_path / "modules.json").write_text(json.dumps([{"type": "models.Pooling"}]))
    with pytest.raises(TokalignError, match="is no SPLADE model"):
        load_splade(str(tmp_path))
    (tmp_path / "modules.json").unlink()
    with pytest.raises(TokalignError, match="cannot be loaded"):
        load_splade(str(tmp_path))
    with pytest.raises(TokalignError, match="neither a folder nor in the hub's cache"):
        load_splade("nobody/no-such-splade")
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(TokalignError, match="pip install 'sentence-transformers"):
        load_splade(str(tmp_path))
