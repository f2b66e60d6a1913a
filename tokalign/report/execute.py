"""Execute one chapter by papermill, unless an executed copy with the same key is there.

The kernel is the running interpreter, whatever kernels are installed on the machine. Does NOT
check parameters (see `parameters`) and does not run chapters side by side: torch already uses
every core.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokalign.errors import TokalignError
from tokalign.report.clean import clean_notebook, clean_value, machine_paths
from tokalign.report.fingerprint import chapter_key
from tokalign.report.notebook import read_notebook, write_notebook
from tokalign.report.project import Chapter


@dataclass(frozen=True)
class Executed:
    """A chapter with its outputs.

    Attributes:
        chapter: The chapter.
        notebook: The executed copy.
        parameters: The values that differ from the chapter's defaults.
        key: What the outputs depend on (see `fingerprint`).
        fresh: False where an executed copy was up to date and nothing was run.
        seconds: How long the execution took, when it was done.
    """

    chapter: Chapter
    notebook: Path
    parameters: Mapping[str, object]
    key: str
    fresh: bool
    seconds: float


class ChapterFailed(TokalignError):
    """A cell of a chapter failed.

    Attributes:
        chapter: The chapter's name.
        cell: The failing code cell, counted from 1 in the stored notebook; 0 where the kernel
            itself died.
        error: The exception's last line.
        notebook: The partly executed notebook.
    """

    def __init__(self, chapter: str, cell: int, error: str, notebook: Path) -> None:
        self.chapter, self.cell, self.error, self.notebook = chapter, cell, error, notebook
        where = f"code cell {cell}" if cell else "the kernel"
        super().__init__(
            f"chapter {chapter} failed in {where}: {error} (executed that far: {notebook})"
        )


def execute_chapter(
    chapter: Chapter,
    parameters: Mapping[str, object],
    *,
    project: Path,
    build: Path,
    shared: str,
    progress: bool | None = None,
) -> Executed:
    """Execute a chapter, or take the executed copy that is up to date.

    Args:
        chapter: The chapter.
        parameters: Checked values that differ from the chapter's defaults (`check_parameters`).
        project: The folder in which the chapter runs.
        build: Executed copies are kept in its folder `executed/`.
        shared: The result of `fingerprint.project_fingerprint`.
        progress: Show a progress bar; by default where standard error is a terminal.

    Returns:
        The executed chapter.

    Raises:
        ChapterFailed: A cell raised an exception, or the kernel died.
    """
    key = chapter_key(chapter.path, parameters, shared)
    target = build / "executed" / f"{chapter.name}.ipynb"
    if (seconds := _up_to_date(target, key)) is not None:
        return Executed(chapter, target, dict(parameters), key, False, seconds)
    target.parent.mkdir(parents=True, exist_ok=True)
    failed = target.with_suffix(".failed.ipynb")
    part = target.with_suffix(f".{os.getpid()}.part.ipynb")
    shown = sys.stderr.isatty() if progress is None else progress
    started = time.monotonic()
    try:
        notebook = _papermill(chapter, parameters, part, project, shown)
        seconds = time.monotonic() - started
        paths = machine_paths(project, parameters)
        clean_notebook(notebook, paths)
        notebook.metadata["tokalign"] = {
            "key": key,
            "chapter": chapter.name,
            "parameters": clean_value(dict(parameters), paths),
            "seconds": round(seconds, 1),
        }
        write_notebook(notebook, part)
        part.replace(target)
    except _Failure as failure:
        part.replace(failed)
        raise ChapterFailed(chapter.name, failure.cell, failure.error, failed) from failure.cause
    finally:
        part.unlink(missing_ok=True)
    failed.unlink(missing_ok=True)
    return Executed(chapter, target, dict(parameters), key, True, seconds)


def _up_to_date(target: Path, key: str) -> float | None:
    # An unreadable copy (a full disk, an older format) is simply made again.
    with contextlib.suppress(OSError, ValueError, TokalignError):
        stamp = read_notebook(target).metadata.get("tokalign", {})
        if stamp.get("key") == key:
            return float(stamp.get("seconds", 0.0))
    return None


class _Failure(Exception):
    def __init__(self, cell: int, error: str, cause: BaseException) -> None:
        super().__init__(error)
        self.cell, self.error, self.cause = cell, error, cause


def _papermill(
    chapter: Chapter, parameters: Mapping[str, object], part: Path, project: Path, shown: bool
) -> Any:
    # Here, since papermill and Jupyter take a second to import and a check needs neither.
    import papermill
    from nbclient.exceptions import CellControlSignal, CellExecutionError, DeadKernelError

    from tokalign.report.interpreter import ThisInterpreter

    source = read_notebook(chapter.path)
    source.metadata.setdefault(
        "kernelspec", {"name": "python3", "display_name": "Python 3", "language": "python"}
    )
    write_notebook(source, part)
    try:
        return papermill.execute_notebook(
            source,
            # papermill formats a path by str.format.
            str(part).replace("{", "{{").replace("}", "}}"),
            parameters=dict(parameters),
            kernel_name="python3",
            language="python",
            progress_bar=shown,
            cwd=str(project),
            kernel_manager_class=ThisInterpreter,
        )
    except papermill.PapermillExecutionError as error:
        text = error.evalue.strip().splitlines() or [""]
        line = f"{error.ename}: {text[-1]}" if text[-1] else error.ename
        cell = _code_cells_before(source, error.source)
        raise _Failure(cell, _plain(line), error) from None
    except (DeadKernelError, CellExecutionError, CellControlSignal) as error:
        last = str(error).strip().splitlines() or [type(error).__name__]
        raise _Failure(0, _plain(last[-1]), error) from None


def _code_cells_before(source: Any, failing: str) -> int:
    cells = [cell.source for cell in source.cells if cell.cell_type == "code"]
    return cells.index(failing) + 1 if failing in cells else 0


def _plain(text: str) -> str:
    return re.sub("\x1b\\[[0-9;]*m", "", text)
