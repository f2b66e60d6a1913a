"""Write entries into the user's registry file, by hand as it were: the rest of it stays as it is.

An entry is added as text at the end, so comments, order and spelling of all others are kept. The
file appears whole or not at all, and of two that add at the same time one waits for the other.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock, Timeout

from tokalign.embedders.recipes.recipe import Recipe
from tokalign.embedders.recipes.registry import package_entries, read_entries
from tokalign.errors import TokalignError

#: Seconds that one waits for another to finish writing.
_PATIENCE = 30.0


def entry_fields(recipe: Recipe) -> dict[str, Any]:
    """The fields of an entry as they stand in a registry file: what differs from the defaults.

    >>> entry_fields(Recipe(name="x", checkpoint="c", readout="mlm", pooling="cls",
    ...     attention="bidirectional", max_length=9, prompts={"query": {"template": "q: {text}"}}))
    {'checkpoint': 'c', 'readout': 'mlm', 'pooling': 'cls', 'attention': 'bidirectional', \
'prompts': {'query': {'template': 'q: {text}'}}, 'max_length': 9}
    """
    return recipe.model_dump(mode="json", exclude={"name"}, exclude_defaults=True)


def entry_text(recipe: Recipe) -> str:
    """An entry as YAML, ready to stand in a registry file."""
    entry = {recipe.name: entry_fields(recipe)}
    text: str = yaml.dump(entry, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=88)
    return text


class _Dumper(yaml.SafeDumper):
    """Writes a text of several lines, such as a prompt, in one: with its line ends as signs."""


def _string(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _string)


def check_free(name: str, path: Path, *, replace: bool = False) -> None:
    """Refuse a name that is taken.

    Args:
        name: Of an entry to be written.
        path: The user's file.
        replace: Whether an entry of that name in the user's file may be replaced.

    Raises:
        TokalignError: It is a name of the package, or of the user's file and not to be replaced.
    """
    _refuse_taken(name, read_entries(_read(path), str(path)), path, replace)


def write_entry(recipe: Recipe, path: Path, *, replace: bool = False) -> None:
    """Write an entry into the user's file, made where it does not exist.

    Args:
        recipe: The entry.
        path: The user's file.
        replace: Whether an entry of that name may be replaced, in its place.

    Raises:
        TokalignError: The name is taken, or the file is written in a way that text cannot be
            added to (one mapping in braces, say).
        OSError: It cannot be written; it is left as it was.
    """
    # A link stays a link: what it leads to is replaced.
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(path.with_name(f".{path.name}.lock"), timeout=_PATIENCE):
            before = _read(path)
            entries = read_entries(before, str(path))
            _refuse_taken(recipe.name, entries, path, replace)
            text = _with_entry(before, recipe, present=recipe.name in entries)
            _check_result(text, {**entries, recipe.name: recipe}, path)
            _replace_file(path, text)
    except Timeout as error:
        raise TokalignError(
            f"{path} is being written by another program for more than {_PATIENCE:.0f} seconds"
        ) from error


def _refuse_taken(name: str, entries: dict[str, Recipe], path: Path, replace: bool) -> None:
    if name in package_entries():
        raise TokalignError(f"{name!r} is a name of the package; --name gives another")
    if name in entries and not replace:
        raise TokalignError(
            f"{name!r} stands in {path} already; --replace replaces it, --name gives another name"
        )


def _read(path: Path) -> str:
    """The text of the user's file with its own line ends; empty where there is none."""
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise TokalignError(f"{path} cannot be read as UTF-8 text: {error}") from error


def _with_entry(text: str, recipe: Recipe, *, present: bool) -> str:
    """The file's text with the entry in it: at the end, or in the place of the one it replaces."""
    newline = "\r\n" if "\r\n" in text else "\n"
    entry = entry_text(recipe).replace("\n", newline)
    if not present:
        gap = "" if not text or text.endswith("\n\n") else newline
        end = "" if not text or text.endswith("\n") else newline
        return text + end + gap + entry
    start, stop = _lines_of(text, recipe.name)
    lines = text.splitlines(keepends=True)
    return "".join([*lines[:start], entry, *lines[stop:]])


def _lines_of(text: str, name: str) -> tuple[int, int]:
    """First and one past the last line of an entry; what follows it at the margin stays out."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    assert isinstance(node, yaml.MappingNode)  # read_entries has taken it
    starts = [(str(key.value), key.start_mark.line) for key, _ in node.value]
    place = next(i for i, (key, _) in enumerate(starts) if key == name)
    start = starts[place][1]
    lines = text.splitlines()
    stop = starts[place + 1][1] if place + 1 < len(starts) else len(lines)
    while stop > start + 1 and (not lines[stop - 1].strip() or lines[stop - 1].startswith("#")):
        stop -= 1
    return start, stop


def _check_result(text: str, expected: dict[str, Recipe], path: Path) -> None:
    """Refuse to write what would not read as the old entries and the new one."""
    try:
        found = read_entries(text, str(path))
    except TokalignError:
        found = {}
    if found != expected:
        raise TokalignError(
            f"{path} is written in a way that an entry cannot be added to as text; allowed: "
            "each entry's name at the margin, its fields indented below"
        )


def _replace_file(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, temporary)
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
