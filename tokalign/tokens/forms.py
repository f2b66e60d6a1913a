"""Normal forms: when do an aligned token and a word of the text count as the same?

NFKC, leading-space mark off, case folded, stemmed (Snowball English). Special tokens, tokens
without a letter or digit, and stop words (scikit-learn's English list, made by the Glasgow
Information Retrieval group) have no form. English only: other scripts are folded, not stemmed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import snowballstemmer
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from tokalign.tokens.aligned import token_strings

#: Signs that tokenizers put for a leading space: byte-level BPE, SentencePiece.
_SPACE_MARKS = "\u0120\u2581"
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_STEMMER = snowballstemmer.stemmer("english")


@lru_cache(maxsize=500_000)
def normal_form(token: str) -> str | None:
    """The normal form of a token or word; None where it carries no content.

    >>> [normal_form(t) for t in (" Games", "gaming", "the", " ,", "\u2581Treaty")]
    ['game', 'game', None, None, 'treati']
    """
    plain = unicodedata.normalize("NFKC", token).replace("\u2019", "'")
    plain = plain.strip().lstrip(_SPACE_MARKS).strip().casefold()
    # "It's" is as empty as "it", which is what the stemmer would make of it.
    if not any(c.isalnum() for c in plain) or plain.removesuffix("'s") in ENGLISH_STOP_WORDS:
        return None
    return str(_STEMMER.stemWord(plain))


def special_ids(tokenizer: Any) -> set[int]:
    """The ids of special tokens, those without a role included."""
    # all_special_ids lacks those that have no role, such as <|reserved_special_token_0|>.
    added = getattr(tokenizer, "added_tokens_decoder", {})
    return {*tokenizer.all_special_ids, *(i for i, token in added.items() if token.special)}


@dataclass(frozen=True)
class VocabularyForms:
    """The forms of a tokenizer's tokens, numbered.

    Attributes:
        of: Form number of each token id, ``(highest id + 1,)`` int32; -1 for none.
        number: Form -> its number.
    """

    of: np.ndarray
    number: dict[str, int]

    @classmethod
    def from_tokenizer(
        cls, tokenizer: Any, form_of: Callable[[str], str | None] = normal_form
    ) -> VocabularyForms:
        """Work out the form of every token; special tokens have none.

        Args:
            tokenizer: Whose tokens.
            form_of: Token -> its form, None for none.
        """
        ids = np.array(sorted(set(tokenizer.get_vocab().values())))
        special = special_ids(tokenizer)
        of = np.full(int(ids.max()) + 1, -1, dtype=np.int32)
        number: dict[str, int] = {}
        for i, token in token_strings(tokenizer, ids).items():
            form = None if i in special else form_of(token)
            if form is not None:
                of[i] = number.setdefault(form, len(number))
        return cls(of, number)


@dataclass(frozen=True)
class Literal:
    """One content word of a text and the forms that match it."""

    form: str
    matches: frozenset[str]


@dataclass(frozen=True)
class WordForm(Literal):
    """One occurrence of a content word: ``text[start:end]``."""

    start: int
    end: int


def word_forms(text: str, tokenizer: Any) -> list[WordForm]:
    """Every occurrence of a content word of a text, in order.

    A word is matched by its own form, and by the form of its first piece where the tokenizer
    cuts it up (``parrots`` into ``par``, ``rots``): after a space and at the start of a text.

    Args:
        text: Raw text.
        tokenizer: The tokenizer whose tokens will be compared.
    """
    found = []
    for word in _WORD.finditer(text):
        form = normal_form(word.group())
        if form is not None:
            matches = frozenset({form, *_first_pieces(word.group(), tokenizer)})
            found.append(WordForm(form, matches, word.start(), word.end()))
    return found


def literal_words(text: str, tokenizer: Any) -> list[Literal]:
    """The content words of a text, equal forms merged, in the order of first occurrence.

    Args:
        text: Raw text.
        tokenizer: The tokenizer whose tokens will be compared.
    """
    merged: dict[str, frozenset[str]] = {}
    for word in word_forms(text, tokenizer):
        merged[word.form] = merged.get(word.form, frozenset()) | word.matches
    return [Literal(form, matches) for form, matches in merged.items()]


def _first_pieces(word: str, tokenizer: Any) -> Iterable[str]:
    for written in (" " + word, word):
        ids = tokenizer.encode(written, add_special_tokens=False)
        pieces = (normal_form(tokenizer.decode([i])) for i in ids)
        # A bare space mark may be a piece of its own; the first piece of the word comes after it.
        first = next(
            (
                p
                for i, p in zip(ids, pieces, strict=True)
                if tokenizer.decode([i]).strip(_SPACE_MARKS + " ")
            ),
            None,
        )
        if first is not None:
            yield first
