"""Stored measurements: what is written comes back; what would mislead is refused."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokalign.errors import TokalignError
from tokalign.report.project import find_project
from tokalign.report.results import MOST_BYTES, About, read_result, stored_line, write_result

FRAME = pd.DataFrame(
    {
        "embedder": ["a", "b \N{SNOWMAN}"],
        "n": [3, 4],
        "value": np.array([0.123456789, 1e-9], dtype=np.float32),
        "better": [True, False],
        "gain": [0.5, np.nan],
    }
)
SAID = {"title": "A table", "command": "python make.py --seed 0"}


def write(folder: Path, frame: pd.DataFrame = FRAME, name: str = "toy", **more) -> Path:
    return write_result(name, frame, **{"folder": folder, "missing": ["gain"], **SAID, **more})


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    path = write(tmp_path / "new", meanings={"n": "texts"}, seed=3)
    frame, about = read_result("toy", tmp_path / "new")
    assert path == tmp_path / "new" / "toy.json"
    expected = FRAME.assign(value=[0.123457, 1e-9])
    pd.testing.assert_frame_equal(frame, expected, check_dtype=False)
    assert frame["n"].dtype.kind == "i"
    assert frame["better"].dtype.kind == "b"
    assert (about.title, about.command, about.name) == ("A table", SAID["command"], "toy")
    assert about.provenance["seed"] == 3
    assert about.provenance["tokalign"]
    assert about.meanings == {"n": "texts"}
    assert len(about.made) == 10


@settings(max_examples=10)
@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=5))
def test_numbers_keep_six_digits(tmp_path_factory: pytest.TempPathFactory, values) -> None:
    folder = tmp_path_factory.mktemp("results")
    write(folder, pd.DataFrame({"x": values}), missing=())
    np.testing.assert_allclose(read_result("toy", folder)[0]["x"], values, rtol=5e-6)


def test_the_file_can_be_read_by_people(tmp_path: Path) -> None:
    text = write(tmp_path).read_text("utf-8")
    document = json.loads(text)
    assert list(document) == sorted(document)
    assert '\n  ["a", 3, 0.123457, true, 0.5],\n' in text
    assert "\N{SNOWMAN}" in text
    assert document["rows"][1][-1] is None
    assert text.endswith("}\n")
    # The same table is the same text: only a change shows.
    assert write(tmp_path).read_text("utf-8") == text


def test_a_missing_value_is_stored_only_where_that_was_said(tmp_path: Path) -> None:
    with pytest.raises(TokalignError, match="missing in column 'gain'"):
        write(tmp_path, missing=[])
    for nothing in (None, pd.NA):
        with pytest.raises(TokalignError, match="missing in column 'x'"):
            write(tmp_path, pd.DataFrame({"x": [1, nothing]}), missing=[])
    with pytest.raises(TokalignError, match="unknown column 'gian': did you mean gain"):
        write(tmp_path, missing=["gian"])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (pd.DataFrame({"x": [np.inf]}), "column 'x' is infinite"),
        (pd.DataFrame({"x": [[1, 2]]}), "column 'x' is a list"),
        (pd.DataFrame({"x": [pd.Timestamp(0)]}), "column 'x' is a Timestamp"),
        (pd.DataFrame({"x": []}), "rows: List should have at least 1 item"),
        (pd.DataFrame([[1, 2]], columns=["x", "x"]), "occurs twice"),
        (pd.DataFrame({"x": ["y" * MOST_BYTES]}), f"allowed: {MOST_BYTES}"),
        (pd.DataFrame({"x": [str(Path.home() / "model")]}), "names a folder of this machine"),
    ],
)
def test_tables_that_are_refused(tmp_path: Path, frame: pd.DataFrame, said: str) -> None:
    with pytest.raises(TokalignError, match=said):
        write(tmp_path, frame, missing=[])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"name": "../toy"}, "lower-case words joined by hyphens"),
        ({"name": "Toy"}, "lower-case words joined by hyphens"),
        ({"command": "a\nb"}, "one line without backticks"),
        ({"command": ""}, "command: String should have at least 1"),
        ({"meanings": {"m": "?"}}, "'m', which is no column"),
        ({"weights": str(Path.home())}, "names a folder of this machine"),
        ({"command": f"python {find_project()}/x.py"}, "names a folder of this machine"),
    ],
)
def test_what_is_said_of_a_table_is_checked(tmp_path: Path, more, said: str) -> None:
    with pytest.raises(TokalignError, match=said):
        write(tmp_path, **more)
    assert not list(tmp_path.iterdir())


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch) -> None:
    before = write(tmp_path).read_bytes()

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write(tmp_path, FRAME.assign(n=[5, 6]))
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [before]


def test_a_name_that_is_not_there_is_answered_with_those_that_are(tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(TokalignError, match="stored measurement 'tyo': did you mean toy"):
        read_result("tyo", tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rows": [[1]]}, "row 1 has not 5 cells"),
        ({"rows": []}, "rows"),
        ({"made": "yesterday"}, "made"),
        ({"strange": 1}, "strange"),
        ({"title": None}, "title"),
        ({"rows": [["a", 1, float("nan"), True, 1.0]]}, "rows.0"),
        ({"name": "another"}, "of the name 'another'"),
    ],
)
def test_files_that_are_malformed(tmp_path: Path, change, said: str) -> None:
    path = write(tmp_path)
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **change}), "utf-8")
    with pytest.raises(TokalignError, match=said):
        read_result("toy", tmp_path)


def test_a_file_that_is_no_json(tmp_path: Path) -> None:
    write(tmp_path).write_text("{", "utf-8")
    with pytest.raises(TokalignError, match="cannot be read as JSON"):
        read_result("toy", tmp_path)


def test_the_line_under_a_table() -> None:
    def about(git: object) -> About:
        return About("x", "X", "python x.py", "2026-11-05", {"git": git}, {})

    changed = stored_line(about({"commit": "0123456789abcdef", "dirty": True}))
    assert "`python x.py` at commit 0123456789ab with local changes on 2026-11-05" in changed
    assert "local" not in stored_line(about({"commit": "0123456789abcdef", "dirty": None}))
    assert stored_line(about(None)).endswith("`python x.py` outside a checkout on 2026-11-05")
