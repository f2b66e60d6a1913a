"""``tokalign run``: what is wrong is told before anything is executed."""

from __future__ import annotations

import pytest

import tokalign.report.run as report
from tokalign.report import find_project, list_chapters


@pytest.fixture(autouse=True)
def executed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was executed or rendered: nothing, or the test fails."""
    seen: list[str] = []
    for name in ("execute_chapter", "render"):
        monkeypatch.setattr(report, name, lambda *a, _name=name, **k: seen.append(_name))
    return seen


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["-p", "limt", "4"], ["unknown parameter 'limt'", "did you mean limit?"]),
        (["nineteenth_chapter"], ["unknown chapter 'nineteenth_chapter'", "known:"]),
        (["--embedders", "all-minilm-l6-v3"], ["unknown embedder", "all-minilm-l6-v2"]),
        (["--embedders", "all-minilm-l6-v2,nobody"], ["unknown embedder 'nobody'"]),
        (["-p", "embedders", "a", "--embedders", "b"], ["'embedders' is given twice"]),
        (["-p", "dataset", "sentence"], ["unknown data set", "sentences"]),
        (["-p", "limit", "0"], ["'limit' must be at least 1"]),
        (["-p", "limit", "many"], ["'limit' must be a whole number"]),
        (["-p", "limit"], ["-p"]),
        (["--nothing"], ["--nothing"]),
    ],
)
def test_bad_words(cli, tmp_path, executed, words, parts) -> None:
    said = cli("run", "--out", str(tmp_path / "out"), *words).users_error()
    for part in parts:
        assert part in said
    assert executed == []
    assert not (tmp_path / "out").exists()


def test_out_must_not_be_a_file(cli, tmp_path, executed) -> None:
    file = tmp_path / "file"
    file.write_text("")
    assert str(file) in cli("run", "--out", str(file)).users_error()
    assert executed == []


def test_a_chapter_is_named_in_the_book() -> None:
    """The cases above mean something only while there is a chapter to run."""
    assert list_chapters(find_project())
