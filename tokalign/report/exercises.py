"""The exercises of a chapter, and the student's copy of it in which they are not solved yet.

An exercise is three cells in a row: the task (Markdown, tag `exercise`), the solution (tags
`solution` and `hide-input`) and the self-check (tag `check`). The solution's metadata hold, under
`tokalign`, the exercise's name, the code that a student starts from, and a plausible wrong answer.
Does NOT execute anything (see `exercise_checks`).
"""

from __future__ import annotations

import ast
import copy
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tokalign.errors import TokalignError

ROLES = ("exercise", "solution", "check")
#: What the metadata of a solution hold under `tokalign`.
FIELDS = ("exercise", "starter", "wrong", "why_wrong")
_HIDING = frozenset(
    f"{how}-{what}" for how in ("hide", "remove") for what in ("input", "output", "cell")
)
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Attributes:
        name: Of the exercise, once in a chapter: lower-case words joined by hyphens.
        task: The Markdown of the task.
        starter: The code that a student starts from.
        solution: The code that solves it.
        wrong: A plausible answer that the check must refuse.
        why_wrong: What is wrong with that one.
        check: The code of the self-check.
        cell: The index of the task's cell, from 0; the solution and the check are the next two.
    """

    name: str
    task: str
    starter: str
    solution: str
    wrong: str
    why_wrong: str
    check: str
    cell: int


def exercises(notebook: Any) -> list[Exercise]:
    """Read a chapter's exercises.

    Args:
        notebook: A notebook node, executed or not.

    Returns:
        The exercises in the order of the chapter; empty where it has none.

    Raises:
        TokalignError: One is not well formed; all that `exercise_problems` finds, in one line.

    >>> from nbformat import v4 as new
    >>> fields = {"exercise": "sum", "starter": "total = ...", "wrong": "total = 1 - 2",
    ...           "why_wrong": "It subtracts."}
    >>> cells = [
    ...     new.new_markdown_cell("Add one and two.", metadata={"tags": ["exercise"]}),
    ...     new.new_code_cell("total = 1 + 2", metadata={
    ...         "tags": ["solution", "hide-input"], "tokalign": fields}),
    ...     new.new_code_cell("assert total == 3, 'one and two are three'",
    ...                       metadata={"tags": ["check"]}),
    ... ]
    >>> [found.name for found in exercises(new.new_notebook(cells=cells))]
    ['sum']
    >>> exercises(new.new_notebook(cells=cells[:2]))
    Traceback (most recent call last):
    tokalign.errors.TokalignError: cell 1: the task has no check; needed: a code cell tagged ...
    """
    found, problems = _read(notebook)
    if problems:
        raise TokalignError("; ".join(problems))
    return found


def exercise_problems(notebook: Any) -> list[str]:
    """Check a chapter's exercises without executing them.

    Args:
        notebook: A notebook node.

    Returns:
        What is wrong, one line each; empty where all is well or there are no exercises.

    >>> from nbformat import v4
    >>> exercise_problems(v4.new_notebook())
    []
    """
    return _read(notebook)[1]


def student_notebook(notebook: Any) -> Any:
    """Make the copy of a chapter that a student works in.

    Every solution is replaced by its starter, in sight; outputs are taken out. Of a solution and
    its wrong answer nothing is left, unless another cell of the chapter says it.

    Args:
        notebook: A notebook node; it stays as it is.

    Returns:
        A new notebook node. Answers (tag `answer`) and checks carry the exercise's name.

    Raises:
        TokalignError: See `exercises`.

    >>> from nbformat import v4
    >>> made = student_notebook(v4.new_notebook())
    >>> made.metadata["kernelspec"]["name"]
    'python3'
    """
    found = exercises(notebook)
    made = copy.deepcopy(notebook)
    kept = {"kernelspec": _KERNEL, **made.metadata}
    made.metadata = {key: kept[key] for key in ("kernelspec", "language_info") if key in kept}
    for cell in made.cells:
        for key in ("papermill", "execution", "tokalign"):
            cell.metadata.pop(key, None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    for exercise in found:
        task, answer, check = made.cells[exercise.cell : exercise.cell + 3]
        answer.source = exercise.starter
        task.metadata = {"tags": ["exercise"]}
        for cell, tag in ((answer, "answer"), (check, "check")):
            fields = {"tags": [tag], "tokalign": {"exercise": exercise.name}}
            cell.metadata = fields
    return made


def _read(notebook: Any) -> tuple[list[Exercise], list[str]]:
    cells = notebook.cells
    found: list[Exercise] = []
    problems: list[str] = []
    at = 0
    while at < len(cells):
        roles = [_role(cell) for cell in cells[at : at + len(ROLES)]]
        if roles[0] == "exercise":
            # How many of the three stand where they should.
            there = next((i for i, role in enumerate(ROLES) if roles[i : i + 1] != [role]), 3)
            if there < 3:
                missing = ROLES[there]
                problems.append(
                    f"cell {at + 1}: the task has no {missing}; needed: a code cell tagged "
                    f"`{missing}` as the {'next' if there == 1 else 'next but one'}"
                )
            else:
                exercise, faults = _parse(cells[at : at + 3], at)
                found.append(exercise)
                problems += faults
            at += there
            continue
        if roles[0]:
            problems.append(f"cell {at + 1} is tagged `{roles[0]}`, but stands behind no task")
        at += 1
    names = Counter(exercise.name for exercise in found if exercise.name)
    twice = [name for name, times in names.items() if times > 1]
    return found, problems + [f"exercise {name!r}: the name is taken twice" for name in twice]


def _role(cell: Any) -> str:
    return next((role for role in ROLES if role in _tags(cell)), "")


def _tags(cell: Any) -> list[str]:
    return list(cell.metadata.get("tags", []))


def _parse(cells: Any, at: int) -> tuple[Exercise, list[str]]:
    task, solution, check = cells
    fields = solution.metadata.get("tokalign", {})
    fields = fields if isinstance(fields, Mapping) else {}
    values = {key: fields[key] if isinstance(fields.get(key), str) else "" for key in FIELDS}
    name = values.pop("exercise")
    exercise = Exercise(name, task.source, solution=solution.source, check=check.source,
                        cell=at, **values)  # fmt: skip
    faults = [
        *_cell_faults(cells),
        *(f"its metadata lack {key!r}" for key in FIELDS if not str(fields.get(key) or "").strip()),
        *(f"its metadata hold {key!r}; known: {', '.join(FIELDS)}"
          for key in fields if key not in FIELDS),
        *_code_faults(exercise),
    ]  # fmt: skip
    if name and not _NAME.fullmatch(name):
        faults.append("its name must be lower-case words joined by hyphens")
    label = f"exercise {name!r}" if name else f"exercise in cell {at + 1}"
    return exercise, [f"{label}: {fault}" for fault in faults]


def _cell_faults(cells: Any) -> Iterator[str]:
    for cell, role in zip(cells, ROLES, strict=True):
        kind = "markdown" if role == "exercise" else "code"
        if cell.cell_type != kind:
            yield f"its cell tagged `{role}` must be a {kind} cell, not {cell.cell_type}"
        if not cell.source.strip():
            yield f"its cell tagged `{role}` is empty"
        if len(set(ROLES) & set(_tags(cell))) > 1:
            yield f"its cell tagged `{role}` has the tag of another part as well"
        allowed = {"hide-input"} if role == "solution" else set()
        for tag in sorted(_HIDING.intersection(_tags(cell)) - allowed):
            yield f"its cell tagged `{role}` must be seen, so not tagged `{tag}`"
    if "hide-input" not in _tags(cells[1]):
        yield "its solution is not tagged `hide-input`, so the page would show it at once"


def _code_faults(exercise: Exercise) -> Iterator[str]:
    trees: dict[str, ast.Module] = {}
    for part in ("starter", "wrong", "solution", "check"):
        try:
            trees[part] = ast.parse(getattr(exercise, part))
        except (SyntaxError, ValueError) as error:
            yield f"its {part} is no Python: {error}"
    answers = [part for part in ("starter", "wrong", "solution") if part in trees]
    for i, one in enumerate(answers):
        for other in answers[i + 1 :]:
            # Blanks and comments do not count.
            if ast.dump(trees[one]) == ast.dump(trees[other]):
                yield f"its {one} and its {other} are the same"
    if "check" in trees:
        asserts = [node for node in ast.walk(trees["check"]) if isinstance(node, ast.Assert)]
        if not asserts:
            yield "its check holds no assert"
        for node in asserts:
            if node.msg is None:
                yield f"the assert in line {node.lineno} of its check has no message"
