"""The quoted tokens: one list of ten for each model of the paper, and files that are not right."""

from __future__ import annotations

from pathlib import Path

import pytest

from tokalign.datasets.published import published_tokens
from tokalign.errors import TokalignError


def test_each_of_the_paper_s_models_has_ten() -> None:
    found = published_tokens()
    assert {len(row) for row in found.tokens.values()} == {10}
    assert len(found.tokens) == 12
    assert found.tokens["gpt-neo"][:3] == (" and", ",", "\n")
    assert found.tokens["sgpt-nli"][:2] == (" 2003", "2003")
    assert found.text.endswith("Microsoft Windows in November 2003")
    assert "Table 2" in found.source


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "cannot be read"), ("a: [", "cannot be read"), ("a: b", "must hold source"),
     ("- a", "must hold source"), ("{source: a, text: b, tokens: [c]}", "must hold source")],
)  # fmt: skip
def test_a_wrong_file_is_told(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "tokens.yml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(TokalignError, match=message):
        published_tokens(path)
