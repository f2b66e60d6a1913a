from __future__ import annotations

from pathlib import Path

import pytest

from tokalign.report.fingerprint import chapter_key, project_fingerprint


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "package"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "module.py").write_text("x = 1\n")
    return folder


def test_the_fingerprint_is_the_same_for_the_same_files(book: Path, package: Path) -> None:
    assert project_fingerprint(book, package) == project_fingerprint(book, package)


def test_a_change_of_the_package_changes_it(book: Path, package: Path) -> None:
    before = project_fingerprint(book, package)
    (package / "inner" / "module.py").write_text("x = 2\n")
    assert project_fingerprint(book, package) != before


def test_a_change_of_the_data_changes_it(book: Path, package: Path) -> None:
    before = project_fingerprint(book, package)
    (book / "data" / "texts.txt").write_text("one\nthree\n")
    assert project_fingerprint(book, package) != before


def test_a_renamed_data_file_changes_it(book: Path, package: Path) -> None:
    before = project_fingerprint(book, package)
    (book / "data" / "texts.txt").rename(book / "data" / "other.txt")
    assert project_fingerprint(book, package) != before


def test_a_changed_version_changes_it(
    book: Path, package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = project_fingerprint(book, package)
    monkeypatch.setattr("tokalign.report.fingerprint._versions", lambda: ["torch==0"])
    assert project_fingerprint(book, package) != before


def test_what_python_leaves_behind_changes_nothing(book: Path, package: Path) -> None:
    before = project_fingerprint(book, package)
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "module.pyc").write_bytes(b"x")
    assert project_fingerprint(book, package) == before


def test_the_key_depends_on_notebook_parameters_and_project(book: Path) -> None:
    first, second = sorted((book / "chapters").glob("*.ipynb"))
    keys = [
        chapter_key(first, {}, "p"),
        chapter_key(second, {}, "p"),
        chapter_key(first, {"limit": 4}, "p"),
        chapter_key(first, {"limit": "4"}, "p"),
        chapter_key(first, {}, "q"),
    ]
    assert len(set(keys)) == len(keys)
    assert chapter_key(first, {"a": 1, "b": 2}, "p") == chapter_key(first, {"b": 2, "a": 1}, "p")


def test_the_key_sees_into_a_file_that_a_parameter_names(book: Path) -> None:
    notebook, texts = book / "chapters" / "01_first.ipynb", book / "data" / "texts.txt"
    before = chapter_key(notebook, {"dataset": str(texts)}, "p")
    texts.write_text("changed\n")
    assert chapter_key(notebook, {"dataset": str(texts)}, "p") != before


def test_the_key_sees_the_users_entry_and_the_folder_behind_it(
    book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = next((book / "chapters").glob("*.ipynb"))
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text("{}")
    registry = tmp_path / "embedders.yaml"
    monkeypatch.setenv("TOKALIGN_EMBEDDERS", str(registry))

    def key(name: str) -> str:
        return chapter_key(notebook, {"embedders": name}, "p")

    registry.write_text(f"mine: {{checkpoint: {model}, pooling: last}}\n")
    first, others = key("mine"), key("other")
    (model / "config.json").write_text("{ }")
    second = key("mine")
    registry.write_text(f"mine: {{checkpoint: {model}, pooling: mean}}\n")
    third = key("mine")
    assert len({first, second, third}) == 3
    assert key("other") == others
    registry.write_text("mine: [")
    assert key("other") == others


def test_a_parameter_that_no_path_can_be_changes_nothing(book: Path) -> None:
    notebook = next((book / "chapters").glob("*.ipynb"))
    for value in ("/" + "x" * 5000, "/a\0b"):
        assert len(chapter_key(notebook, {"example": value}, "p")) == 64
