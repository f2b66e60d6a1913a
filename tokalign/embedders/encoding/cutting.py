"""Cut long texts by whole words, as LLM2Vec does before it reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def cut_words(tokenizer: Any, texts: Sequence[str], most: int, counted: int) -> list[str]:
    """Shorten each text that is longer than `most` tokens when it is read alone.

    The share of words that is too many is dropped at the end and the rest counted anew, until it
    fits. A text that fits stays as it is; of one that does not, the words stay, with one blank
    between them. A single word that is too long leaves nothing, as in LLM2Vec.

    Args:
        tokenizer: A fast tokenizer of transformers.
        texts: The texts.
        most: Most tokens of a text alone, special tokens left out.
        counted: Tokens are counted no further than this, so that of a very long text more words
            stay in the first round; the number decides which words are left in the end.

    Returns:
        The texts in the same order.

    Source: ``LLM2Vec.encode`` of the package llm2vec 0.2.3, by what it does to texts
    (`data/models/references`).

    >>> class Words:
    ...     def __call__(self, texts, **_):
    ...         return {"input_ids": [text.split() for text in texts]}
    >>> cut_words(Words(), ["one two  three", "one  two"], most=2, counted=9)
    ['one two', 'one  two']
    """

    def lengths(some: Sequence[str]) -> list[int]:
        encoded = tokenizer(list(some), add_special_tokens=False, verbose=False)["input_ids"]
        return [min(len(ids), counted) for ids in encoded]

    cut = list(texts)
    for number, length in enumerate(lengths(texts) if texts else []):
        words = cut[number].split()
        while length > most:
            words = words[: int(len(words) * (most / length))]
            cut[number] = " ".join(words)
            [length] = lengths([cut[number]])
    return cut
