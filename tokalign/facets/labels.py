"""The words of a facet's labels as tokens, and how high each stands in what a text decodes to.

A token stands for a label where it is one of the label's words as they are listed, in any case and
with or without a blank before it. Stems are not compared: *protestant* is no protest.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import torch

from tokalign.embedders import Embeddings
from tokalign.tokens import Head, VocabularyForms, literal_words, normal_form

#: Marks of a leading blank: byte-level BPE, SentencePiece.
_BLANKS = " \u0120\u2581"
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")


@dataclass(frozen=True)
class LabelTokens:
    """The tokens that stand for one label.

    Attributes:
        name: The label.
        ids: ``(T,)`` int64 token ids; none where all of them are named in an instruction, or the
            label's words carry no content. Such a label cannot be measured.
        whole: Whether the tokens are whole words; where the tokenizer cuts all the label's words
            up, they are those of the first piece of its first word.
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
        L of them. The ids are all tokens of the head that are one of the words, case folded; where
        no token of the vocabulary is, those of the first piece into which the tokenizer cuts the
        first word.
    """
    known: dict[str, list[int]] = {}
    for token in head.ids.cpu().tolist():
        known.setdefault(plain(tokenizer.decode([token])), []).append(token)

    def left(spelled: Iterable[str]) -> np.ndarray:
        ids = [i for word in dict.fromkeys(spelled) for i in known.get(word, ())]
        return np.array(sorted(i for i in ids if forms.of[i] >= 0), dtype=np.int64)

    found = []
    for name, words in labels:
        spelled = [
            plain(part)
            for word in words
            for part in _WORD.findall(word)
            if normal_form(part) is not None
        ]
        whole = any(word in known for word in spelled)
        pieces = [] if whole else first_pieces(spelled[:1], tokenizer)
        found.append(LabelTokens(name, left(spelled if whole else pieces), whole))
    return found


def plain(token: str) -> str:
    """A token or word as labels are compared: NFKC, no blank around it, case folded.

    >>> plain(" Anger"), plain("\u2581joys")
    ('anger', 'joys')
    """
    return unicodedata.normalize("NFKC", token).strip().strip(_BLANKS).casefold()


def first_pieces(words: Iterable[str], tokenizer: Any) -> list[str]:
    """The first piece of each word that holds a letter, after a blank and at a text's start."""
    found = []
    for written in (form for word in words for form in (f" {word}", word)):
        pieces = (plain(tokenizer.decode([i]))
                  for i in tokenizer.encode(written, add_special_tokens=False))  # fmt: skip
        found += [piece for piece in pieces if any(c.isalnum() for c in piece)][:1]
    return found


def label_scores(embeddings: Embeddings, head: Head, labels: Sequence[LabelTokens]) -> np.ndarray:
    """How high each label stands: the best logit of its tokens.

    Args:
        embeddings: N vectors that the head may read.
        head: Who decodes.
        labels: L labels, each with a token.

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
        One row a label: ``label``; ``tokens``, as the tokenizer decodes each, none where the label
        is left out; ``whole``; and ``shared``, the other labels of the facet that one of its tokens
        stands for as well.
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
