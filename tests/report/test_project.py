from __future__ import annotations

from pathlib import Path

import pytest

from tokalign.errors import TokalignError
from tokalign.report.project import choose_chapters, find_project, list_chapters


@pytest.mark.parametrize(
    "name",
    [
        "02_second_part",
        "second_part",
        "second-part",
        "Second_Part",
        "2",
        "02",
        "chapters/02_second_part.ipynb",
        "chapters/02_second_part",
    ],
)
def test_a_chapter_answers_to_each_of_its_names(book: Path, name: str) -> None:
    assert [chapter.name for chapter in choose_chapters(book, [name])] == ["02_second_part"]


def test_chapters_come_once_and_in_the_order_of_the_book(book: Path) -> None:
    chosen = choose_chapters(book, ["2", "first", "1"])
    assert [chapter.name for chapter in chosen] == ["01_first", "02_second_part"]
    assert choose_chapters(book, None) == choose_chapters(book, []) == list_chapters(book)


@pytest.mark.parametrize("name", ["3", "secnd_part", "intro", "chapters/03_third.ipynb", ""])
def test_an_unknown_chapter_is_refused_with_the_known_ones(book: Path, name: str) -> None:
    with pytest.raises(TokalignError, match=r"unknown chapter .* 01_first, 02_second_part"):
        choose_chapters(book, [name])


def test_a_project_is_found_from_a_folder_inside_it(book: Path) -> None:
    assert find_project(book / "chapters") == book.resolve()


def test_no_project_is_a_users_error(tmp_path: Path) -> None:
    with pytest.raises(TokalignError, match="no book found"):
        find_project(tmp_path)


def test_a_toc_without_a_root_is_refused(book: Path) -> None:
    (book / "_toc.yml").write_text("format: jb-book\n")
    with pytest.raises(TokalignError, match="names no root page"):
        list_chapters(book)
