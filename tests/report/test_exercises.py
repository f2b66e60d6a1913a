"""Exercises: how they are read, what is refused, and what a student's copy holds."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import nbformat
import pytest
from exercise_cells import CHECK, cells, chapter, code
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_output

from tokalign.errors import TokalignError
from tokalign.report.exercises import exercise_problems, exercises, student_notebook


def test_exercises_are_read_in_order() -> None:
    found = exercises(chapter(code("y = 1"), cells("one"), code("z = 1"), cells("two-b")))
    assert [(e.name, e.cell) for e in found] == [("one", 1), ("two-b", 5)]
    assert (found[0].task, found[0].starter, found[0].wrong, found[0].why_wrong) == (
        "Task of one.", "x = ...", "x = 1", "It is one only.",
    )  # fmt: skip
    assert (found[0].solution, found[0].check) == ("x = 1 + 1", CHECK)
    assert exercises(chapter(code("y = 1"))) == []


def fields(**values: Any) -> Callable[[Any], None]:
    return lambda notebook: notebook.cells[1].metadata.tokalign.update(values)


def source(index: int, text: str) -> Callable[[Any], None]:
    return lambda notebook: notebook.cells[index].update(source=text)


def tags(index: int, *names: str) -> Callable[[Any], None]:
    return lambda notebook: notebook.cells[index].metadata.update(tags=list(names))


def without(index: int) -> Callable[[Any], None]:
    return lambda notebook: notebook.cells.pop(index)


@pytest.mark.parametrize(
    ("change", "problems"),
    [
        (without(2), ["cell 1: the task has no check"]),
        (without(1), ["cell 1: the task has no solution", "cell 2 is tagged `check`, but stands"]),
        (without(0), ["cell 1 is tagged `solution`", "cell 2 is tagged `check`"]),
        (lambda n: n.cells.insert(2, new_code_cell("y = 1")),
         ["cell 1: the task has no check", "cell 4 is tagged `check`"]),
        (lambda n: n.cells.extend(cells("one")), ["exercise 'one': the name is taken twice"]),
        (fields(exercise=""), ["exercise in cell 1: its metadata lack 'exercise'"]),
        (fields(exercise="One two"), ["lower-case words joined by hyphens"]),
        (fields(starter=" "), ["lack 'starter'"]),
        (fields(why_wrong=""), ["lack 'why_wrong'"]),
        (fields(wrongs="x = 2"), ["hold 'wrongs'; known: exercise, starter, wrong, why_wrong"]),
        (fields(starter="x = 1+1  # the sum"), ["starter and its solution are the same"]),
        (fields(wrong="x  =  1 + 1"), ["wrong and its solution are the same"]),
        (fields(starter="x = 1"), ["starter and its wrong are the same"]),
        (fields(starter="x = = 1"), ["its starter is no Python: invalid syntax"]),
        (source(1, "%time x = 2"), ["its solution is no Python"]),
        (source(0, " "), ["tagged `exercise` is empty"]),
        (source(2, "x == 2"), ["its check holds no assert"]),
        (source(2, CHECK + "\nassert x > 1"), ["line 2 of its check has no message"]),
        (tags(1, "solution"), ["not tagged `hide-input`"]),
        (tags(1, "solution", "hide-input", "remove-cell"), ["not tagged `remove-cell`"]),
        (tags(2, "check", "hide-input"), ["`check` must be seen, so not tagged `hide-input`"]),
        (tags(2, "check", "solution"), ["the task has no check", "cell 3 is tagged `solution`"]),
        (lambda n: n.cells[0].update(cell_type="raw"), ["must be a markdown cell, not raw"]),
        (lambda n: n.cells[1].metadata.update(tokalign=3),
         [*(f"lack '{key}'" for key in ("exercise", "starter", "wrong", "why_wrong")),
          "starter and its wrong are the same"]),
    ],
)  # fmt: skip
def test_each_fault_is_named(change: Callable[[Any], None], problems: list[str]) -> None:
    notebook = chapter(cells("one"))
    assert exercise_problems(notebook) == []
    change(notebook)
    found = exercise_problems(notebook)
    assert [part for part in problems if not any(part in line for line in found)] == []
    assert len(found) == len(problems)
    with pytest.raises(TokalignError) as caught:
        exercises(notebook)
    assert str(caught.value) == "; ".join(found)


LINES = st.lists(st.integers(0, 30).map(lambda n: f"a{n:02d} = 'v{n:02d}'"), max_size=4).map(
    "\n".join
)


@given(starter=LINES, solution=LINES, wrong=LINES, before=LINES, after=LINES)
def test_nothing_of_the_answers_is_left(
    starter: str, solution: str, wrong: str, before: str, after: str
) -> None:
    answers = {"starter": f"s = 1\n{starter}", "solution": f"s = 2\n{solution}"}
    notebook = chapter(code(before, "parameters"), cells("one", wrong=f"s = 3\n{wrong}", **answers),
                       code(after))  # fmt: skip
    notebook.metadata["tokalign"] = {"left": solution}
    for cell in notebook.cells:
        cell.metadata["papermill"] = {"left": wrong}
        if cell.cell_type == "code":
            cell.outputs = [new_output("stream", text=solution)]
            cell.execution_count = 7
    for cell in notebook.cells[1:4]:
        cell.metadata["left"] = solution
    given_notebook = copy.deepcopy(notebook)
    made = student_notebook(notebook)
    assert notebook == given_notebook
    nbformat.validate(made)
    text = json.dumps(made)
    elsewhere = {*starter.splitlines(), *before.splitlines(), *after.splitlines()}
    for line in {*solution.splitlines(), *wrong.splitlines()} - elsewhere:
        assert line not in text
    assert notebook.cells[2].metadata.tokalign.why_wrong not in text
    assert [cell.source for cell in made.cells] == [
        before, "Task of one.", answers["starter"], CHECK, after,
    ]  # fmt: skip
    assert [cell.metadata.get("tags") for cell in made.cells] == [
        ["parameters"], ["exercise"], ["answer"], ["check"], [],
    ]  # fmt: skip
    assert [cell.id for cell in made.cells] == [cell.id for cell in notebook.cells]
