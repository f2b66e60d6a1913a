"""The words of a facet's labels as tokens, and how high each stands in what a text decodes to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import torch

from tokalign.embedders import Embeddings
from tokalign.errors import TokalignError
from tokalign.tokens import Head, VocabularyForms, literal_words


@dataclass(frozen=True)
class LabelTokens:
    """The tokens that stand for one label.

    Attributes:
        name: The label.
        ids: ``(T,)`` int64 token ids, one or more.
        whole: Whether the tokens are whole words; where the tokenizer cuts the label's word up,
            they are those of its first piece.
    """

    name: str
    ids: np.ndarray
    whole: bool


def instruction_forms(
    instructions: Iterable[str], tokenizer: Any, forms: VocabularyForms
) -> np.ndarray:
    """The content forms that instructions bring with them: of their words and of their tokens.

    An instruction names what it asks for, so its own words rise whether it is followed or not.

    Args:
        instructions: As they are read, templates with ``{text}`` in them included.
        tokenizer: Of the head.
        forms: The forms of its tokens.

    Returns:
        Different form numbers, rising, int64.
    """
    found: set[int] = set()
    for instruction in instructions:
        plain = instruction.replace("{text}", " ").replace("{instruction}", " ")
        ids = tokenizer(plain, add_special_tokens=False, verbose=False)["input_ids"]
        found.update(int(number) for number in forms.of[ids] if number >= 0)
        words = (word.matches for word in literal_words(plain, tokenizer))
        found.update(forms.number[m] for match in words for m in match if m in forms.number)
    return np.array(sorted(found), dtype=np.int64)


def without_forms(forms: VocabularyForms, left_out: np.ndarray) -> VocabularyForms:
    """The same forms, some of them taken away from their tokens.

    Args:
        forms: The forms of a tokenizer's tokens.
        left_out: Form numbers.

    >>> forms = VocabularyForms(np.array([-1, 0, 1, 0]), {"joy": 0, "game": 1})
    >>> without_forms(forms, np.array([0])).of.tolist()
    [-1, -1, 1, -1]
    """
    return replace(forms, of=np.where(np.isin(forms.of, left_out), -1, forms.of))


def label_tokens(
    labels: Sequence[tuple[str, Sequence[str]]],
    head: Head,
    tokenizer: Any,
    forms: VocabularyForms,
) -> list[LabelTokens]:
    """Find the tokens of each label of a facet.

    Args:
        labels: For each of L labels its name, and its words: the label's word and variants of it.
        head: Whose tokens.
        tokenizer: Of the head.
        forms: The forms of its tokens, those of the instructions left out (`without_forms`).

    Returns:
        L of them. The ids are all tokens of the head whose form is that of one of the words; where
        there is none, those of the first piece into which the tokenizer cuts the first word.

    Raises:
        TokalignError: A label has no token, since its word is a word of an instruction, or carries
            no content.
    """
    ids = head.ids.cpu().numpy().astype(np.int64)
    of = forms.of[ids]
    found = []
    for name, words in labels:
        parts = [literal for word in words for literal in literal_words(word, tokenizer)]
        own = {literal.form for literal in parts}
        pieces = parts[0].matches - own if parts else frozenset()
        for whole, wanted in ((True, own), (False, pieces)):
            numbers = [forms.number[form] for form in wanted if form in forms.number]
            mine = ids[np.isin(of, numbers)]
            if len(mine):
                found.append(LabelTokens(name, mine, whole))
                break
        else:
            raise TokalignError(
                f"label {name!r} has no token left: its words are in an instruction, or are stop "
                "words; other words are needed"
            )
    return found


def label_scores(embeddings: Embeddings, head: Head, labels: Sequence[LabelTokens]) -> np.ndarray:
    """How high each label stands: the best logit of its tokens.

    Args:
        embeddings: N vectors that the head may read.
        head: Who decodes.
        labels: L labels.

    Returns:
        ``(N, L)`` float64.
    """
    ids = head.ids.cpu().numpy()
    asked = np.unique(np.concatenate([label.ids for label in labels]))
    few = head.restricted(np.isin(ids, asked))
    with torch.inference_mode():
        vectors = few.ready(embeddings if few.linear else embeddings.unnormalised())
        every = slice(0, len(few))
        logits = few.finish(vectors @ few.tile(every).T, every).double().cpu().numpy()
    place = {int(token): i for i, token in enumerate(few.ids.tolist())}
    best = [logits[:, [place[int(i)] for i in label.ids]].max(axis=1) for label in labels]
    return np.stack(best, axis=1)


def labels_frame(labels: Sequence[LabelTokens], tokenizer: Any) -> pd.DataFrame:
    """Which tokens stand for which label.

    Returns:
        One row a label: ``label``; ``tokens``, as the tokenizer decodes each; ``whole``; and
        ``shared``, the other labels of the facet that one of its tokens stands for as well.
    """
    rows = []
    for label in labels:
        others = [
            other.name
            for other in labels
            if other.name != label.name and np.isin(other.ids, label.ids).any()
        ]
        rows.append(
            {
                "label": label.name,
                "tokens": tuple(tokenizer.decode([int(i)]) for i in label.ids),
                "whole": label.whole,
                "shared": tuple(others),
            }
        )
    return pd.DataFrame(rows)
