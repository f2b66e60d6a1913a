"""Tokens that the paper's own figures show, quoted for comparison; nothing here is measured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from tokalign.errors import TokalignError
from tokalign.paths import book_data


@dataclass(frozen=True)
class PublishedTokens:
    """One text of the paper and what it says that models decode it to.

    Attributes:
        text: The text.
        tokens: Name in the registry -> its aligned tokens, best first.
        source: Where in the paper.
    """

    text: str
    tokens: dict[str, tuple[str, ...]]
    source: str


def published_tokens(path: Path | None = None) -> PublishedTokens:
    """Read the quoted tokens.

    Args:
        path: The file; ``data/published_tokens.yml`` of the book where it is None.

    Raises:
        TokalignError: The file is missing or not of that form.

    >>> published_tokens().tokens["gritlm"][1]
    ' Xbox'
    """
    path = path or book_data("published_tokens.yml")
    try:
        said = yaml.safe_load(path.read_text("utf-8"))
        tokens = {
            str(name): tuple(_token(token) for token in row) for name, row in said["tokens"].items()
        }
        return PublishedTokens(str(said["text"]), tokens, str(said["source"]))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise TokalignError(
            f"{path} cannot be read as YAML: {str(error).splitlines()[0]}"
        ) from error
    except (KeyError, TypeError, AttributeError) as error:
        raise TokalignError(f"{path} must hold source, text and tokens (name: list)") from error


def _token(written: str) -> str:
    if written.startswith("_"):
        return " " + written[1:]
    return "\n" if written == r"\n" else written
