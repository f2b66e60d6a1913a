"""The tokenizer that the miniatures share: byte-level BPE, trained on the corpus.

Every text has a token sequence, and decoding it gives the text back, led by one space. Only the
special token in front of a text differs between the architectures, as it does between the models
that they stand for. Does not split digits and does not normalise.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from tokalign.errors import TokalignError

ENTRIES = 8192
PAD, START, END = "<pad>", "<s>", "</s>"
#: Ids of the special tokens, which come first.
PAD_ID, START_ID, END_ID = 0, 1, 2


def train_tokenizer(texts: Iterable[str], entries: int = ENTRIES) -> Tokenizer:
    """Train a byte-level BPE tokenizer.

    Args:
        texts: Training texts.
        entries: Size of the vocabulary, special tokens and the 256 bytes included.

    Returns:
        The tokenizer, adding no special tokens.

    Raises:
        TokalignError: The texts hold too few different pieces for so many entries.

    >>> made = train_tokenizer(["a band, a band, the band"] * 9, entries=264)
    >>> made.encode("a band").tokens
    ['Ġa', 'Ġband']
    """
    tokenizer = Tokenizer(models.BPE())
    # The space is put in front, so that a word has one token wherever it stands.
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=entries,
            special_tokens=[PAD, START, END],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    if tokenizer.get_vocab_size() != entries:
        raise TokalignError(
            f"the texts give {tokenizer.get_vocab_size()} entries, not {entries}: give more text"
        )
    return tokenizer


def load_tokenizer(path: Path) -> Tokenizer:
    """Read a tokenizer that `train_tokenizer` made and that was saved.

    Raises:
        TokalignError: There is none, or its special tokens are not where they should be.
    """
    if not path.is_file():
        raise TokalignError(f"no such file: {path}; `python -m tokalign.train tokenizer` makes it")
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises bare Exception on a malformed file
        raise TokalignError(f"{path} is no tokenizer: {str(error).splitlines()[0]}") from error
    if [tokenizer.token_to_id(t) for t in (PAD, START, END)] != [PAD_ID, START_ID, END_ID]:
        raise TokalignError(f"{path}: the first entries must be {PAD}, {START}, {END}")
    return tokenizer


def fast_tokenizer(tokenizer: Tokenizer, prefix: str | None, longest: int) -> Any:
    """The tokenizer of one architecture, in the form of transformers.

    Args:
        tokenizer: The shared one.
        prefix: The special token in front of every text, or None.
        longest: Most tokens that the model reads.

    Returns:
        A fast tokenizer that loads from where it is saved as exactly what it is.
    """
    own = Tokenizer.from_str(tokenizer.to_str())
    if prefix is not None:
        own.post_processor = processors.TemplateProcessing(
            single=f"{prefix} $A", special_tokens=[(prefix, own.token_to_id(prefix))]
        )
    # No class of an architecture: transformers would rebuild its pipeline from that class.
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=own,
        bos_token=prefix or END,
        eos_token=END,
        pad_token=PAD,
        padding_side="right",
        model_max_length=longest,
        model_input_names=["input_ids", "attention_mask"],
        clean_up_tokenization_spaces=False,
    )


def save_tokenizer(tokenizer: Any, folder: Path) -> None:
    """Write what `fast_tokenizer` gave, so that older releases of transformers load it too.

    Args:
        tokenizer: The tokenizer.
        folder: Where its files are written; it exists.
    """
    tokenizer.save_pretrained(folder)
    path = folder / "tokenizer_config.json"
    # The same class, under the name that it has had for longest.
    told = json.loads(path.read_text("utf-8")) | {"tokenizer_class": "PreTrainedTokenizerFast"}
    path.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", "utf-8")
