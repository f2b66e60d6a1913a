"""A tiny BERT with random weights on disk, for tests that need some embedder and not a good one.

Used with ``runpy``, since tests are no package. It knows lower-case English letters and digits,
three words that tests use, and the more frequent words of the project's own sentences.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
SENTENCES = Path(__file__).resolve().parents[1] / "data" / "sentences.jsonl"
#: Most tokens that it reads.
LONGEST = 48


def sentences() -> list[str]:
    """The project's own sentences."""
    return [json.loads(line)["text"] for line in SENTENCES.read_text("utf-8").splitlines()]


def vocabulary(words: int = 500) -> list[str]:
    """Special tokens, single characters with and without ##, frequent words."""
    characters = "abcdefghijklmnopqrstuvwxyz0123456789.,;:!?'-\u20ac"
    count = Counter(" ".join(sentences()).lower().replace(",", " ").replace(".", " ").split())
    frequent = [word for word, _ in count.most_common(words) if word.isalpha() and len(word) > 1]
    always = [*SPECIAL, "moon", "river", "gold", *characters, *(f"##{c}" for c in characters)]
    return list(dict.fromkeys([*always, *frequent]))


def build(folder: Path, seed: int = 0) -> Path:
    """Save the model and its tokenizer into `folder`."""
    words = vocabulary()
    number = {word: i for i, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordPiece(number, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(t, number[t]) for t in ("[CLS]", "[SEP]")]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, cls_token="[CLS]", sep_token="[SEP]", pad_token="[PAD]",
        unk_token="[UNK]", mask_token="[MASK]", model_max_length=LONGEST,
    ).save_pretrained(folder)  # fmt: skip
    config = BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=LONGEST, initializer_range=0.3,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = BertModel(config)
    model.save_pretrained(folder)
    return folder
