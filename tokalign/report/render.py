"""Render executed chapters as web pages with Jupyter Book, strictly.

Every build starts afresh: an incremental one reports no warning for a page that it does not read
again. Warnings are errors, and so is a page that needs the network. Does NOT execute anything.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from tokalign.errors import TokalignError
from tokalign.report.clean import machine_paths, strip_paths
from tokalign.report.execute import Executed
from tokalign.report.offline import external_resources, published_paths
from tokalign.report.stage import describe, stage

_ANSI = re.compile("\x1b\\[[0-9;]*m")
_PROBLEM = re.compile(r"\b(?:WARNING|ERROR|CRITICAL|SEVERE)\b:? |^Sphinx error|Error: ")


class RenderFailed(TokalignError):
    """The book did not render.

    Attributes:
        problems: What the renderer complained of, one line each.
        log: The file with all that it wrote.
    """

    def __init__(self, problems: Sequence[str], log: Path) -> None:
        self.problems, self.log = list(problems), log
        first = self.problems[0] if self.problems else "the renderer gave no reason"
        count = f"{len(self.problems)} problems, the first: " if len(self.problems) > 1 else ""
        super().__init__(f"the book did not render: {count}{first} (log: {log})")


def render(project: Path, executed: Sequence[Executed], build: Path) -> Path:
    """Render chapters into `<build>/html`.

    Args:
        project: The folder with the book's sources.
        executed: The chapters to show; where some of the book's are missing, references to the
            missing ones become plain text, and everything else is as strict as for the whole.
        build: The folder for all that is made; the pages of an earlier build stay until the new
            ones are complete.

    Returns:
        The start page, `<build>/html/index.html`.

    Raises:
        RenderFailed: A warning, a page that loads something from the network, or one that names a
            folder of this machine.
    """
    source, work, log = build / "source", build / "jb", build / "render.log"
    given = {name: value for item in executed for name, value in item.parameters.items()}
    announcement = strip_paths(describe(executed), machine_paths(project, given))
    dropped = stage(project, executed, source, announcement)
    if work.exists():
        shutil.rmtree(work)
    options = ["-W", "--keep-going", "-n"] if not dropped else ["-n"]
    program = "import sys; from jupyter_book.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", program, "build", str(source), "--path-output", str(work)]
    done = subprocess.run(
        [*command, "--all", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf8",
        errors="replace",
        check=False,
        env={**os.environ, "NO_COLOR": "1", "PYTHONIOENCODING": "utf8", "PYTHONWARNINGS": "ignore"},
    )
    text = _ANSI.sub("", done.stdout)
    log.write_text(text, encoding="utf8")
    problems = _problems(text.splitlines(), dropped)
    made = work / "_build" / "html"
    if problems or done.returncode != 0 or not (made / "index.html").is_file():
        tail = [line.strip() for line in text.splitlines() if line.strip()][-3:]
        shown = [strip_paths(line, [(str(source), "")]) for line in problems or tail]
        raise RenderFailed(shown, log)
    problems = [f"needs the network, {line}" for line in external_resources(made)]
    problems += [f"names a folder here, {line}" for line in published_paths(made, [str(project)])]
    if problems:
        raise RenderFailed(problems, log)
    return _swap(made, build / "html") / "index.html"


def _problems(lines: Iterable[str], dropped: set[str]) -> list[str]:
    left_out = {name for page in dropped for name in (page, page.rsplit("/", 1)[-1])}
    return [
        line.strip()
        for line in lines
        if _PROBLEM.search(line) and not any(name in line for name in left_out)
    ]


def _swap(made: Path, target: Path) -> Path:
    old = target.with_name("html.old")
    if old.exists():
        shutil.rmtree(old)
    if target.exists():
        target.replace(old)
    shutil.move(made, target)
    if old.exists():
        shutil.rmtree(old)
    return target
