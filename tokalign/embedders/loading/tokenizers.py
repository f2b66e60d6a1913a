"""A checkpoint's tokenizer: fast, stray inputs settled, and reading as its file says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from transformers import AutoTokenizer

from tokalign.errors import TokalignError

_FILES = ("tokenizer.json", "tokenizer_config.json", "tokenizer.model", "vocab.txt")


def load_tokenizer(folders: Sequence[Path], *, trust: bool = False) -> Any:
    """The tokenizer of the first folder that has one.

    Args:
        folders: Where to look, in turn: an adapter's folder, then its base's.
        trust: Whether code that the folder brings may be run.

    Raises:
        TokalignError: There is none, it is malformed, or not fast.
    """
    home = next((f for f in folders if any((f / n).is_file() for n in _FILES)), None)
    if home is None:
        raise TokalignError(f"{folders[-1]} holds no tokenizer; allowed: {', '.join(_FILES)}")
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            home,
            local_files_only=True,
            trust_remote_code=trust,
            # GPT-Neo adds whatever token_type_ids it is given to its input, without an error.
            model_input_names=["input_ids", "attention_mask"],
        )
        if tokenizer.is_fast:
            _keep_prepending(tokenizer, home / "tokenizer.json")
    except Exception as error:  # tokenizers raises bare Exception on a malformed file
        raise TokalignError(
            f"the tokenizer of {home} cannot be loaded: {str(error).splitlines()[0]}"
        ) from error
    if not tokenizer.is_fast:
        raise TokalignError(f"{home} has no fast tokenizer (tokenizer.json), which is needed")
    return tokenizer


def _keep_prepending(tokenizer: Any, file: Path) -> None:
    """Give back what LLaMA's file says of blanks, which transformers 5 puts something else for.

    The file puts a blank before any text; the class puts one only where there is none, so a text
    that begins with a blank would lose a token.
    """
    if not file.is_file():
        return
    written = Tokenizer.from_file(str(file))
    here = tokenizer.backend_tokenizer
    if "Prepend(" in repr(written.normalizer) and "Prepend(" not in repr(here.normalizer):
        here.normalizer = written.normalizer
        here.pre_tokenizer = written.pre_tokenizer
        here.decoder = written.decoder
