"""LoRA adapters with random weights, saved as peft saves them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from checkpoints import full_model, randomise
from transformers import AutoModel

TARGETS = {"llama": ["q_proj", "v_proj"], "opt": ["q_proj", "fc1"], "gpt_neo": ["q_proj", "c_fc"]}


def make_adapter(
    base: Path, folder: Path, family: str, *, whole: bool, seed: int = 1, **more: Any
) -> Any:
    """Save an adapter with random A and B; give back the adapted model.

    Args:
        base: The checkpoint below it.
        folder: Where to.
        family: A key of `TARGETS`.
        whole: Whether it is trained on the model with its head.
        seed: Of A and B.
        more: Further settings of peft's ``LoraConfig``.
    """
    import peft

    model = full_model(base) if whole else AutoModel.from_pretrained(base).eval()
    config = peft.LoraConfig(
        r=4, lora_alpha=16, target_modules=TARGETS[family],
        task_type="CAUSAL_LM" if whole else "FEATURE_EXTRACTION", **more,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(seed)  # peft draws A at random
        adapted = peft.get_peft_model(model, config).eval()
    layers = torch.nn.ModuleList(m for n, m in adapted.named_modules() if n.endswith("default"))
    randomise(layers, seed)
    adapted.save_pretrained(folder)
    said = json.loads((folder / "adapter_config.json").read_text())
    said["base_model_name_or_path"] = str(base)
    (folder / "adapter_config.json").write_text(json.dumps(said))
    return adapted
