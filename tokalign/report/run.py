"""Parameters -> executed chapters -> rendered pages: what `make book` and `tokalign run` call."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tokalign.paths import user_path
from tokalign.report.execute import Executed, execute_chapter
from tokalign.report.fingerprint import project_fingerprint
from tokalign.report.parameters import Check, check_parameters, read_parameters
from tokalign.report.project import choose_chapters, find_project
from tokalign.report.render import render


@dataclass(frozen=True)
class RunResult:
    """What a run made.

    Attributes:
        index: The start page.
        executed: The chapters, in the book's order.
        seconds: How long the whole run took.
    """

    index: Path
    executed: tuple[Executed, ...]
    seconds: float


def run_chapters(
    chapters: Sequence[str] | None = None,
    parameters: Mapping[str, object] | None = None,
    out: Path | None = None,
    *,
    project: Path | None = None,
    check_embedders: Check | None = None,
    check_dataset: Check | None = None,
    progress: bool | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> RunResult:
    """Execute chapters with other parameters and render them.

    Nothing is executed before every name and value has been checked.

    Args:
        chapters: Names, numbers or paths of chapters; None or empty means all of them.
        parameters: Name -> value; each chapter takes those that it knows.
        out: Executed copies go to `out/executed`, pages to `out/html`; by default the project's
            `_build/run`.
        project: The folder with the book's sources; found by default.
        check_embedders: Called with each embedder's name; raises TokalignError.
        check_dataset: Called with the data set's name; raises TokalignError.
        progress: Show progress bars; by default where standard error is a terminal.
        say: Called with one line on each step.

    Returns:
        The run's start page and chapters.

    Raises:
        TokalignError: No project, an unknown chapter or parameter, a wrong value.
        ChapterFailed: A chapter's cell failed.
        RenderFailed: The pages could not be rendered.
    """
    started = time.monotonic()
    folder = (project or find_project()).resolve()
    chosen = choose_chapters(folder, chapters)
    defaults = {chapter.name: read_parameters(chapter.path) for chapter in chosen}
    given = {name: _locate(value) for name, value in (parameters or {}).items()}
    values = check_parameters(defaults, given, check_embedders, check_dataset)
    build = (out or folder / "_build" / "run").resolve()
    build.mkdir(parents=True, exist_ok=True)
    shared = project_fingerprint(folder)
    executed = []
    for chapter in chosen:
        say(f"{chapter.name}: executing")
        item = execute_chapter(
            chapter,
            values[chapter.name],
            project=folder,
            build=build,
            shared=shared,
            progress=progress,
        )
        say(f"{chapter.name}: {f'{item.seconds:.0f} s' if item.fresh else 'up to date'}")
        executed.append(item)
    say("rendering")
    index = render(folder, executed, build)
    return RunResult(index, tuple(executed), time.monotonic() - started)


def build_book(
    project: Path | None = None,
    build: Path | None = None,
    *,
    progress: bool | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> RunResult:
    """Execute every chapter with its defaults and render the book.

    Args:
        project: The folder with the book's sources; found by default.
        build: Where to build; by default the project's `_build`, so that the book is at
            `_build/html/index.html`.
        progress: As for `run_chapters`.
        say: As for `run_chapters`.

    Returns:
        The book's start page and chapters.
    """
    folder = project or find_project()
    out = build or folder / "_build"
    return run_chapters(out=out, project=folder, progress=progress, say=say)


def _locate(value: object) -> object:
    """Make a file that is named from the current folder absolute: chapters run in the project's.

    Only what looks like a path is taken for one, so that a folder that happens to bear an
    embedder's name changes nothing.
    """
    if not isinstance(value, str):
        return value
    parts = []
    for part in value.split(","):
        name = part.strip()
        looks = "/" in name or name.endswith((".txt", ".jsonl"))
        path = user_path(name)
        parts.append(str(path.resolve()) if looks and path.exists() else name)
    # A single value keeps its own commas and blanks (a sentence, say).
    changed = parts != [part.strip() for part in value.split(",")]
    return ",".join(parts) if changed else value
