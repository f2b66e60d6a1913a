"""The parameters of a chapter: read from its `parameters` cell, checked before anything runs.

papermill itself lets an unknown parameter pass and finds a wrong type only in the middle of a
run, so both are caught here. Does NOT know what a chapter does with its parameters: only types,
the names of embedders and data sets, and lower limits are checked.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from pathlib import Path

from tokalign.errors import TokalignError, unknown
from tokalign.report.notebook import read_notebook, tagged

Check = Callable[[str], None]

# The least that a parameter of this name may be, in any chapter.
AT_LEAST: Mapping[str, int] = {"limit": 1, "k": 1, "seed": 0}
_WORDS = {"true": True, "false": False}


def read_parameters(notebook: Path) -> dict[str, object]:
    """Read a chapter's parameters and their defaults.

    Args:
        notebook: The chapter's file.

    Returns:
        Name -> default, in the order of the cell tagged `parameters`; empty without such a cell.

    Raises:
        TokalignError: A default is not a plain value (number, string, True, False, None, or a
            list, tuple or dict of these).
    """
    cell = tagged(read_notebook(notebook), "parameters")
    return {} if cell is None else parse_parameters(cell.source, notebook.name)


def parse_parameters(source: str, where: str = "the parameters cell") -> dict[str, object]:
    """Read the assignments of a parameters cell without running it.

    >>> parse_parameters('embedders = "a,b"  # names\\nlimit: int | None = None\\nshift = -0.5')
    {'embedders': 'a,b', 'limit': None, 'shift': -0.5}
    """
    found: dict[str, object] = {}
    for line in ast.parse(source).body:
        if isinstance(line, ast.Assign) and len(line.targets) == 1:
            target, value = line.targets[0], line.value
        elif isinstance(line, ast.AnnAssign) and line.value is not None:
            target, value = line.target, line.value
        else:
            continue
        if not isinstance(target, ast.Name):
            continue
        try:
            found[target.id] = ast.literal_eval(value)
        except ValueError:
            raise TokalignError(
                f"{where}: the default of {target.id!r} is {ast.unparse(value)}, "
                "but a parameter's default must be a plain value"
            ) from None
    return found


def check_parameters(
    chapters: Mapping[str, Mapping[str, object]],
    given: Mapping[str, object],
    check_embedders: Check | None = None,
    check_dataset: Check | None = None,
) -> dict[str, dict[str, object]]:
    """Check given parameters against the chapters that they are for.

    Where several chapters are chosen, each takes the parameters that it knows; a parameter that
    none of them knows is an error. A value that equals the chapter's default is left out, so the
    same run has the same key however it was asked for.

    Args:
        chapters: Chapter name -> its parameters with their defaults (`read_parameters`).
        given: Name -> value, a string from the command line or a value of the right type.
        check_embedders: Called with each single name in `embedders` (and with the value of
            `embedder`); raises TokalignError for a name that it does not know.
        check_dataset: The same for `dataset`.

    Returns:
        Chapter name -> the values that differ from its defaults, of the default's type.

    Raises:
        TokalignError: Unknown parameter, wrong type, too small, or an unknown embedder.

    >>> one = {"01_universality": {"embedders": "a", "limit": 200, "k": 10}}
    >>> check_parameters(one, {"limit": "40", "k": "10"})
    {'01_universality': {'limit': 40}}
    >>> check_parameters(one, {"limt": "40"})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    tokalign.errors.TokalignError: unknown parameter 'limt': did you mean limit? Known: ...
    """
    every = {name for defaults in chapters.values() for name in defaults}
    result: dict[str, dict[str, object]] = {name: {} for name in chapters}
    for name, value in given.items():
        if name not in every:
            raise unknown("parameter", name, every)
        for chapter, defaults in chapters.items():
            if name not in defaults:
                continue
            typed = convert(name, value, defaults[name])
            if typed != defaults[name]:
                result[chapter][name] = typed
        _check_value(name, typed, check_embedders, check_dataset)
    return result


def convert(name: str, value: object, default: object) -> object:
    """Bring a given value to the type of the parameter's default.

    A default of None takes any plain value; a string is then read as a number, True, False or
    None where it looks like one.

    Raises:
        TokalignError: The value is not of that type.

    >>> convert("limit", "40", 200), convert("rate", 2, 0.5), convert("fresh", "true", False)
    (40, 2.0, True)
    >>> convert("limit", "forty", 200)
    Traceback (most recent call last):
    tokalign.errors.TokalignError: parameter 'limit' must be a whole number, got 'forty'
    """
    if default is None:
        return _plain(value) if isinstance(value, str) else value
    wanted: str
    typed: object
    if isinstance(default, str):
        wanted, typed = "a string", value if isinstance(value, str) else None
    elif isinstance(default, bool):
        wanted, typed = "true or false", _as_bool(value)
    elif isinstance(default, int):
        wanted, typed = "a whole number", _as_int(value)
    elif isinstance(default, float):
        wanted, typed = "a finite number", _as_float(value)
    else:
        plain = _plain(value) if isinstance(value, str) else value
        wanted = f"a Python {type(default).__name__}, such as {default!r}"
        typed = plain if isinstance(plain, type(default)) else None
    if typed is None:
        raise TokalignError(f"parameter {name!r} must be {wanted}, got {value!r}")
    return typed


def _as_bool(value: object) -> bool | None:
    if isinstance(value, str):
        return _WORDS.get(value.strip().lower())
    return value if isinstance(value, bool) else None


def _as_int(value: object) -> int | None:
    try:
        number = int(value) if isinstance(value, str) else value
    except ValueError:
        return None
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _as_float(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _plain(text: str) -> object:
    word = text.strip()
    if word.lower() in _WORDS:
        return _WORDS[word.lower()]
    if word.lower() == "none":
        return None
    try:
        return ast.literal_eval(word)
    except (ValueError, SyntaxError):
        return text


def _check_value(
    name: str, value: object, check_embedders: Check | None, check_dataset: Check | None
) -> None:
    least = AT_LEAST.get(name)
    if least is not None and isinstance(value, int | float) and value < least:
        raise TokalignError(f"parameter {name!r} must be at least {least}, got {value}")
    if name == "embedders" and isinstance(value, str):
        names = [part.strip() for part in value.split(",")]
        if not all(names):
            raise TokalignError(
                f"parameter 'embedders' must be names separated by commas, got {value!r}"
            )
        twice = sorted({part for part in names if names.count(part) > 1})
        if twice:
            raise TokalignError(f"parameter 'embedders' names {', '.join(twice)} more than once")
        for part in names if check_embedders else ():
            assert check_embedders is not None
            check_embedders(part)
    if name == "embedder" and isinstance(value, str) and check_embedders is not None:
        check_embedders(value.strip())
    if name == "dataset" and isinstance(value, str) and check_dataset is not None:
        check_dataset(value.strip())
