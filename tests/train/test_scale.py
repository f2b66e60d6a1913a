from __future__ import annotations

import numpy as np
import pytest

from tokalign.embedders import Embeddings, Space, load_embedder
from tokalign.embedders.inspecting.sources import find_recipe
from tokalign.tokens import VocabularyForms, load_head
from tokalign.train.architectures import build_model
from tokalign.train.corpus import held_out_sentences
from tokalign.train.export import export
from tokalign.train.scale import common_direction, content_forms, growth, shown
from tokalign.train.settings import Settings


@pytest.fixture(scope="module")
def embedder(tmp_path_factory, shape, tokenizer):
    """A model with random weights, pooled by position."""
    folder = tmp_path_factory.mktemp("scale") / "mini"
    export(build_model("gpt-neo", shape, seed=0), Settings("gpt-neo", shape), tokenizer, folder,
           dtype="float16")  # fmt: skip
    recipe = find_recipe(str(folder)).model_copy(update={"pooling": "weighted_mean"})
    return load_embedder(recipe)


def test_the_common_direction_is_oriented_and_of_length_one():
    vectors = np.random.default_rng(0).normal(size=(50, 6)) - 3.0
    u, mean = common_direction(vectors)
    assert np.linalg.norm(u) == pytest.approx(1)
    assert mean == pytest.approx(float((vectors @ u).mean()))
    assert mean > 0
    assert np.linalg.norm(vectors - mean * u) < np.linalg.norm(vectors)


def test_content_forms_are_full_and_different(embedder):
    head, forms = load_head(embedder), VocabularyForms.from_tokenizer(embedder.tokenizer)
    vectors = np.random.default_rng(0).normal(size=(7, 32)).astype(np.float32)
    made = Embeddings(vectors, Space(head.owner, 32), np.ones(7), np.zeros(7, dtype=bool))
    found = content_forms(made, head, forms, k=10)
    assert found.shape == (7, 10)
    assert found.min() >= 0
    assert all(len(set(row)) == 10 for row in found.tolist())


def test_a_vector_that_is_a_row_of_the_head_is_found(embedder, monkeypatch):
    """Each text is given the head's row of its first content word, on a large common vector."""
    head, tokenizer = load_head(embedder), embedder.tokenizer
    rows = {name: tokenizer.encode(name, add_special_tokens=False)[0]
            for name in ("Oslo", "Lima", "Turin")}  # fmt: skip
    texts = [name for name in rows for _ in range(8)]
    matrix = head.matrix.float().numpy()
    common = matrix[tokenizer.encode("The", add_special_tokens=False)[0]]
    common = 90 * common / np.linalg.norm(common)
    vectors = np.stack([common + 30 * matrix[rows[text]] for text in texts])

    def encode(self, texts, **_):
        return Embeddings(
            vectors, self.space(32), np.linalg.norm(vectors, axis=1), np.zeros(len(texts), bool)
        )

    monkeypatch.setattr(type(embedder), "encode", encode)
    found = shown(embedder, texts)
    assert found["n"] == 12
    assert found["u_1"]["share"] > 0.9
    assert found["without_u_1"]["content_hit"]["value"] == 1
    assert set(found["gain"]) == {"content_hit", "token_hit"}


def test_growth_has_a_row_for_each_snapshot(tmp_path, start, tokenizer_file, corpus, monkeypatch):
    monkeypatch.setattr("tokalign.train.run_folder.FIRST_SNAPSHOT", 1000)
    list(start(tmp_path).go(tokens=2048))
    rows = growth(tmp_path, tokenizer_file, list(held_out_sentences(corpus, 40)))
    assert [row["tokens"] for row in rows] == [1024, 2048]
    for row in rows:
        assert row["n"] == 20
        for state in ("plain", "without_u_1"):
            for hit in ("content_hit", "token_hit"):
                assert 0 <= row[state][hit]["chance"] <= 1
