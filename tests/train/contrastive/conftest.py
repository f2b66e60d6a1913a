"""Tiny language models of the four architectures, their tokenizer, and examples to train on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import PreTrainedTokenizerBase

from tokalign.train.architectures import Shape, architecture, build_model
from tokalign.train.contrastive.examples import Example
from tokalign.train.contrastive.starting import load_backbone
from tokalign.train.packing import Packed
from tokalign.train.tokenizer import fast_tokenizer, train_tokenizer

ENTRIES = 330
SHAPE = Shape(width=32, layers=2, heads=4, entries=ENTRIES, positions=64)
TOPICS = ["parrots", "bananas", "bridges", "violins", "snow", "trains", "lemons", "castles"]
TEXTS = [f"The {a} of the town were near the {b} in 1995." for a in TOPICS for b in TOPICS]


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Folders of tiny language models, as `tokalign.train` exports them, each made once."""
    root = tmp_path_factory.mktemp("backbones")
    made = train_tokenizer([*TEXTS, 'This sentence : "a" means in one word:" _ [ ] { }'], ENTRIES)

    def make(name: str) -> Path:
        folder = root / name
        if not folder.is_dir():
            model: Any = build_model(name, SHAPE, seed=3)
            generator = torch.Generator().manual_seed(4)
            with torch.no_grad():
                # Biases and norms that matter: at their first values a forgotten one shows nowhere.
                for parameter in model.parameters():
                    parameter.add_(0.05 * torch.randn(parameter.shape, generator=generator))
            model.save_pretrained(folder)
            fast_tokenizer(made, architecture(name).prefix, 64).save_pretrained(folder)
        return folder

    return make


@pytest.fixture
def loaded(backbone: Callable[[str], Path]) -> Callable[[str], tuple[Any, PreTrainedTokenizerBase]]:
    """A fresh model and its tokenizer."""
    return lambda name: load_backbone(backbone(name))


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """A packed corpus in which each token follows from the one before it."""
    path = tmp_path / "train.bin"
    (np.arange(40_000) % 50 + 10).astype("<u2").tofile(path)
    said = Packed(40_000, 1, 1, 0, 0, [], "", ENTRIES)
    path.with_name("train.bin.json").write_text(json.dumps(asdict(said)))
    return path


@pytest.fixture(scope="session")
def examples() -> list[Example]:
    """Two sentences on one topic, and a third on another."""
    return [
        Example(
            f"The {topic} were seen near the {other}.",
            f"In the town there were {topic}.",
            "on_topic",
            f"In the town there were no {topic}." if number % 2 else None,
            "denied" if number % 2 else "",
            weight=1.0 if number % 3 else 0.8,
        )
        for number, (topic, other) in enumerate((a, b) for a in TOPICS for b in TOPICS[:4])
    ]
