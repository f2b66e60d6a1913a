from __future__ import annotations

import pytest

from tokalign.embedders.recipes.recipe import Recipe
from tokalign.embedders.recipes.registry import read_entries, recipe_of, registry
from tokalign.errors import TokalignError

GOOD = {"checkpoint": "./tiny", "readout": "lm_head", "pooling": "last", "attention": "causal",
        "max_length": "64"}  # fmt: skip


def entry(**changes):
    fields = {**GOOD, **changes}
    return "tiny:\n" + "".join(f"  {k}: {v}\n" for k, v in fields.items() if v is not None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tiny: [", ["is not valid YAML"]),
        ("- tiny", ["must be a mapping of names"]),
        ("tiny: text", ["entry 'tiny'", "must be a mapping of fields"]),
        (entry(poolin="mean"), ["poolin", "allowed fields", "pooling", "max_length"]),
        (entry(pooling="max"), ["pooling", "'mean', 'weighted_mean', 'last' or 'cls'"]),
        (entry(attention="both"), ["attention", "'causal' or 'bidirectional'"]),
        (entry(readout="head"), ["readout", "'lm_head', 'mlm' or 'tied_input'"]),
        (entry(pool_over="prompt"), ["pool_over", "'all', 'after_prompt', 'text' or 'read_alone'"]),
        (entry(max_length="0"), ["max_length", "greater than or equal to 1"]),
        (entry(max_length=None), ["max_length", "required"]),
        (entry(template="no place"), ["template 'no place' must hold {text} exactly once"]),
        (entry(template="'{text}{text}'"), ["must hold {text} exactly once"]),
        (entry(normalise="perhaps"), ["normalise", "boolean"]),
    ],
)
def test_an_error_names_the_field_and_what_is_allowed(text, words):
    with pytest.raises(TokalignError) as error:
        read_entries(text, "mine.yaml")
    message = str(error.value)
    assert message.startswith("mine.yaml")
    assert "\n" not in message
    assert [word for word in words if word not in message] == []


def test_the_users_file_adds_entries(tmp_path, monkeypatch):
    path = tmp_path / "mine.yaml"
    path.write_text(entry(template="'[{text}]'"))
    monkeypatch.setenv("TOKALIGN_EMBEDDERS", str(path))
    assert recipe_of("tiny").prompt() == ("[", "]")
    assert recipe_of("all-minilm-l6-v2").family == "control"


def test_a_name_of_the_package_cannot_be_taken_over(tmp_path, monkeypatch):
    path = tmp_path / "mine.yaml"
    path.write_text(entry().replace("tiny:", "all-minilm-l6-v2:", 1))
    monkeypatch.setenv("TOKALIGN_EMBEDDERS", str(path))
    with pytest.raises(TokalignError, match="'all-minilm-l6-v2' is a name of the package"):
        registry()


def test_a_users_file_that_is_no_text_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    monkeypatch.setenv("TOKALIGN_EMBEDDERS", str(path))
    with pytest.raises(TokalignError, match=r"mine\.yaml cannot be read as UTF-8"):
        registry()


def test_the_nearest_names_are_suggested():
    with pytest.raises(TokalignError, match="did you mean all-minilm-l6-v2"):
        recipe_of("all-minilm-l6")


def test_every_registered_recipe_survives_its_own_json():
    for name, recipe in registry().items():
        assert recipe.name == name
        assert Recipe.model_validate_json(recipe.model_dump_json()) == recipe
        assert recipe.source
