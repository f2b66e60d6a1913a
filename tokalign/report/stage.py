"""Lay out a source tree for the renderer: the book's pages with executed chapters in place.

A run of some chapters gets a table of contents with those only. Does NOT render (see `render`),
and never touches the project's own files.
"""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tokalign.report.execute import Executed
from tokalign.report.project import list_chapters, read_toc, toc_pages

_FOLDERS = ("_static", "_vendor")
_FILES = ("references.bib",)


def limit_toc(toc: Mapping[str, Any], dropped: set[str]) -> dict[str, Any]:
    """Take pages out of a table of contents, and the parts that are empty then.

    >>> limit_toc({"root": "intro", "parts": [{"caption": "A", "chapters": [{"file": "a"}]},
    ...     {"caption": "B", "chapters": [{"file": "b"}]}]}, {"b"})
    {'root': 'intro', 'parts': [{'caption': 'A', 'chapters': [{'file': 'a'}]}]}
    """
    result: dict[str, Any] = {}
    for key, value in toc.items():
        if key not in ("parts", "chapters", "sections"):
            result[key] = value
            continue
        inner = [limit_toc(item, dropped) for item in value or ()]
        kept = [item for item in inner if _has_page(item, dropped)]
        if kept:
            result[key] = kept
    return result


def _has_page(item: Mapping[str, Any], dropped: set[str]) -> bool:
    if "file" in item:
        return re.sub(r"\.(ipynb|md)$", "", str(item["file"])) not in dropped
    return any(key in item for key in ("parts", "chapters", "sections", "url"))


def stage(
    project: Path, executed: Sequence[Executed], source: Path, announcement: str = ""
) -> set[str]:
    """Write the source tree.

    Args:
        project: The folder with the book's sources.
        executed: The chapters to show.
        source: The folder to write; what was in it is removed.
        announcement: A line of plain text shown on top of every page.

    Returns:
        The chapters' pages that were left out, as the table of contents names them.
    """
    if source.exists():
        shutil.rmtree(source)
    source.mkdir(parents=True)
    kept = {item.chapter.page for item in executed}
    dropped = {chapter.page for chapter in list_chapters(project)} - kept
    toc = limit_toc(read_toc(project), dropped)
    _write_yaml(source / "_toc.yml", toc)
    _write_yaml(source / "_config.yml", _config(project, announcement))
    for item in executed:
        _copy(item.notebook, source / f"{item.chapter.page}.ipynb")
    for page in toc_pages(toc):
        for suffix in (".md", ".rst"):
            if page not in kept and (project / f"{page}{suffix}").is_file():
                _copy(project / f"{page}{suffix}", source / f"{page}{suffix}")
    for name in _FOLDERS:
        if (project / name).is_dir():
            shutil.copytree(project / name, source / name)
    for name in _FILES:
        if (project / name).is_file():
            _copy(project / name, source / name)
    if (project / "data").is_dir():
        # For downloads only; a link, since the models in it are large.
        (source / "data").symlink_to((project / "data").resolve(), target_is_directory=True)
    return dropped


def describe(executed: Sequence[Executed]) -> str:
    """Say which parameters a run was made with; empty for a run with the defaults.

    The line goes on top of each page, so that nobody takes such a page for the published one.
    """
    given: dict[str, object] = {}
    for item in executed:
        given.update(item.parameters)
    if not given:
        return ""
    values = ", ".join(f"{name} = {value}" for name, value in given.items())
    return f"A run with parameters of its own: {values}."


def _config(project: Path, announcement: str) -> dict[str, Any]:
    config = yaml.safe_load((project / "_config.yml").read_text(encoding="utf8")) or {}
    if announcement:
        config.setdefault("html", {})["announcement"] = html.escape(announcement)
    # YAML reads a bare off as False, and execution here would be a second one.
    config.setdefault("execute", {})["execute_notebooks"] = "off"
    config["only_build_toc_files"] = True
    return dict(config)


def _write_yaml(path: Path, content: Mapping[str, Any]) -> None:
    text = yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True)
    path.write_text(text, encoding="utf8")


def _copy(origin: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(origin, target)
