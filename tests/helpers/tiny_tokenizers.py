"""Small tokenizers, trained on the spot: byte-level BPE for decoders, WordPiece for encoders.

Only what the layout of a checkpoint needs; no tokenizer here is meant to be a good one.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import PreTrainedTokenizerFast

CORPUS = [
    "The committee agreed on the new climate treaty in November after long talks.",
    "Two games were released in March 2003 across Europe and South America.",
    "This sentence means in one word: a parrot is a bird prone to disease.",
    "Apples, bananas and other fruit are sold in the market every morning.",
    'He said: "music is the language of the sea", and the band played on.',
    "Represent the sentence: query passage document instruction text embed user",
] * 3

#: name -> (special tokens in the order of their ids, what is put before a text, after it, padding)
BPE = {
    "plain": (["<|endoftext|>"], None, None, None),
    "plain-pad": (["<|endoftext|>", "<pad>"], None, None, "<pad>"),
    "bos": (["<unk>", "<s>", "</s>"], "<s>", None, None),
    "bos-pad": (["<s>", "<pad>", "</s>"], "</s>", None, "<pad>"),
    "roberta": (["<s>", "<pad>", "</s>", "<unk>", "<mask>"], "<s>", "</s>", "<pad>"),
}


@lru_cache
def _bpe(name: str) -> tuple[Tokenizer, dict[str, str]]:
    special, before, after, padding = BPE[name]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        CORPUS,
        trainers.BpeTrainer(
            vocab_size=420,
            special_tokens=special,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    around = [*([before] if before else []), "$A", *([after] if after else [])]
    if len(around) > 1:
        named = [(token, tokenizer.token_to_id(token)) for token in around if token != "$A"]
        tokenizer.post_processor = processors.TemplateProcessing(
            single=" ".join(around), special_tokens=named
        )
    more = {"eos_token": after or special[-1]}
    if before:
        more["bos_token"] = before
    if padding:
        more["pad_token"] = padding
    return tokenizer, more


@lru_cache
def _wordpiece() -> tuple[Tokenizer, dict[str, str]]:
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.train_from_iterator(
        CORPUS,
        trainers.WordPieceTrainer(vocab_size=300, special_tokens=special, show_progress=False),
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}
    return tokenizer, {f"{key}_token": token for key, token in names.items()}


def save_tokenizer(name: str, folder: Path) -> int:
    """Write a tokenizer into a checkpoint folder; give back how many tokens it has."""
    tokenizer, special = _wordpiece() if name == "wordpiece" else _bpe(name)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(tokenizer.to_str()), **special
    )
    fast.save_pretrained(folder)
    return len(fast)
