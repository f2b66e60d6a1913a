from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from tokalign.report.clean import clean_notebook, machine_paths, strip_paths

PATHS = [("/srv/book", ""), ("/home/ann", "~")]


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("/srv/book/data/a.txt", "data/a.txt"),
        ("in /srv/book.", "in ."),
        ("'/srv/book'", "''"),
        ("/srv/bookshop/a", "/srv/bookshop/a"),
        ("/mnt/srv/book/a", "/mnt/srv/book/a"),
        ("/tmp/ipykernel_31/4052.py:3: UserWarning", "cell:3: UserWarning"),
        ("/home/ann/x and /home/anna/x", "~/x and /home/anna/x"),
    ],
)
def test_only_whole_folders_are_replaced(text: str, result: str) -> None:
    assert strip_paths(text, PATHS) == result


def test_outputs_lose_paths_widgets_and_what_papermill_left() -> None:
    output = nbformat.v4.new_output
    cell = nbformat.v4.new_code_cell("x")
    cell.metadata = nbformat.from_dict({"tags": ["keep"], "papermill": {"duration": 1}})
    cell.outputs = [
        output("stream", name="stdout", text="/srv/book/data/a.txt"),
        output("display_data", {"text/html": "<i>/srv/book/x</i>", "image/png": "/srv/book/x"}),
        output("display_data", {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}}),
    ]
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"papermill": {}, "widgets": {}})
    clean_notebook(notebook, PATHS)
    assert cell.outputs[0].text == "data/a.txt"
    assert cell.outputs[1].data == {"text/html": "<i>x</i>", "image/png": "/srv/book/x"}
    assert len(cell.outputs) == 2
    assert cell.metadata == {"tags": ["keep"]}
    assert notebook.metadata == {}


def test_the_project_comes_before_the_home_that_holds_it() -> None:
    project = Path.home() / "some" / "book"
    text = strip_paths(f"{project}/data and {Path.home()}/x", machine_paths(project))
    assert text == "data and ~/x"


def test_of_a_file_that_a_parameter_names_its_own_name_is_published(tmp_path: Path) -> None:
    (tmp_path / "a model").mkdir()
    (tmp_path / "mine.txt").touch()
    given = {
        "embedders": f"all-minilm-l6-v2,{tmp_path / 'a model'}",
        "dataset": str(tmp_path / "mine.txt"),
        "limit": 3,
        "example": "/, /no/such/folder, a word",
    }
    paths = machine_paths(tmp_path / "book", given)
    text = f"{given['embedders']} {given['dataset']} {given['example']} 1/2"
    assert strip_paths(text, paths) == (
        "all-minilm-l6-v2,a model mine.txt /, /no/such/folder, a word 1/2"
    )
