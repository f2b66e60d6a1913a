"""``tokalign exercises``: a notebook is given out, solved, and checked again."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tokalign.cli.exercises import exercises
from tokalign.cli.main import app

SOLUTIONS = {"double": "twice = 2 * k  # solved", "sum": "total = twice + k  # solved"}
CHECKS = {
    "double": "assert twice == 2 * k, f'twice {k} is not {twice}'",
    "sum": "assert total == 3 * k, f'the sum is not\\n{total}'",
}


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one chapter that has two exercises and one that has none."""
    monkeypatch.setitem(app.commands, "exercises", exercises)
    monkeypatch.setattr("tokalign.report.find_project", lambda: tmp_path / "book")
    folder = tmp_path / "book"
    (folder / "chapters").mkdir(parents=True)
    (folder / "_config.yml").write_text("title: Book\n")
    (folder / "_toc.yml").write_text(
        "format: jb-book\nroot: intro\nchapters:\n"
        "  - file: chapters/01_solved\n  - file: chapters/02_plain\n"
    )
    cells = [new_code_cell("k = 4", metadata={"tags": ["parameters"]})]
    nbformat.write(new_notebook(cells=list(cells)), folder / "chapters" / "02_plain.ipynb")
    for name, solution in SOLUTIONS.items():
        variable = solution.split()[0]
        fields = {"exercise": name, "starter": f"{variable} = ...", "wrong": f"{variable} = 1",
                  "why_wrong": "One is too little."}  # fmt: skip
        meta = {"tags": ["solution", "hide-input"], "tokalign": fields}
        cells += [
            new_markdown_cell(f"Find {variable}.", metadata={"tags": ["exercise"]}),
            new_code_cell(solution, metadata=meta),
            new_code_cell(CHECKS[name], metadata={"tags": ["check"]}),
        ]
    nbformat.write(new_notebook(cells=cells), folder / "chapters" / "01_solved.ipynb")
    return folder


def solve(path: Path, **answers: str) -> None:
    notebook: Any = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if "answer" in cell.metadata.get("tags", []):
            cell.source = answers.get(cell.metadata.tokalign.exercise, cell.source)
    nbformat.write(notebook, path)


def test_a_notebook_is_given_out_and_checked(cli, book, tmp_path) -> None:
    file = tmp_path / "my course" / "mine.ipynb"
    said = cli("exercises", "1", "--out", str(file))
    assert said.code == 0
    assert said.err == ""
    lines = said.out.splitlines()
    assert lines[0] == f"{file}: 2 exercises (double, sum)"
    python, quoted = shlex.quote(sys.executable), shlex.quote(str(file))
    assert f"open it: {python} -m jupyter lab {quoted}" in lines
    assert lines[-1] == f"check it: tokalign exercises 01_solved --check {quoted}"
    assert "solved" not in file.read_text()
    assert "too little" not in file.read_text()

    solve(file, double="import os\nos.system('echo an intruder')\ntwice = 8")
    answer = cli("exercises", "solved", "--check", str(file), "--json")
    assert answer.code == 1
    assert answer.err == ""
    # Nothing but the document is on standard output, and the exit code is no error.
    assert type(answer)(0, answer.out, "").document == {
        "chapter": "01_solved",
        "notebook": str(file),
        "passed": 1,
        "exercises": [
            {"name": "double", "passed": True, "message": ""},
            {"name": "sum", "passed": False, "message": "the sum is not\nEllipsis"},
        ],
    }


def test_all_passed_and_a_changed_check(cli, book, tmp_path) -> None:
    file = tmp_path / "mine.ipynb"
    assert cli("exercises", "01_solved", "--out", str(file), "--json").document == {
        "chapter": "01_solved", "notebook": str(file), "exercises": list(SOLUTIONS),
    }  # fmt: skip
    solve(file, **SOLUTIONS)
    file.write_text(file.read_text().replace("is not\\\\n{total}", "is {total}"))
    answer = cli("exercises", "1", "--check", str(file))
    assert answer.code == 0
    assert "2 of 2 exercises of 01_solved passed" in " ".join(answer.out.split())
    assert "failed" not in answer.out
    assert "note: the checks of sum are not the chapter's" in answer.err


def test_messages_are_one_line_each_in_a_table(cli, book, tmp_path, monkeypatch) -> None:
    from tokalign.report.exercise_checks import Checked

    failed = [Checked("sum", False, "two\n  lines \x1b[31m", False)]
    monkeypatch.setattr(
        "tokalign.report.exercise_checks.check_student", lambda *_, **__: list(failed)
    )
    chapter = str(book / "chapters" / "01_solved.ipynb")
    answer = cli("exercises", "1", "--check", chapter)
    assert answer.code == 1
    assert "two lines \\x1b[31m" in answer.out


def test_a_file_is_overwritten_only_by_force(cli, book, tmp_path) -> None:
    file = tmp_path / "mine.ipynb"
    file.write_text("my work")
    words = ("exercises", "1", "--out", str(file))
    assert "mine.ipynb is there already; allowed: another" in cli(*words).users_error()
    assert file.read_text() == "my work"
    assert cli(*words, "--force").code == 0
    assert len(nbformat.read(file, as_version=4).cells) == 7


def test_a_chapter_is_never_overwritten(cli, book) -> None:
    chapter = book / "chapters" / "01_solved.ipynb"
    before = chapter.read_bytes()
    said = cli("exercises", "1", "--out", str(chapter), "--force").users_error()
    assert "is a chapter of the book" in said
    assert chapter.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["1"], ["either --out FILE.ipynb or --check STUDENT.ipynb"]),
        (["1", "--out", "OUT.ipynb", "--check", "FILE"], ["either --out"]),
        (["1", "--check", "FILE", "--force"], ["--force goes with --out only"]),
        (["1", "--check", "FILE"], ["is not a Jupyter notebook"]),
        (["1", "--check", "FILE", "--timeout", "0"], ["--timeout must be at least 1 second"]),
        (["1", "--check", "OUT.ipynb"], ["OUT.ipynb", "does not exist"]),
        (["1", "--check", "PLAIN"], ["holds no check of this chapter's exercises"]),
        (["1", "--out", "OUT.txt"], ["allowed: a file that ends in .ipynb"]),
        (["2", "--out", "OUT.ipynb"], ["chapter 02_plain has no exercises"]),
        (["3", "--out", "OUT.ipynb"], ["unknown chapter '3'"]),
        ([], ["CHAPTER"]),
    ],
)
def test_errors(cli, book, tmp_path, words, parts) -> None:
    (tmp_path / "FILE").write_text("no notebook")
    plain = str(book / "chapters" / "02_plain.ipynb")
    places = {name: str(tmp_path / name) for name in ("OUT.ipynb", "OUT.txt", "FILE")}
    said = cli("exercises", *({**places, "PLAIN": plain}.get(w, w) for w in words)).users_error()
    assert [part for part in parts if part not in said] == []
    assert not (tmp_path / "OUT.ipynb").exists()


def test_the_help_says_that_code_is_run(cli, book) -> None:
    said = " ".join(cli("exercises", "--help").out.split())
    assert "This EXECUTES the notebook: its code runs on this machine with your rights" in said
