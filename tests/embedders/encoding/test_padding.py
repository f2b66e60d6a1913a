"""No tokenizer needs a padding token: what fills a batch is masked out."""

from __future__ import annotations

import json
import shutil

import pytest
from checkpoints import TEXTS

from tokalign.embedders import load_embedder


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("pooling", ["mean", "last", "weighted_mean"])
@pytest.mark.parametrize("name", ["gpt2", "llama", "gpt_neo", "bert", "modernbert", "distilbert"])
def test_a_tokenizer_without_one(checkpoint, tmp_path, relative, name, pooling, side):
    folder = shutil.copytree(checkpoint(name), tmp_path / name)
    for path in folder.glob("*token*.json"):
        said = json.loads(path.read_text())
        if isinstance(said, dict) and said.pop("pad_token", None):
            path.write_text(json.dumps(said))
    it = load_embedder(str(folder))
    assert it.tokenizer.pad_token is None
    object.__setattr__(it, "recipe", it.recipe.model_copy(update={"pooling": pooling}))
    one_by_one = it.encode(TEXTS, batch_size=1).vectors
    batch = it.encode(TEXTS, batch_size=len(TEXTS), padding_side=side).vectors
    assert relative(batch, one_by_one) < 1e-5
