"""What the four reference scripts share: texts, tiny tokenizers, random weights, the files written.

Does NOT import any of the reference packages: it must run beside each of them, in its own
environment, with transformers from 4.37 on.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", TOKENIZERS_PARALLELISM="false")

import numpy as np
import torch
from safetensors.numpy import save_file
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

torch.set_num_threads(1)
FIXTURES = Path(__file__).resolve().parents[2] / "data" / "models" / "references"
BATCH_SIZES = (1, 3, 20)
WEB = "Given a web search query, retrieve relevant passages that answer the query"

#: No text holds an underscore (PromptEOL's authors blank them) or LLM2Vec's separator.
TEXTS = [
    "parrots",
    "a",
    "A cat sat.",
    "The ferry leaves the harbour at seven every morning.",
    "Two games were released in March 2003 across Europe and South America.",
    'He said: "music is the language of the sea", and left.',
    "Größe, naïveté, 東京 и море \N{PARTY POPPER}",
    "Why do some birds (e.g. parrots) talk, while others only sing?!",
    "3.14159 + 2.71828 = 5.85987",
    "I like apples and bananas",
    "I do not like apples and bananas",
    "  two blanks   in front, three within, one behind ",
    "A line\nand a second one\n\nand a third after a gap",
    "[brackets] {braces} <tags> #hash @at 100% & more; ends with a dash -",
    "The committee agreed on the new climate treaty in November after long talks, although "
    "several members had asked for more time to study its price.",
    "Wool, flax and cotton are spun into yarn; yarn is woven or knitted. " * 2,
    "The lamp on the hill was lit again, and the fishers, who had waited since noon, sailed. " * 3,
    "HTTP 404 NOT FOUND",
    "antidisestablishmentarianism",
    # Longer than every cut (75, 300, 400 and 512 tokens), yet below 620 tokens.
    "The river carries sand from the mountains to the sea, and the sea gives it back. " * 16,
]
TEXTS[15:17] = [text.strip() for text in TEXTS[15:17]]
TEXTS[19] = TEXTS[19].strip()

TRAINING = [
    *TEXTS[:19],
    TEXTS[19][:90],
    f"Instruct: {WEB}",
    "Find the emotion of this message.",
    "This sentence : means in one word: user embed paper title abstract INST scientific",
]


def randomise(model: torch.nn.Module, seed: int, scale: float = 0.2, only: str = "") -> None:
    """Move every parameter whose name holds ``only``, biases and norms too, by random numbers."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            noise = scale * torch.randn(parameter.shape, generator=generator)
            if only in name:
                parameter.add_(noise)


def _write(folder: Path, tokenizer: Tokenizer, settings: dict[str, Any], files: bool) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    names = ("bos_token", "eos_token", "unk_token", "pad_token")
    special = {name: settings[name] for name in names if name in settings}
    for name, content in (("tokenizer_config", settings), ("special_tokens_map", special)):
        (folder / f"{name}.json").write_text(json.dumps(content, indent=1))
    if files:  # vocab.json and merges.txt alone, as GPT-Neo and OPT are published
        tokenizer.model.save(str(folder))
    else:
        tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    return tokenizer.get_vocab_size()


def gpt2_tokenizer(folder: Path, kind: str) -> int:
    """Byte-level BPE in GPT-2's files; ``kind`` is gpt-neo, sgpt or opt. Gives its size."""
    opt = kind == "opt"
    special = ["<s>", "<pad>", "</s>", "<unk>"] if opt else ["<|endoftext|>"]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(TRAINING, trainers.BpeTrainer(
        vocab_size=450, special_tokens=special, show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet())))  # fmt: skip
    mark = "</s>" if opt else "<|endoftext|>"
    settings: dict[str, Any] = {
        "add_prefix_space": False, "add_bos_token": opt, "errors": "replace",
        "bos_token": mark, "eos_token": mark, "unk_token": mark,
        "model_max_length": 2048, "tokenizer_class": "GPT2Tokenizer",
    }  # fmt: skip
    if kind != "gpt-neo":
        settings["pad_token"] = "<pad>" if opt else mark
    return _write(folder, tokenizer, settings, files=kind != "sgpt")


def llama_tokenizer(folder: Path) -> int:
    """BPE with byte fallback as Llama and Mistral publish it: ``<s>`` first, no end, no padding."""
    special = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    trained = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    # Words alone are merged, so that a prompt and a text never share a token.
    trained.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split("\n", "removed"), pre_tokenizers.Metaspace()]
    )
    ascii_only = ["".join(c for c in text if c.isascii()) for text in TRAINING]
    trained.train_from_iterator(ascii_only, trainers.BpeTrainer(
        vocab_size=480, special_tokens=special, show_progress=False))  # fmt: skip
    # Rebuilt with three special tokens: the byte tokens are ordinary entries of the vocabulary.
    content = json.loads(trained.to_str())
    content["added_tokens"] = [token for token in content["added_tokens"] if token["id"] < 3]
    tokenizer = Tokenizer.from_str(json.dumps(content | {"pre_tokenizer": None}))
    blank = chr(0x2581)
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend(blank), normalizers.Replace(" ", blank)])  # fmt: skip
    tokenizer.decoder = decoders.Sequence([
        decoders.Replace(blank, " "), decoders.ByteFallback(), decoders.Fuse(),
        decoders.Strip(" ", 1, 0)])  # fmt: skip
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", 1)]
    )
    settings = {
        "add_bos_token": True, "add_eos_token": False, "clean_up_tokenization_spaces": False,
        "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "legacy": True,
        "model_max_length": 10**30, "tokenizer_class": "LlamaTokenizer",
        "added_tokens_decoder": {str(t["id"]): {k: t[k] for k in t if k != "id"}
                                 for t in content["added_tokens"]},
    }  # fmt: skip
    return _write(folder, tokenizer, settings, files=False)


def fresh(folder: Path) -> Path:
    """An empty folder of that name."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def edit_config(folder: Path, **changes: Any) -> None:
    """Set entries of a checkpoint's config.json (None takes one out)."""
    path = folder / "config.json"
    content = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({k: v for k, v in content.items() if v is not None}, indent=1))


def tidy_adapter(folder: Path, base: str) -> None:
    """Name the base by its hub id, and sort what peft writes in the order of a set."""
    (folder / "README.md").unlink(missing_ok=True)
    path = folder / "adapter_config.json"
    settings = {**json.loads(path.read_text()), "base_model_name_or_path": base}
    settings["target_modules"] = sorted(settings["target_modules"])
    path.write_text(json.dumps(settings, indent=1, sort_keys=True))


class Recorder:
    """Collects the vectors of one part and writes them with all that explains them."""

    def __init__(self, part: str, embedding: torch.nn.Module, packages: Sequence[str]) -> None:
        self.folder = FIXTURES / part
        self.tensors: dict[str, np.ndarray] = {}
        self.settings: dict[str, Any] = {}
        names = [*packages, "transformers", "tokenizers", "torch", "numpy", "safetensors"]
        self.versions = {name: metadata.version(name) for name in dict.fromkeys(names)}
        self.watch(embedding)

    def watch(self, embedding: torch.nn.Module) -> None:
        """Note the token ids that reach this embedding layer."""
        self._seen: list[list[int]] = []
        embedding.register_forward_pre_hook(lambda _, args: self._seen.extend(args[0].tolist()))

    def add(self, name: str, encode: Callable[[list[str], int], Any], **settings: Any) -> None:
        """Vectors of all texts at each batch size; ``settings`` are written as they are."""
        for size in BATCH_SIZES:
            self._seen.clear()
            vectors = np.asarray(encode(TEXTS, size), dtype=np.float32)
            assert vectors.shape[0] == len(TEXTS)
            assert np.isfinite(vectors).all()
            self.tensors[f"{name}/batch{size}"] = np.ascontiguousarray(vectors)
            if size == 1:
                ids = list(self._seen)
                assert len(ids) == len(TEXTS)
        order = settings.pop("order", range(len(TEXTS)))
        by_text = dict(zip(order, ids, strict=True))
        self.settings[name] = {**settings, "ids": [by_text[i] for i in range(len(TEXTS))]}
        spread = max(
            float(np.abs(self.tensors[f"{name}/batch1"] - self.tensors[f"{name}/batch{s}"]).max())
            for s in BATCH_SIZES
        )
        norms = np.linalg.norm(vectors, axis=1)
        print(f"{name}: batch sizes differ by {spread:.1e}, "
              f"norms {norms.min():.2f}-{norms.max():.2f}")  # fmt: skip

    def write(self, **more: Any) -> None:
        """vectors.safetensors and reference.json, with the sha256 of every checkpoint file."""
        save_file(self.tensors, str(self.folder / "vectors.safetensors"))
        own = {"vectors.safetensors", "reference.json"}
        files = sorted(p for p in self.folder.rglob("*") if p.is_file() and p.name not in own)
        content = {
            **more, "python": platform.python_version(), "versions": self.versions,
            "batch_sizes": BATCH_SIZES, "texts": TEXTS, "settings": self.settings,
            "sha256": {str(p.relative_to(self.folder)): hashlib.sha256(p.read_bytes()).hexdigest()
                       for p in files},
        }  # fmt: skip
        text = json.dumps(content, ensure_ascii=True)
        (self.folder / "reference.json").write_text(text)
