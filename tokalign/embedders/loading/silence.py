"""Keep what the model libraries remark on while they load to themselves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from transformers.utils import logging as transformers_logging

from tokalign.embedders.loading.quantisation import quiet


@contextmanager
def silent() -> Iterator[None]:
    """No bars and no reports of transformers, and no remarks of what it imports, inside.

    Our own bars tell of long work; a second one for each file would only be noise. So would the
    report of unused tensors: what matters in it is an error here. And where it is installed,
    torchao is imported in the course of it, with remarks of its own.
    """
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    verbosity = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        with quiet():
            yield
    finally:
        transformers_logging.set_verbosity(verbosity)
