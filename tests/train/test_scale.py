from __future__ import annotations

import numpy as np
import pytest

from tokalign.embedders import Embeddings, load_embedder
from tokalign.embedders.inspecting.sources import find_recipe
from tokalign.tokens import load_head
from tokalign.train.architectures import build_model
from tokalign.train.corpus import held_out_sentences
from tokalign.train.export import export
from tokalign.train.scale import PLAIN, WITHOUT, growth, shown
from tokalign.train.settings import Settings


@pytest.fixture(scope="module")
def embedder(tmp_path_factory, shape, tokenizer):
    """A model with random weights, pooled by position."""
    folder = tmp_path_factory.mktemp("scale") / "mini"
    export(build_model("gpt-neo", shape, seed=0), Settings("gpt-neo", shape), tokenizer, folder,
           dtype="float16")  # fmt: skip
    recipe = find_recipe(str(folder)).model_copy(update={"pooling": "weighted_mean"})
    return load_embedder(recipe)


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
    found = shown(embedder, texts).set_index("reading")
    assert set(found["n"]) == {12}
    assert found.loc[WITHOUT, "content_hit"] == 1
    assert found.loc[WITHOUT, "content_hit_chance"] < 1
    assert (found["m1"] > 80).all()


def test_growth_has_a_row_for_each_snapshot(tmp_path, start, tokenizer_file, corpus, monkeypatch):
    monkeypatch.setattr("tokalign.train.run_folder.FIRST_SNAPSHOT", 1000)
    list(start(tmp_path).go(tokens=2048))
    rows = growth(tmp_path, tokenizer_file, list(held_out_sentences(corpus, 40)))
    assert rows["tokens"].tolist() == [1024, 1024, 2048, 2048]
    assert rows["reading"].tolist() == [PLAIN, WITHOUT] * 2
    assert set(rows["n"]) == {20}
    assert rows["raw_hit"].between(rows["raw_hit_low"], rows["raw_hit_high"]).all()
    assert rows[["content_hit_chance", "raw_hit_chance", "non_content"]].stack().between(0, 1).all()
