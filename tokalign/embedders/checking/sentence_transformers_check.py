"""Compare an embedder with sentence-transformers itself, where that is installed."""

from __future__ import annotations

import importlib
import importlib.util
import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tokalign.embedders.checking.checks import CHECK_TEXTS, Check, distance, rounding
from tokalign.embedders.encoding.embedder import Embedder
from tokalign.embedders.encoding.tokenising import tokenise
from tokalign.embedders.inspecting.inspection import is_gritlm
from tokalign.embedders.inspecting.sentence_transformers_layout import (
    SentenceTransformersLayout,
    read_sentence_transformers,
)
from tokalign.embedders.loading.silence import silent

_NAME = "sentence-transformers"
_FLOATS = ("float32", "bfloat16", "float16")


def compare_with_sentence_transformers(embedder: Embedder, folder: Path) -> list[Check]:
    """Whether the vectors are those of sentence-transformers' own ``encode``.

    Args:
        embedder: What is checked.
        folder: The folder that it was read off.

    Returns:
        A check for the default prompt and one for each named one; none where the folder has not
        the layout of sentence-transformers.
    """
    if not (folder / "modules.json").is_file():
        return []
    bound = rounding(embedder.dtype)
    allowed = f"at most {bound:g}"
    if is_gritlm(folder):
        why = "without the folder's own code, it would read it with causal attention"
        return [Check.nothing(_NAME, why, allowed)]
    if embedder.dtype not in _FLOATS:
        return [Check.nothing(_NAME, f"it is not loaded in {embedder.dtype}", allowed)]
    if importlib.util.find_spec("sentence_transformers") is None:
        return [Check.nothing(_NAME, "it is not installed", allowed)]
    try:
        reference = _load(embedder, folder)
    except Exception as error:  # whatever it is, it is no fault of the entry
        why = f"it cannot load the folder ({str(error).strip().splitlines()[0][:120]})"
        return [Check.nothing(_NAME, why, allowed)]
    said = read_sentence_transformers(folder)
    prompts: list[str | None] = [None, *embedder.recipe.prompts]
    return [_compare(embedder, reference, said, prompt) for prompt in prompts]


def _load(embedder: Embedder, folder: Path) -> Any:
    package: Any = importlib.import_module("sentence_transformers")
    # What it remarks on at loading, such as the default prompt, stands in the entry.
    logging.getLogger("sentence_transformers").setLevel(logging.ERROR)
    with silent():
        reference = package.SentenceTransformer(
            str(folder),
            device=str(embedder.device),
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"dtype": getattr(torch, embedder.dtype)},
        )
    if reference.tokenizer.pad_token is None:
        # It pads even a single text; what the padding is, is masked out.
        reference.tokenizer.pad_token = embedder.tokenizer.eos_token
    return reference


def _compare(
    embedder: Embedder, reference: Any, said: SentenceTransformersLayout, prompt: str | None
) -> Check:
    name = _NAME if prompt is None else f"{_NAME}, prompt {prompt}"
    bound = rounding(embedder.dtype)
    if prompt is not None and prompt not in said.prompts:
        return Check(name, False, "it has no such prompt", f"one of {', '.join(said.prompts)}")
    texts = _countable(embedder, said, prompt)
    if not texts:
        why = "the first word of every text shares a token with the prompt, and it drops both"
        return Check.nothing(name, why, f"at most {bound:g}")
    # One by one, so that nothing that it does to padding comes in.
    named = {} if prompt is None else {"prompt_name": prompt}
    expected = np.asarray(
        reference.encode(texts, batch_size=1, show_progress_bar=False, **named), dtype=np.float32
    )
    found = embedder.encode(texts, prompt_name=prompt).vectors
    some = (
        ""
        if len(texts) == len(CHECK_TEXTS)
        else (f", over the {len(texts)} of {len(CHECK_TEXTS)} texts of which it drops no word")
    )
    return Check.at_most(name, distance(found, expected), bound, some)


def _countable(
    embedder: Embedder, said: SentenceTransformersLayout, prompt: str | None
) -> list[str]:
    """The texts whose prompt sentence-transformers counts as many tokens for as there are.

    Where the prompt is left out of the pool, it counts the tokens of the prompt alone. A blank at
    its end that melts into the text's first token makes that one too many, and the first word of
    the text is left out as well; here it stays.
    """
    written = said.default_prompt if prompt is None else said.prompts[prompt]
    if (
        said.include_prompt
        or not written
        or embedder.recipe.named(prompt).pool_over != "after_prompt"
    ):
        return list(CHECK_TEXTS)
    ids = embedder.tokenizer(written, verbose=False)["input_ids"]
    counted = len(ids) - (ids[-1] in embedder.tokenizer.all_special_ids)
    start = tokenise(embedder.tokenizer, embedder.recipe, CHECK_TEXTS, None, prompt).pool[:, 0]
    return [text for text, first in zip(CHECK_TEXTS, start, strict=True) if first == counted]
