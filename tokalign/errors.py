"""Errors that a user can cause and mend.

Every error of this kind is one line: what was wrong, and what is allowed. The command line turns
it into exit code 2; anything else that is raised is a bug and keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

#: Names that are listed beside a suggestion; more would hide it.
LISTED = 30


class TokalignError(Exception):
    """Bad input: the message says what was wrong and what is allowed, in one line."""


def unknown(kind: str, name: str, allowed: Iterable[str], besides: str = "") -> TokalignError:
    """Make the error for an unknown name, with the nearest known names suggested.

    Args:
        kind: What the name should have been, such as ``"embedder"``.
        name: The name as it was given.
        allowed: Every name that would have been understood.
        besides: What would have been understood that is no name, such as ``"a folder"``.

    Returns:
        The error, to be raised by the caller.

    >>> print(unknown("pooling", "mena", ["mean", "last", "cls"]))
    unknown pooling 'mena': did you mean mean? Known: cls, last, mean
    """
    known = sorted(allowed)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    rest = f"; or {besides}" if besides else ""
    if near:
        listed = (
            f" Known: {', '.join(known)}" if len(known) <= LISTED else f" {len(known)} are known"
        )
        hint = f": did you mean {' or '.join(near)}?{listed}"
    else:
        hint = f"; known: {', '.join(known) or 'none'}"
    return TokalignError(f"unknown {kind} {name!r}{hint}{rest}")
