"""``tokalign exercises``: a chapter's notebook for students, and the check of a student's one."""

from __future__ import annotations

import importlib.util
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tokalign.cli.options import (
    json_option,
    note,
    print_json,
    print_table,
    settle_user_registry,
    show_progress,
    visible,
)
from tokalign.errors import TokalignError

if TYPE_CHECKING:
    from tokalign.report import Chapter

#: Exit code where not all checks have passed; a user's error is 2.
NOT_PASSED = 1


@click.command()
@click.argument("chapter")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the chapter here, its exercises unsolved.",
)
@click.option(
    "--check",
    "student",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Check the answers in this notebook. This EXECUTES the notebook: its code runs "
    "on this machine with your rights, so check only what you would run yourself.",
)
@click.option("--force", is_flag=True, help="With --out: overwrite the file.")
@click.option(
    "--timeout",
    default=600,
    show_default=True,
    help="With --check: the most seconds that one cell may take.",
)
@json_option
@click.pass_context
def exercises(
    context: click.Context,
    chapter: str,
    out: Path | None,
    student: Path | None,
    force: bool,
    timeout: int,
    as_json: bool,
) -> None:
    """Give out the exercises of CHAPTER, or check somebody's answers.

    --out writes the notebook of the chapter in which a student works. --check executes such a
    notebook, up to its last check and in its own folder, and tells for each exercise whether the
    check has passed; the exit code is 0 where all have, 1 where not. The checks are those of the
    chapter, even where the notebook has others. They help a student and are no exam: who wants to
    cheat can.
    """
    if (out is None) == (student is None):
        raise TokalignError("needed: either --out FILE.ipynb or --check STUDENT.ipynb")
    if force and out is None:
        raise TokalignError("--force goes with --out only")
    if timeout < 1:
        raise TokalignError(f"--timeout must be at least 1 second, not {timeout}")
    chosen, notebook, names = _read(chapter)
    if out is not None:
        _write(chosen, notebook, names, out, force, as_json)
    elif student is not None and not _check(chosen, notebook, student, timeout, as_json):
        context.exit(NOT_PASSED)


def _read(name: str) -> tuple[Chapter, Any, list[str]]:
    """The chapter of that name, its notebook, and the names of its exercises."""
    from tokalign.report import choose_chapters, find_project
    from tokalign.report.exercises import exercises as read_exercises
    from tokalign.report.notebook import read_notebook

    (chosen,) = choose_chapters(find_project(), [name])
    notebook = read_notebook(chosen.path)
    names = [exercise.name for exercise in read_exercises(notebook)]
    if not names:
        raise TokalignError(f"chapter {chosen.name} has no exercises; needed: one that has")
    return chosen, notebook, names


def _write(
    chapter: Chapter, notebook: Any, names: list[str], out: Path, force: bool, as_json: bool
) -> None:
    from tokalign.report import find_project, list_chapters
    from tokalign.report.exercises import student_notebook
    from tokalign.report.notebook import write_notebook

    if out.suffix != ".ipynb":
        raise TokalignError(f"{out} is no name for a notebook; allowed: a file that ends in .ipynb")
    if out.resolve() in {known.path.resolve() for known in list_chapters(find_project())}:
        raise TokalignError(f"{out} is a chapter of the book; allowed: another file")
    if out.exists() and not force:
        raise TokalignError(f"{out} is there already; allowed: another name, or --force")
    out.parent.mkdir(parents=True, exist_ok=True)
    write_notebook(student_notebook(notebook), out)
    if as_json:
        print_json({"chapter": chapter.name, "notebook": str(out), "exercises": names})
        return
    python, file = shlex.quote(sys.executable), shlex.quote(str(out))
    click.echo(visible(f"{out}: {len(names)} exercises ({', '.join(names)})"))
    if importlib.util.find_spec("jupyterlab") is None:
        click.echo(visible(f"install Jupyter first: {python} -m pip install jupyterlab"))
    click.echo(visible(f"open it: {python} -m jupyter lab {file}"))
    click.echo(visible(f"check it: tokalign exercises {chapter.name} --check {file}"))


def _check(chapter: Chapter, notebook: Any, student: Path, timeout: int, as_json: bool) -> bool:
    """Whether all checks have passed, after telling it."""
    from tokalign.report.exercise_checks import check_student
    from tokalign.report.notebook import read_notebook

    settle_user_registry()
    given = read_notebook(student)
    results = check_student(
        notebook,
        given,
        cwd=student.resolve().parent,
        timeout=timeout,
        progress=show_progress(),
    )
    passed = sum(result.passed for result in results)
    changed = [result.exercise for result in results if result.changed]
    if changed:
        note(f"the checks of {', '.join(changed)} are not the chapter's; the chapter's were run")
    if as_json:
        print_json(
            {
                "chapter": chapter.name,
                "notebook": str(student),
                "passed": passed,
                "exercises": [
                    {"name": r.exercise, "passed": r.passed, "message": r.message} for r in results
                ],
            }
        )
    else:
        print_table(
            f"{passed} of {len(results)} exercises of {chapter.name} passed",
            ("exercise", "result", "message"),
            [
                (r.exercise, "passed" if r.passed else "failed", " ".join(r.message.split()))
                for r in results
            ],
        )
    return passed == len(results)
