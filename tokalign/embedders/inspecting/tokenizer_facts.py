"""What the files of a tokenizer say of the end of a text and of the longest text.

Read off the files without building the tokenizer, which takes seconds for a large vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tokalign.embedders.files.json_files import read_object


def end_token(folders: Sequence[Path], said: dict[str, Any] | None = None) -> str | None:
    """The token that a tokenizer puts at the end of every text, as Qwen3-Embedding's does.

    Args:
        folders: Where a tokenizer may lie; the first that has one counts.
        said: Settings for the tokenizer from elsewhere, such as sentence-transformers' files.

    Returns:
        The token; None where a text ends with its own last token.
    """
    home = next((f for f in folders if _has_tokenizer(f)), None)
    if home is None:
        return None
    config = {**read_object(home / "tokenizer_config.json"), **(said or {})}
    if config.get("add_eos_token") is True:
        token = config.get("eos_token")
        return str(token["content"] if isinstance(token, dict) else token) if token else None
    return _last_of(read_object(home / "tokenizer.json").get("post_processor"))


def _has_tokenizer(folder: Path) -> bool:
    return any((folder / f"tokenizer{end}").is_file() for end in (".json", "_config.json"))


def _last_of(processor: Any) -> str | None:
    """What a post-processor puts behind a single text.

    >>> single = [{"Sequence": {"id": "A"}}, {"SpecialToken": {"id": "<end>", "type_id": 0}}]
    >>> _last_of({"type": "TemplateProcessing", "single": single})
    '<end>'
    """
    if not isinstance(processor, dict):
        return None
    for inner in reversed(processor.get("processors") or []):
        found = _last_of(inner)
        if found is not None:
            return found
    template = processor.get("single")
    if not isinstance(template, list) or not template or "SpecialToken" not in template[-1]:
        return None
    return str(template[-1]["SpecialToken"]["id"])


def longest_said(folder: Path) -> int | None:
    """The longest text that a tokenizer's files allow, in tokens; None where they do not say."""
    said = read_object(folder / "tokenizer_config.json").get("model_max_length")
    return said if isinstance(said, int) and said > 0 else None
