"""Keep the names of a kernel and take them back: called inside the kernel (see `kernel`).

So one kernel can try several answers in turn, none of which sees what another one left. Undone are
new, changed and deleted names, and changes inside lists, dicts, sets, arrays and frames that a name
stands for. NOT undone is what lies deeper in an object, and the state of modules.
"""

from __future__ import annotations

import copy
import linecache
import sys
from collections.abc import MutableMapping
from typing import Any

import numpy as np
import pandas as pd

_CHANGEABLE = (list, dict, set, np.ndarray, pd.DataFrame, pd.Series)
#: IPython's own lists, which it goes on writing to.
_OWN = ("In", "Out")


class Names:
    """The names of a namespace at one moment.

    >>> space = {"texts": ["one"], "k": 3}
    >>> kept = Names(space)
    >>> space["texts"].append("two"); space["new"] = 1; del space["k"]
    >>> kept.restore(space); space
    {'texts': ['one'], 'k': 3}
    """

    def __init__(self, space: MutableMapping[str, Any]) -> None:
        self._kept = _copied(space)

    def restore(self, space: MutableMapping[str, Any]) -> None:
        """Bring the namespace back to that moment, as often as wanted."""
        for name in set(space) - set(self._kept):
            del space[name]
        space.update(_copied(self._kept))


def _copied(space: MutableMapping[str, Any]) -> dict[str, Any]:
    # Two names of one list stay names of one list.
    done: dict[int, Any] = {}
    for name, value in space.items():
        if type(value) in _CHANGEABLE and not name.startswith("_") and name not in _OWN:
            done.setdefault(id(value), copy.copy(value))
    return {name: done.get(id(value), value) for name, value in space.items()}


def raised_in() -> str:
    """The source of the cell, or file, in whose code the last uncaught exception was raised.

    Empty where there was none.
    """
    trace = getattr(sys, "last_traceback", None)
    if trace is None:
        return ""
    while trace.tb_next is not None:
        trace = trace.tb_next
    return "".join(linecache.getlines(trace.tb_frame.f_code.co_filename))
