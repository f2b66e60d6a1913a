"""The libraries of the extra `retrieval`, imported when they are first needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from tokalign.errors import TokalignError


def library(name: str) -> Any:
    """Import a library of the extra.

    Raises:
        TokalignError: It is not installed.

    >>> library("no_such_library")
    Traceback (most recent call last):
    tokalign.errors.TokalignError: no_such_library is not installed; install the extra: ...
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise TokalignError(
            f"{name} is not installed; install the extra: pip install 'tokalign[retrieval]'"
        ) from error
