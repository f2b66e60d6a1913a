"""Text -> token ids, with the place of the text's own tokens in the prompt.

A text that is longer than the model takes is cut at its own end: what the prompt puts after the
text, and the special tokens, stay. Texts are never repaired or normalised here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tokalign.embedders.encoding.cutting import cut_words
from tokalign.embedders.encoding.frame import Frame
from tokalign.embedders.recipes.recipe import Recipe
from tokalign.errors import TokalignError

_STRIP: dict[str, Callable[[str], str]] = {"none": str, "end": str.rstrip, "both": str.strip}


@dataclass(frozen=True)
class TokenisedTexts:
    """What the model reads for N texts.

    Attributes:
        ids: N arrays of token ids, int64, no padding.
        pool: ``(N, 2)`` int64, first and one past the last position that is pooled.
        truncated: ``(N,)`` bool, whether the text was cut.
    """

    ids: list[np.ndarray]
    pool: np.ndarray
    truncated: np.ndarray

    @property
    def lengths(self) -> np.ndarray:
        """Tokens read for each text, ``(N,)`` int64."""
        return np.array([len(i) for i in self.ids], dtype=np.int64)


def check_text(text: object, number: int) -> str:
    """Give back a text that a tokenizer can take.

    Raises:
        TokalignError: It is no string, or holds half of a surrogate pair.
    """
    if not isinstance(text, str):
        raise TokalignError(f"text {number} is a {type(text).__name__}; a string is needed")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise TokalignError(
            f"text {number} is not valid Unicode at character {error.start}; UTF-8 is needed"
        ) from error
    return text


def tokenise(
    tokenizer: Any,
    recipe: Recipe,
    texts: Sequence[str],
    instruction: str | None = None,
    prompt_name: str | None = None,
) -> TokenisedTexts:
    """Bring texts into the form that the model reads.

    Args:
        tokenizer: A fast tokenizer of transformers.
        recipe: Prompt, length limits, what is put round the text and what is pooled.
        texts: N texts.
        instruction: Put in the place of ``{instruction}``; the recipe's own where it is None.
        prompt_name: Which of the recipe's named prompts is in force; none where it is None.

    Raises:
        TokalignError: `texts` is a single string, a text is not valid Unicode, is empty for a
            model that adds no special tokens, the prompt alone is longer than the model takes, or
            there is no such prompt, or a bracket or end token is no token of the tokenizer.
    """
    if isinstance(texts, str):
        raise TokalignError("texts is one string; a list of strings is needed")
    recipe = recipe.named(prompt_name)
    before, after = recipe.prompt(instruction)
    clean = [check_text(text, number) for number, text in enumerate(texts, 1)]
    clean = [_STRIP[recipe.strip](text) for text in clean]
    if recipe.lowercase:
        before, after = before.lower(), after.lower()
        clean = [text.lower() for text in clean]
    whole = clean
    if recipe.text_max_length is not None:
        clean = cut_words(tokenizer, clean, recipe.text_max_length, recipe.max_length)
    frame = Frame.of(tokenizer, recipe)
    limit = recipe.max_length - len(frame.end)
    around = special_tokens_around(tokenizer)
    ids, pool, truncated = [], [], []
    read = _read(tokenizer, clean, before, after, around)
    for number, (sequence, (start, end), offsets) in enumerate(read):
        over = len(sequence) - limit
        text = clean[number]
        while after and len(sequence) > limit and text:
            # Cut by characters and read anew: the text's last token may hold a part of what
            # follows it, such as a full stop and the quotation mark of the prompt.
            first_out = max(end - (len(sequence) - limit), start)
            text = text[: max(offsets[first_out][0] - len(before), 0)].rstrip()
            [(sequence, (start, end), offsets)] = _read(tokenizer, [text], before, after, around)
        beyond = len(sequence) - limit
        if beyond > end - start:
            raise TokalignError(
                f"the prompt of {recipe.name} alone is longer than its {recipe.max_length} tokens"
            )
        if beyond > 0:
            sequence = sequence[: end - beyond] + sequence[end:]
            end -= beyond
        pooled = _pooled(tokenizer, recipe, len(sequence), (start, end), text + after)
        sequence, (first, last) = frame.put_round(sequence, pooled, recipe.pool_over)
        if last <= first:
            raise TokalignError(
                f"text {number + 1} is empty: {recipe.name} has no token to pool for it"
            )
        ids.append(np.array(sequence, dtype=np.int64))
        pool.append((first, last))
        truncated.append(over > 0 or clean[number] != whole[number])
    return TokenisedTexts(ids, np.array(pool, dtype=np.int64).reshape(-1, 2), np.array(truncated))


def _pooled(
    tokenizer: Any, recipe: Recipe, length: int, place: tuple[int, int], rest: str
) -> tuple[int, int]:
    """First and one past the last position that is pooled, before anything is put round."""
    if recipe.pool_over == "read_alone":
        alone = tokenizer(rest, add_special_tokens=False, verbose=False)["input_ids"]
        return max(length - len(alone), 0), length
    whole = {"all": (0, length), "after_prompt": (place[0], length)}
    return whole.get(recipe.pool_over, place)


def _read(
    tokenizer: Any, texts: list[str], before: str, after: str, around: tuple[int, int]
) -> list[tuple[list[int], tuple[int, int], Sequence[tuple[int, int]]]]:
    """For each text: ids, first and one past the last token of its own, and offsets."""
    if not texts:
        return []
    prompted = bool(before or after)
    encoded = tokenizer(
        [before + text + after for text in texts],
        return_attention_mask=False,
        return_token_type_ids=False,
        return_offsets_mapping=prompted,
        verbose=False,
    )
    read = []
    for number, sequence in enumerate(encoded["input_ids"]):
        span = around[0], len(sequence) - around[1]
        offsets: Sequence[tuple[int, int]] = []
        if prompted:
            offsets = encoded["offset_mapping"][number]
            span = _positions(offsets, (len(before), len(before) + len(texts[number])), span)
        read.append((sequence, span, offsets))
    return read


def special_tokens_around(tokenizer: Any) -> tuple[int, int]:
    """How many special tokens the tokenizer puts before and after a text.

    ``(1, 1)`` for BERT's ``[CLS] text [SEP]``, ``(1, 0)`` for LLaMA's ``<s> text``.

    Raises:
        TokalignError: The tokenizer makes no token of any probe.
    """
    for probe in ("a", "A", "1", "."):
        mask = tokenizer(probe, return_special_tokens_mask=True, verbose=False)
        inner = [i for i, special in enumerate(mask["special_tokens_mask"]) if not special]
        if inner:
            return inner[0], len(mask["special_tokens_mask"]) - 1 - inner[-1]
    raise TokalignError("the tokenizer makes no token of a letter, a digit or a full stop")


def _positions(
    offsets: Sequence[tuple[int, int]], place: tuple[int, int], inside: tuple[int, int]
) -> tuple[int, int]:
    """First and one past the last token that overlaps the characters of `place`."""
    hits = [
        i
        for i in range(*inside)
        if offsets[i][0] < place[1] and offsets[i][1] > place[0] and offsets[i][1] > offsets[i][0]
    ]
    if hits:
        return hits[0], hits[-1] + 1
    # An empty text: the place between what stands before it and after it.
    here = sum(1 for i in range(*inside) if offsets[i][1] <= place[0]) + inside[0]
    return here, here
