"""Vector -> tokens: the head, decoding to the top K, normal forms."""

from __future__ import annotations

from tokalign.tokens.aligned import AlignedTokens
from tokalign.tokens.decoding import decode
from tokalign.tokens.formlists import content_head, decode_forms
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
    "content_head",
    "decode",
    "decode_forms",
    "literal_words",
    "load_head",
    "normal_form",
    "ranked_forms",
    "read_head",
    "word_forms",
]
