"""Run the self-checks of exercises: on a chapter, to see that they tell right from wrong, and on a
student's notebook.

Both run the code of a whole notebook, on this machine and with the rights of whoever calls them.
The checks are there to help a student; they do NOT keep anybody from cheating.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from tokalign.errors import TokalignError
from tokalign.report.exercises import Exercise, exercises
from tokalign.report.kernel import Failure, Kernel, started
from tokalign.report.notebook import tagged
from tokalign.report.parameters import check_parameters, parse_parameters


@dataclass(frozen=True)
class Tried:
    """One answer to an exercise and what became of it.

    Attributes:
        exercise: The exercise's name.
        answer: ``starter``, ``wrong`` or ``solution``.
        failed_in: ``answer`` or ``check``, whichever raised something; empty where neither did.
        error: What was raised; empty for nothing.
        problem: What is wrong with the exercise by this; empty where all is as it should be.
    """

    exercise: str
    answer: str
    failed_in: str
    error: str
    problem: str


@dataclass(frozen=True)
class Checked:
    """A student's answer to one exercise.

    Attributes:
        exercise: The exercise's name.
        passed: Whether the check passed.
        message: Why not; empty where it did.
        changed: Whether the check in the student's notebook is another than the chapter's.
    """

    exercise: str
    passed: bool
    message: str
    changed: bool


_LABELS = {"starter": "starter", "wrong": "wrong answer", "solution": "solution"}
#: What an answer may do instead.
_WANTED = {
    "starter": "; allowed: an AssertionError of the check, a NotImplementedError of the starter",
    "wrong": "; it must run, and the check must refuse it by an AssertionError",
    "solution": "",
}


def verify(
    notebook: Any,
    parameters: Mapping[str, object] | None = None,
    *,
    cwd: Path | None = None,
    timeout: int | None = None,
) -> list[Tried]:
    """Try the starter, the wrong answer and the solution of every exercise of a chapter.

    The chapter is executed once in one kernel, up to its last exercise. Each answer sees the
    chapter up to its exercise, with earlier exercises solved, and nothing of another answer (but
    see `namespace` for the limits of that). The check must fail on the starter by an
    AssertionError, or by a NotImplementedError that the starter itself raises; on the wrong answer
    by an AssertionError; and it must pass on the solution.

    Args:
        notebook: A notebook node.
        parameters: Values in the place of the chapter's defaults.
        cwd: The folder in which it is executed; the current one by default.
        timeout: The most that one cell may take, in seconds.

    Returns:
        Three for each exercise, in order; one where it could not be reached.

    Raises:
        TokalignError: An exercise is not well formed, or a parameter is unknown or wrong.
    """
    found = exercises(notebook)
    if not found:
        return []
    with started(cwd or Path.cwd(), timeout) as kernel:
        return list(_verified(kernel, notebook, found, _injected(notebook, parameters or {})))


def _injected(notebook: Any, given: Mapping[str, object]) -> str:
    cell = tagged(notebook, "parameters")
    defaults = {} if cell is None else parse_parameters(cell.source)
    values = check_parameters({"": defaults}, given)[""]
    return "\n".join(f"{name} = {value!r}" for name, value in values.items())


def _verified(
    kernel: Kernel, notebook: Any, found: list[Exercise], injected: str
) -> Iterator[Tried]:
    at = 0
    for number, exercise in enumerate(found):
        for cell in notebook.cells[at : exercise.cell]:
            at += 1
            failure = kernel.run(cell.source) if cell.cell_type == "code" else None
            if failure is None and "parameters" in cell.metadata.get("tags", []):
                failure = kernel.run(injected)
            if failure is not None:
                for missed in found[number:]:
                    said = f"exercise {missed.name!r} was not reached: cell {at} fails by {failure}"
                    yield Tried(missed.name, "solution", "", "", said)
                return
        at += 3
        kernel.keep()
        for answer in _LABELS:
            yield _tried(kernel, exercise, answer)
            if answer != "solution":
                kernel.restore()


def _tried(kernel: Kernel, exercise: Exercise, answer: str) -> Tried:
    source = getattr(exercise, answer)
    failed_in, failure = "answer", kernel.run(source)
    if failure is None:
        failed_in, failure = "check", kernel.run(exercise.check)
    if failure is None:
        problem = "" if answer == "solution" else f"the check passes on the {_LABELS[answer]}"
        failed_in = ""
    elif _as_wanted(kernel, answer, source, failed_in, failure):
        problem = ""
    else:
        who = "{} itself fails" if failed_in == "answer" else "check fails on the {}"
        problem = f"the {who.format(_LABELS[answer])} by {failure}{_WANTED[answer]}"
    if problem:
        problem = f"exercise {exercise.name!r}: {problem}"
    return Tried(exercise.name, answer, failed_in, str(failure or ""), problem)


def _as_wanted(kernel: Kernel, answer: str, source: str, where: str, failure: Failure) -> bool:
    if answer == "starter" and failure.error == "NotImplementedError":
        return kernel.raised_in().strip() == source.strip()
    return answer != "solution" and where == "check" and failure.error == "AssertionError"


def check_student(
    notebook: Any,
    student: Any,
    *,
    cwd: Path | None = None,
    timeout: int | None = None,
    progress: bool = False,
) -> list[Checked]:
    """Execute a student's notebook and run the chapter's checks in it.

    The student's cells are executed as they stand, up to the last check; one that fails does not
    stop the others. Where a check stands, that of the chapter is run, whatever was made of it.

    Args:
        notebook: The chapter's notebook node.
        student: The student's notebook node (see `student_notebook`).
        cwd: The folder in which it is executed; the current one by default.
        timeout: The most that one cell may take, in seconds.
        progress: Show a progress bar on standard error.

    Returns:
        One for each exercise of the chapter, in its order.

    Raises:
        TokalignError: An exercise of the chapter is not well formed, or none of its checks is in
            the student's notebook.
    """
    found = {exercise.name: exercise for exercise in exercises(notebook)}
    checks = _find_checks(student, found)
    if not checks:
        raise TokalignError(
            "the notebook holds no check of this chapter's exercises; allowed: a copy of this "
            "chapter, its cells tagged `check` left in"
        )
    results: dict[str, Checked] = {}
    broken = ""
    last = max(checks) + 1
    with started(cwd or Path.cwd(), timeout) as kernel:
        for at, cell in enumerate(tqdm(student.cells[:last], disable=not progress, unit="cell")):
            name = checks.get(at)
            if name is not None:
                failure = kernel.run(found[name].check)
                changed = cell.source.strip() != found[name].check.strip()
                results[name] = Checked(name, not failure, _said(failure, broken), changed)
            elif cell.cell_type == "code" and (failure := kernel.run(cell.source)):
                broken = f"cell {at + 1} fails by {failure}"
            if kernel.died:
                broken = broken or f"the check of {name!r} ended the kernel"
                break
    for name in found.keys() - results.keys():
        there = name in checks.values()
        said = f"it was not reached: {broken}" if there else "its check is not in the notebook"
        results[name] = Checked(name, False, said, False)
    return [results[name] for name in found]


def _find_checks(student: Any, found: Mapping[str, Exercise]) -> dict[int, str]:
    """The index of each cell that is a check, with its exercise's name."""
    by_source = {exercise.check.strip(): name for name, exercise in found.items()}
    checks = {}
    for at, cell in enumerate(student.cells):
        if cell.cell_type == "code":
            fields = cell.metadata.get("tokalign")
            named = fields.get("exercise") if isinstance(fields, Mapping) else None
            # Some editors drop what they do not know of a cell's metadata.
            name = named if "check" in cell.metadata.get("tags", []) else None
            name = name if name in found else by_source.get(cell.source.strip())
            if name is not None:
                checks[at] = name
    return checks


def _said(failure: Failure | None, broken: str) -> str:
    if failure is None:
        return ""
    if failure.error == "AssertionError":
        return failure.message or str(failure)
    return f"{failure}; before it, {broken}" if broken else str(failure)
