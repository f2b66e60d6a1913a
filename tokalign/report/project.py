"""Where the book's sources are, and which chapters they hold.

A project is a folder with `_toc.yml` and `_config.yml`; its chapters are the notebooks named in
the table of contents. Does NOT read what is inside a chapter (see `parameters`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tokalign.errors import TokalignError, unknown

_NUMBER = re.compile(r"^0*(\d+)_")


@dataclass(frozen=True)
class Chapter:
    """One notebook of the book.

    Attributes:
        page: Its name in the table of contents, without a suffix: ``chapters/01_universality``.
        path: The notebook's file.
    """

    page: str
    path: Path

    @property
    def name(self) -> str:
        """The last part of the page's name, such as ``01_universality``."""
        return self.page.rsplit("/", 1)[-1]


def find_project(start: Path | None = None) -> Path:
    """Find the folder with the book's sources.

    Args:
        start: Look in this folder and its parents only. By default the checkout that the package
            is installed from is taken, and where there is none, the current folder or a parent.

    Returns:
        The folder, absolute.

    Raises:
        TokalignError: No folder with `_toc.yml` and `_config.yml` was found.

    >>> find_project(Path("/")) # doctest: +ELLIPSIS
    Traceback (most recent call last):
    tokalign.errors.TokalignError: no book found in / or above: ...
    """
    here = (start or Path.cwd()).resolve()
    candidates = [here, *here.parents]
    if start is None:
        candidates.insert(0, Path(__file__).resolve().parents[2])
    for folder in candidates:
        if (folder / "_toc.yml").is_file() and (folder / "_config.yml").is_file():
            return folder
    raise TokalignError(
        f"no book found in {here} or above: run inside a checkout of the project, "
        "which has _toc.yml and _config.yml at its top"
    )


def read_toc(project: Path) -> dict[str, Any]:
    """Read the table of contents (`_toc.yml`, format ``jb-book``).

    Raises:
        TokalignError: The file is not a table of contents.
    """
    toc = yaml.safe_load((project / "_toc.yml").read_text(encoding="utf8"))
    if not isinstance(toc, dict) or "root" not in toc:
        raise TokalignError(f"{project / '_toc.yml'} names no root page: a jb-book toc has `root:`")
    return toc


def toc_pages(entry: dict[str, Any]) -> Iterator[str]:
    """Give every page of a table of contents in reading order, the root first.

    >>> list(toc_pages({"root": "intro", "parts": [{"chapters": [{"file": "a.ipynb"}]}]}))
    ['intro', 'a']
    """
    for key in ("root", "file"):
        if key in entry:
            yield re.sub(r"\.(ipynb|md)$", "", str(entry[key]))
    for key in ("parts", "chapters", "sections"):
        for inner in entry.get(key) or ():
            yield from toc_pages(inner)


def list_chapters(project: Path) -> tuple[Chapter, ...]:
    """List the notebooks named in the table of contents, in reading order."""
    pages = toc_pages(read_toc(project))
    found = (Chapter(page, project / f"{page}.ipynb") for page in pages)
    return tuple(chapter for chapter in found if chapter.path.is_file())


def choose_chapters(project: Path, names: Sequence[str] | None) -> tuple[Chapter, ...]:
    """Turn the names that a person gives into chapters.

    A chapter answers to its name (``01_universality``), the name without its number
    (``universality``), the number (``1`` or ``01``) and a path to its file.

    Args:
        project: The project's folder.
        names: The names as given; None or empty means every chapter.

    Returns:
        The chapters in the book's order, each once.

    Raises:
        TokalignError: A name stands for no chapter; the nearest names are suggested.
    """
    chapters = list_chapters(project)
    if not names:
        return chapters
    known: dict[str, Chapter] = {}
    for chapter in chapters:
        known[chapter.name] = chapter
        if match := _NUMBER.match(chapter.name):
            known.setdefault(match[1], chapter)
            known.setdefault(chapter.name[match.end() :], chapter)
    chosen = set()
    for name in names:
        plain = name.strip().replace("-", "_").lower()
        plain = plain.lstrip("0") or plain if plain.isdigit() else plain
        found = known.get(plain) or known.get(name) or _by_path(project, chapters, name)
        if found is None:
            raise unknown("chapter", name, [chapter.name for chapter in chapters])
        chosen.add(found)
    return tuple(chapter for chapter in chapters if chapter in chosen)


def _by_path(project: Path, chapters: Sequence[Chapter], name: str) -> Chapter | None:
    for base in (Path.cwd(), project):
        path = (base / name).resolve()
        for chapter in chapters:
            if path in (chapter.path.resolve(), chapter.path.resolve().with_suffix("")):
                return chapter
    return None
