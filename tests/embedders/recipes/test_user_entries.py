"""The user's registry file: entries come in as text, and what else stands there stays."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tokalign.embedders.recipes import user_entries
from tokalign.embedders.recipes.recipe import Prompt, Recipe
from tokalign.embedders.recipes.registry import read_entries
from tokalign.embedders.recipes.user_entries import check_free, entry_text, write_entry
from tokalign.errors import TokalignError

OLD = """\
# Models of our group.

first:   # the one that we publish
    checkpoint: "/models/first"
    {readout: lm_head} 
"""
GOOD = """\
# Models of our group.

first:   # the one that we publish
    checkpoint: "/models/first"
    readout: lm_head   # trained
    pooling: last
    attention: causal
    max_length: 64

# The second is an old one.
second: {checkpoint: /models/second, readout: mlm, pooling: cls, attention: bidirectional,
    max_length: 32}
"""


def recipe(name="new", **changes):
    said = {"name": name, "checkpoint": "/models/new", "readout": "lm_head", "pooling": "mean",
            "attention": "causal", "max_length": 9, **changes}  # fmt: skip
    return Recipe(**said)


def test_a_prompt_of_several_lines_is_written_in_one():
    text = entry_text(recipe(template="<|user|>\n{instruction}\n<|embed|>\n{text}"))
    assert r'template: "<|user|>\n{instruction}\n<|embed|>\n{text}"' in text


AWKWARD = recipe(
    "1e3",
    template='He said: "{text}"\n\t# no comment: {instruction}',
    instruction="naïve 東京 : # 'quoted'",
    prompts={"query": Prompt(template="q: {text}"), "yes": Prompt(brackets=("[", "]"))},
    sha256={"model.safetensors": "0" * 64},
    adapters=("/a", "owner/b@" + "1" * 40),
    normalise=True,
)


@pytest.mark.parametrize(
    "before",
    ["", "# nothing yet\n", "{}\n", GOOD, GOOD.rstrip("\n")],
    ids=["empty", "comment", "braces", "entries", "no last line end"],
)
@pytest.mark.parametrize("entry", [recipe(), AWKWARD, recipe("true"), recipe("0")])
def test_an_entry_is_added_and_all_else_stays(tmp_path, before, entry):
    path = tmp_path / "mine.yaml"
    path.write_text(before)
    if before == "{}\n":
        with pytest.raises(TokalignError, match="each entry's name at the margin"):
            write_entry(entry, path)
        assert path.read_text() == before
        return
    write_entry(entry, path)
    text = path.read_text()
    assert text.startswith(before)
    assert read_entries(text, "it") == {**read_entries(before, "it"), entry.name: entry}
    assert sorted(p.name for p in tmp_path.iterdir()) == [".mine.yaml.lock", "mine.yaml"]


@pytest.mark.parametrize(
    ("name", "stays"),
    [
        ("first", ["# Models of our group.\n\n", "\n# The second is an old one.\nsecond: {"]),
        ("second", [GOOD.partition("second:")[0]]),
    ],
)
def test_a_replaced_entry_keeps_its_place_and_its_neighbours(tmp_path, name, stays):
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD)
    write_entry(recipe(name), path, replace=True)
    text = path.read_text()
    for part in stays:
        assert part in text
    assert list(read_entries(text, "it")) == ["first", "second"]
    assert read_entries(text, "it")[name] == recipe(name)
    other = "second" if name == "first" else "first"
    assert read_entries(text, "it")[other] == read_entries(GOOD, "it")[other]


def test_line_ends_of_windows_stay(tmp_path):
    path = tmp_path / "mine.yaml"
    before = GOOD.replace("\n", "\r\n").encode()
    path.write_bytes(before)
    write_entry(recipe(), path)
    write_entry(recipe("first"), path, replace=True)
    data = path.read_bytes()
    assert data.count(b"\r\n") == data.count(b"\n")
    assert list(read_entries(data.decode(), "it")) == ["first", "second", "new"]


def test_names_that_are_taken(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD)
    for call in (lambda name, **how: check_free(name, path, **how),
                 lambda name, **how: write_entry(recipe(name), path, **how)):  # fmt: skip
        with pytest.raises(TokalignError, match=r"'first' stands in .*--replace"):
            call("first")
        for how in ({}, {"replace": True}):
            with pytest.raises(TokalignError, match="is a name of the package"):
                call("all-minilm-l6-v2", **how)
    check_free("first", path, replace=True)
    check_free("new", path)
    assert path.read_text() == GOOD


@pytest.mark.parametrize(
    "before",
    ["{a: 1", OLD, "- a list\n", "first: {pooling: mena}\n"],
    ids=["braces", "broken", "list", "wrong entry"],
)
def test_a_file_that_is_wrong_already_is_left_alone(tmp_path, before):
    path = tmp_path / "mine.yaml"
    path.write_text(before)
    with pytest.raises(TokalignError, match=r"mine\.yaml"):
        write_entry(recipe(), path)
    assert path.read_text() == before


@pytest.mark.parametrize(
    "before",
    [
        "one: &it {checkpoint: c, readout: mlm, pooling: cls, attention: causal, max_length: 9}\n"
        "two: *it\n",
        "---\n" + GOOD + "...\n",
    ],
    ids=["an anchor that another needs", "an end of the document"],
)
def test_what_text_cannot_be_put_into_is_left_alone(tmp_path, before):
    path = tmp_path / "mine.yaml"
    path.write_text(before)
    name = "one" if "one" in before else "new"
    with pytest.raises(TokalignError, match="cannot be added to as text"):
        write_entry(recipe(name), path, replace=True)
    assert path.read_text() == before


def test_an_interrupted_write_loses_nothing(tmp_path, monkeypatch):
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD)

    def stop(*_):
        raise KeyboardInterrupt

    for name in ("replace", "fsync"):
        with monkeypatch.context() as patch:
            patch.setattr(os, name, stop)
            with pytest.raises(KeyboardInterrupt):
                write_entry(recipe(), path)
        assert path.read_text() == GOOD
        assert not list(tmp_path.glob("*.tmp")) + list(tmp_path.glob(".*.tmp"))


def test_a_link_stays_a_link_and_the_mode_stays(tmp_path):
    real = tmp_path / "real.yaml"
    real.write_text(GOOD)
    real.chmod(0o600)
    link = tmp_path / "link.yaml"
    link.symlink_to(real)
    write_entry(recipe(), link)
    assert link.is_symlink()
    assert "new:" in real.read_text()
    assert real.stat().st_mode & 0o777 == 0o600


ADDING = """
import sys, time
from pathlib import Path
from tokalign.embedders.recipes.recipe import Recipe
from tokalign.embedders.recipes.user_entries import write_entry
Path(sys.argv[1] + "." + sys.argv[2]).touch()
while len(list(Path(sys.argv[1]).parent.glob("*.yaml.?"))) < 2:
    time.sleep(0.001)
for number in range(12):
    write_entry(Recipe(name=f"{sys.argv[2]}-{number}", checkpoint="c", readout="mlm",
                       pooling="cls", attention="causal", max_length=9), Path(sys.argv[1]))
"""


def test_two_that_add_at_the_same_time_lose_nothing(tmp_path):
    path = tmp_path / "mine.yaml"
    running = [
        subprocess.Popen([sys.executable, "-c", ADDING, str(path), who]) for who in ("a", "b")
    ]
    assert [process.wait(timeout=120) for process in running] == [0, 0]
    expected = {f"{who}-{number}" for who in "ab" for number in range(12)}
    assert set(read_entries(path.read_text(), "it")) == expected


def test_one_that_never_ends_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(user_entries, "_PATIENCE", 0.05)
    path = tmp_path / "mine.yaml"
    with (
        user_entries.FileLock(tmp_path / ".mine.yaml.lock"),
        pytest.raises(TokalignError, match="is being written by another program"),
    ):
        write_entry(recipe(), path)
    assert not path.exists()
