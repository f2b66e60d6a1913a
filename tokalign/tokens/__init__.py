"""Vector -> tokens: the head, decoding to the top K, normal forms."""

from __future__ import annotations

from tokalign.tokens.aligned import AlignedTokens
from tokalign.tokens.decoding import decode
from tokalign.tokens.forms import (
    Literal,
    VocabularyForms,
    WordForm,
    literal_words,
    normal_form,
    word_forms,
)
from tokalign.tokens.head import Head
from tokalign.tokens.reading import load_head, read_head
from tokalign.tokens.stored import aligned_tokens, ranked_forms

__all__ = [
    "AlignedTokens",
    "Head",
    "Literal",
    "VocabularyForms",
    "WordForm",
    "aligned_tokens",
    "decode",
    "literal_words",
    "load_head",
    "normal_form",
    "ranked_forms",
    "read_head",
    "word_forms",
]
