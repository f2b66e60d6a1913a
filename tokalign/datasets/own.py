"""Where the project's own data lie: in ``data/`` of the checkout, beside the package."""

from __future__ import annotations

from pathlib import Path

from tokalign.errors import TokalignError
from tokalign.paths import book_data

LICENCE = "CC BY 4.0"
#: The collection, as a name of `load_retrieval` and `load_texts`.
PASSAGES = "passages"


def own_data(name: str) -> Path:
    """The file or folder of one of the project's own data sets.

    Args:
        name: Of the file or folder in ``data/``; the data set's name with or without a suffix.

    Raises:
        TokalignError: It is missing, as in an installation without a checkout.

    >>> own_data("sentences.jsonl").name
    'sentences.jsonl'
    """
    path = book_data(name)
    if not path.exists():
        raise TokalignError(
            f"data set {path.stem!r} lies in data/ of the project's checkout, which is not beside "
            f"this installation ({path} is missing): install from a checkout with pip install -e ."
        )
    return path
