"""Where a checkpoint's name leads to: a folder, one's own folder of hub ids, or the hub."""

from __future__ import annotations

import numpy as np
import pytest
from checkpoints import TEXTS

from tokalign.embedders import is_available, load_embedder
from tokalign.embedders.files import checkpoints
from tokalign.embedders.files.checkpoints import checkpoint_folder
from tokalign.embedders.recipes.recipe import Recipe
from tokalign.errors import TokalignError

ENTRY = {"readout": "lm_head", "pooling": "last", "attention": "causal", "max_length": 64}


@pytest.fixture
def own(tmp_path, monkeypatch, checkpoint):
    """A folder with one model in it, as owner/name."""
    root = tmp_path / "checkpoints"
    (root / "owner").mkdir(parents=True)
    (root / "owner" / "name").symlink_to(checkpoint("llama"), target_is_directory=True)
    monkeypatch.setenv("TOKALIGN_CHECKPOINTS", str(root))
    return root


def test_a_hub_id_is_looked_for_in_the_folder_first(own, monkeypatch):
    def asked(*_):
        raise AssertionError("the hub was asked")

    monkeypatch.setattr(checkpoints, "snapshot_download", asked)
    assert checkpoint_folder("owner/name") == own / "owner" / "name"
    assert checkpoint_folder("owner/name", "0" * 40) == own / "owner" / "name"
    assert checkpoint_folder("owner/name@" + "0" * 40) == own / "owner" / "name"
    recipe = Recipe(name="x", checkpoint="owner/name", head="owner/name@" + "0" * 40, **ENTRY)
    assert is_available(recipe)
    assert recipe.head_owner == "owner/name"


def test_its_vectors_are_those_of_the_folder(own, embedder):
    recipe = Recipe(name="x", checkpoint="owner/name", **ENTRY)
    found = load_embedder(recipe).encode(TEXTS).vectors
    np.testing.assert_array_equal(found, embedder("llama", max_length=64).encode(TEXTS).vectors)


@pytest.mark.parametrize("name", ["owner/other", "other", "owner/..", "../checkpoints"])
def test_nothing_else_is_taken_from_it(own, name):
    with pytest.raises(TokalignError):
        checkpoint_folder(name)


def test_the_commit_reaches_the_hub(monkeypatch):
    asked = []

    def download(repo, revision=None, **_):
        asked.append((repo, revision))
        raise OSError

    monkeypatch.setattr(checkpoints, "snapshot_download", download)
    for name, revision in (("a/b", "c1"), ("a/b@c2", None), ("a/b@c3", "c1"), ("a/b", None)):
        with pytest.raises(TokalignError, match=r"lay it under \$TOKALIGN_CHECKPOINTS as a/b"):
            checkpoint_folder(name, revision)
    assert asked == [("a/b", "c1"), ("a/b", "c2"), ("a/b", "c3"), ("a/b", None)]


def test_a_folder_that_is_not_there(monkeypatch, tmp_path):
    monkeypatch.setenv("TOKALIGN_CHECKPOINTS", str(tmp_path / "nowhere"))
    with pytest.raises(TokalignError, match=r"TOKALIGN_CHECKPOINTS names .*, which is no folder"):
        checkpoint_folder("owner/name")


@pytest.fixture
def book(tmp_path, monkeypatch, checkpoint):
    """A book that comes with one model."""
    models = tmp_path / "data" / "models"
    models.mkdir(parents=True)
    (models / "mini-one").symlink_to(checkpoint("llama"), target_is_directory=True)
    monkeypatch.setattr(checkpoints, "book_data", lambda *parts: tmp_path.joinpath("data", *parts))
    return models


def test_a_model_of_the_book(book, embedder):
    recipe = Recipe(name="x", checkpoint="book:mini-one", **ENTRY)
    assert checkpoint_folder("book:mini-one") == book / "mini-one"
    assert is_available(recipe)
    found = load_embedder(recipe)
    assert found.recipe.head_owner == "book:mini-one"
    expected = embedder("llama", max_length=64).encode(TEXTS).vectors
    np.testing.assert_array_equal(found.encode(TEXTS).vectors, expected)


def test_a_model_of_the_book_that_is_not_there(book):
    assert not is_available(Recipe(name="x", checkpoint="book:mini-two", **ENTRY))
    with pytest.raises(TokalignError, match=r"mini-two lies in data/models/ .*a whole checkout"):
        checkpoint_folder("book:mini-two")


@pytest.mark.parametrize("name", ["book:", "book:../models", "book:a/b", "book:Ä"])
def test_no_other_place_is_named_by_it(book, name):
    with pytest.raises(TokalignError, match="names no model of the book"):
        checkpoint_folder(name)
