"""Cells of exercises, and chapters made of them."""

from __future__ import annotations

from typing import Any

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

CHECK = "assert x == 2, 'x is not one and one'"


def cells(name: str, starter: str = "x = ...", wrong: str = "x = 1", solution: str = "x = 1 + 1",
          check: str = CHECK) -> list[Any]:  # fmt: skip
    fields = {"exercise": name, "starter": starter, "wrong": wrong, "why_wrong": "It is one only."}
    tags = ["solution", "hide-input"]
    return [
        new_markdown_cell(f"Task of {name}.", metadata={"tags": ["exercise"]}),
        new_code_cell(solution, metadata={"tags": tags, "tokalign": fields}),
        new_code_cell(check, metadata={"tags": ["check"]}),
    ]


def chapter(*groups: list[Any]) -> Any:
    return new_notebook(cells=[cell for group in groups for cell in group])


def code(source: str, *tags: str) -> list[Any]:
    return [new_code_cell(source, metadata={"tags": list(tags)})]
