"""Vector -> tokens: the head, decoding to the top K, normal forms."""

from __future__ import annotations

from tokalign.tokens.aligned import AlignedTokens
from tokalign.tokens.decoding import decode
from tokalign.tokens.forms import Literal, VocabularyForms, literal_words, normal_form
from tokalign.tokens.head import Head
from tokalign.tokens.reading import load_head, read_head
from tokalign.tokens.stored import aligned_tokens, ranked_forms

__all__ = [
    "AlignedTokens",
    "Head",
    "Literal",
    "VocabularyForms",
    "aligned_tokens",
    "decode",
    "literal_words",
    "load_head",
    "normal_form",
    "ranked_forms",
    "read_head",
]
