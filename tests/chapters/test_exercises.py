"""The exercises of every finding: solved, they pass; unsolved or answered wrongly, they do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tokalign.report.exercise_checks import verify
from tokalign.report.exercises import exercises
from tokalign.report.notebook import read_notebook
from tokalign.report.project import find_project, list_chapters

FINDINGS = [c for c in list_chapters(find_project()) if c.name[0].isdigit()]
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("chapter", FINDINGS, ids=lambda chapter: chapter.name)
def test_every_exercise_tells_right_from_wrong(
    chapter, project: Path, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("TOKALIGN_STORE", str(tmp_path / "store"))
    notebook = read_notebook(chapter.path)
    assert len(exercises(notebook)) >= 3
    given = {"limit": 40, "embedders": "mini-sgpt-msmarco"}
    tried = verify(notebook, given, cwd=project)
    assert len(tried) == 3 * len(exercises(notebook))
    assert [one.problem for one in tried if one.problem] == []
