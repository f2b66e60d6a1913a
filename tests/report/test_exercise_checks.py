"""Running the checks of exercises: on good and bad ones, and on a student's notebook."""

from __future__ import annotations

from pathlib import Path

import pytest
from exercise_cells import CHECK, cells, chapter, code

from tokalign.errors import TokalignError
from tokalign.report.exercise_checks import Checked, Tried, check_student, verify
from tokalign.report.exercises import student_notebook

STUB = "def f():\n    raise NotImplementedError('write f')"
#: Name -> starter, wrong answer, solution, check; and which answers are a problem, with what words.
KINDS: dict[str, tuple[tuple[str, str, str, str], dict[str, str]]] = {
    "good": (("x = ...", "x = 1", "x = 2", CHECK), {}),
    "stub": ((STUB, "def f(): return 1", "def f(): return 2", "assert f() == 2, 'f'"), {}),
    "stub-at-once": (("raise NotImplementedError('x')", "x = 1", "x = 2", CHECK), {}),
    "easy": (("x = ...", "x = 1", "x = 2", "assert x != 1, 'x is one'"),
             {"starter": "the check passes on the starter"}),
    "blind": (("x = ...", "x = 1", "x = 2", "assert x in (1, 2), 'x'"),
              {"wrong": "the check passes on the wrong answer"}),
    "strict": (("x = ...", "x = 1", "x = 2", "assert x == 3, 'x is not three'"),
               {"solution": "the check fails on the solution by AssertionError: x is not three"}),
    "nameless": (("y = ...", "v = 1", "v = 2", "assert v == 2, 'v'"),
                 {"starter": "the check fails on the starter by NameError: name 'v'"}),
    "misspelt": (("x = ...", "x = 1", "x = 2", "assert xx == 2, 'x'"),
                 dict.fromkeys(("starter", "wrong", "solution"), "NameError: name 'xx'")),
    "foreign-stub": (("x = ...", "x = 1", "x = 2", "if x is ...:\n    raise NotImplementedError\n"
                      + CHECK), {"starter": "the check fails on the starter by NotImplemented"}),
    "broken-starter": (("x = 1 / 0", "x = 1", "x = 2", CHECK),
                       {"starter": "the starter itself fails by ZeroDivisionError"}),
    "broken-wrong": (("x = ...", "x = 1\nassert x == 2", "x = 2", CHECK),
                     {"wrong": "the wrong answer itself fails by AssertionError; it must run"}),
    "broken-solution": (("x = ...", "x = 1", "x = 2\nint('two')", CHECK),
                        {"solution": "the solution itself fails by ValueError"}),
    "leaky": (("z = ...\nrows.append(1)", "z = w = 1\ndel k", "z = 2 if rows == [] and k else 0",
               "assert z == 2, 'z'\nassert 'w' not in globals(), 'w was left'"), {}),
    "on-top": (("u = ...", "u = z", "u = z + 1", "assert u == z + 1, 'u'"), {}),
}  # fmt: skip


@pytest.fixture(scope="module")
def tried() -> list[Tried]:
    """All kinds in one kernel."""
    start = code("k = 1", "parameters") + code("rows = []")
    groups = [cells(name, *parts) for name, (parts, _) in KINDS.items()]
    return verify(chapter(start, *groups, code("1 / 0")), {"k": "3"})


@pytest.mark.parametrize("kind", KINDS)
def test_verify_tells_good_from_bad(tried: list[Tried], kind: str) -> None:
    found = {t.answer: t for t in tried if t.exercise == kind}
    assert list(found) == ["starter", "wrong", "solution"]
    wanted = KINDS[kind][1]
    assert {a: bool(t.problem) for a, t in found.items()} == {a: a in wanted for a in found}
    for answer, words in wanted.items():
        assert words in found[answer].problem
        assert found[answer].problem.startswith(f"exercise {kind!r}: ")


def test_verify_says_where_an_answer_failed(tried: list[Tried]) -> None:
    found = {(t.exercise, t.answer): (t.failed_in, t.error) for t in tried}
    assert found["good", "wrong"] == ("check", "AssertionError: x is not one and one")
    assert found["stub-at-once", "starter"] == ("answer", "NotImplementedError: x")
    assert found["good", "solution"] == ("", "")


def test_verify_with_parameters_and_what_it_cannot_reach() -> None:
    parts = ("x = ...", "x = 1", "x = 1 + 1", "assert x == k, f'not {k}'")
    notebook = chapter(code("k = 5", "parameters"), cells("one", *parts),
                       code("1 / 0"), cells("two"), cells("three"))  # fmt: skip
    found = verify(notebook, {"k": 2})
    assert [t.problem for t in found[:3]] == ["", "", ""]
    assert [t.problem for t in found[3:]] == [
        f"exercise {name!r} was not reached: cell 5 fails by ZeroDivisionError: division by zero"
        for name in ("two", "three")
    ]
    with pytest.raises(TokalignError, match="unknown parameter 'kk'"):
        verify(notebook, {"kk": 2})


def test_a_students_notebook_is_checked_exercise_by_exercise(tmp_path: Path) -> None:
    names = ("right", "wrong", "loosened", "bare", "dropped", "raised", "slow", "deadly", "late")
    notebook = chapter(code("from pathlib import Path"), *(cells(name) for name in names))
    student = student_notebook(notebook)
    by_name = {
        cell.metadata.tokalign.exercise: student.cells[at - 1 : at + 1]
        for at, cell in enumerate(student.cells)
        if "check" in cell.metadata.get("tags", [])
    }
    answers = {"right": "x = 2", "wrong": "x = 3", "loosened": "x = 4", "bare": "x = 2",
               "raised": "del x\nx = undefined", "slow": "while True: pass",
               "deadly": "import os\nos._exit(0)", "late": "x = 2"}  # fmt: skip
    for name, answer in answers.items():
        by_name[name][0].source = answer
    by_name["loosened"][1].source = "assert True"
    by_name["bare"][1].metadata = {}
    student.cells.remove(by_name["dropped"][1])
    by_name["right"][0].source = "x = len(Path('two.txt').read_text())"
    (tmp_path / "two.txt").write_text("ab")
    # Each check another, so that one can be told by its source alone.
    for at, name in enumerate(names):
        notebook.cells[3 + 3 * at].source += f"  # {name}"
        by_name[name][1].source += f"  # {name}" if name != "loosened" else ""
    found = check_student(notebook, student, cwd=tmp_path, timeout=3)
    no = "x is not one and one"
    at = student.cells.index(by_name["raised"][0]) + 1
    undefined = f"cell {at} fails by NameError: name 'undefined' is not defined"
    dead = student.cells.index(by_name["deadly"][0]) + 1
    assert found[:6] == [
        Checked("right", True, "", False),
        Checked("wrong", False, no, False),
        Checked("loosened", False, no, True),
        Checked("bare", True, "", False),
        Checked("dropped", False, "its check is not in the notebook", False),
        Checked("raised", False, f"NameError: name 'x' is not defined; before it, {undefined}",
                False),
    ]  # fmt: skip
    assert found[6].message.endswith("fails by TimeoutError: it took more than 3 s")
    died = f"it was not reached: cell {dead} fails by DeadKernelError: the kernel died"
    assert found[7:] == [Checked(n, False, died, False) for n in ("deadly", "late")]


def test_another_notebook_is_refused() -> None:
    with pytest.raises(TokalignError, match="holds no check of this chapter's exercises"):
        check_student(chapter(cells("one")), chapter(code("x = 2")))
