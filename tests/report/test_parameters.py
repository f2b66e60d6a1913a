from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokalign.errors import TokalignError, unknown
from tokalign.report.parameters import check_parameters, convert, parse_parameters, read_parameters

TWO = {
    "01_first": {"embedders": "a,b", "limit": 200, "rate": 0.5, "dataset": "sentences"},
    "02_second": {"limit": 5, "shift": -1.5, "embedder": "a", "seed": 0},
}


def known(name: str) -> None:
    if name not in ("a", "b", "mini-opt"):
        raise unknown("embedder", name, ["a", "b", "mini-opt"])


def test_each_chapter_takes_what_it_knows() -> None:
    assert check_parameters(TWO, {"limit": "40", "shift": "2"}) == {
        "01_first": {"limit": 40},
        "02_second": {"limit": 40, "shift": 2.0},
    }


def test_a_value_that_equals_the_default_is_left_out() -> None:
    assert check_parameters(TWO, {"limit": 5}) == {"01_first": {"limit": 5}, "02_second": {}}


def test_an_unknown_parameter_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(TokalignError, match=r"unknown parameter 'limits': did you mean limit\?"):
        check_parameters(TWO, {"limits": 3})


def test_a_parameter_that_only_another_chapter_knows_is_unknown() -> None:
    with pytest.raises(TokalignError, match="unknown parameter 'shift'"):
        check_parameters({"01_first": TWO["01_first"]}, {"shift": 1})


@pytest.mark.parametrize(
    ("given_parameters", "message"),
    [
        ({"limit": "forty"}, "'limit' must be a whole number, got 'forty'"),
        ({"limit": "4.0"}, "must be a whole number"),
        ({"limit": True}, "must be a whole number"),
        ({"limit": None}, "must be a whole number"),
        ({"limit": 0}, "'limit' must be at least 1, got 0"),
        ({"limit": "-3"}, "must be at least 1"),
        ({"seed": -1}, "'seed' must be at least 0"),
        ({"rate": "nan"}, "must be a finite number"),
        ({"rate": "fast"}, "must be a finite number"),
        ({"dataset": 7}, "must be a string"),
        ({"embedders": ""}, "names separated by commas"),
        ({"embedders": "a,,b"}, "names separated by commas"),
        ({"embedders": "a, b, a"}, "names a more than once"),
        ({"embedders": "a,mini-op"}, r"unknown embedder 'mini-op': did you mean mini-opt\?"),
        ({"embedder": "c"}, "unknown embedder 'c'"),
    ],
)
def test_a_wrong_value_is_refused_in_one_line(
    given_parameters: dict[str, object], message: str
) -> None:
    with pytest.raises(TokalignError, match=message) as caught:
        check_parameters(TWO, given_parameters, check_embedders=known)
    assert "\n" not in str(caught.value)


def test_data_sets_are_checked_by_the_function_that_knows_them() -> None:
    seen: list[str] = []
    check_parameters(TWO, {"dataset": "stsb"}, check_dataset=seen.append)
    assert seen == ["stsb"]


@pytest.mark.parametrize(
    ("value", "default", "result"),
    [
        ("12", None, 12),
        ("none", None, None),
        ("wiki", None, "wiki"),
        (3, None, 3),
        ("FALSE", True, False),
        ("[1, 2]", [0], [1, 2]),
        ("3", 0.5, 3.0),
    ],
)
def test_strings_are_read_as_the_type_of_the_default(
    value: object, default: object, result: object
) -> None:
    found = convert("p", value, default)
    assert found == result
    assert type(found) is type(result)


@given(st.one_of(st.integers(), st.booleans(), st.floats(allow_nan=False, allow_infinity=False)))
def test_a_number_survives_the_way_through_the_command_line(
    value: int | bool | float,
) -> None:
    assert convert("p", str(value), value) == value


@given(st.text())
def test_a_string_parameter_takes_any_string_as_it_is(value: str) -> None:
    assert convert("p", value, "default") == value


def test_parameters_are_read_without_running_the_cell(book: Path) -> None:
    assert read_parameters(book / "chapters" / "01_first.ipynb") == {
        "embedders": "a,b",
        "limit": 200,
        "rate": 0.5,
    }


def test_a_default_that_is_computed_is_refused() -> None:
    with pytest.raises(TokalignError, match=r"the default of 'k' is len\(x\)"):
        parse_parameters("x = 'ab'\nk = len(x)")
