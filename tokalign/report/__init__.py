"""Parameters -> papermill -> rendered book.

`run_chapters` and `build_book` do the whole way; the other modules are its steps. The ledger is
imported from `tokalign.report.ledger`: it needs the model libraries, which take seconds to load.
"""

from __future__ import annotations

from tokalign.report.execute import ChapterFailed, Executed
from tokalign.report.project import Chapter, choose_chapters, find_project, list_chapters
from tokalign.report.render import RenderFailed
from tokalign.report.run import RunResult, build_book, run_chapters

__all__ = [
    "Chapter",
    "ChapterFailed",
    "Executed",
    "RenderFailed",
    "RunResult",
    "build_book",
    "choose_chapters",
    "find_project",
    "list_chapters",
    "run_chapters",
]
