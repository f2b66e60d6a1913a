"""Which weights of a model are trained: all, the biases alone (BitFit), or adapters (LoRA).

BitFit: Ben Zaken et al., arXiv 2106.10199. LoRA: Hu et al., arXiv 2106.09685, by the package peft.
The head is never trained by a contrastive loss, which does not see it; tied to the input
embeddings it would be moved by them, so these are kept as they are unless that is asked for.
"""

from __future__ import annotations

from typing import Any, Literal

import torch

from tokalign.errors import TokalignError, unknown

Method = Literal["full", "bitfit", "lora"]
METHODS = ("full", "bitfit", "lora")
#: The linear layers of the four architectures that LoRA is put beside.
_TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "out_proj", "gate_proj", "up_proj",
            "down_proj", "fc1", "fc2", "c_fc")  # fmt: skip


def prepare(
    model: Any,
    method: Method,
    *,
    rank: int = 16,
    train_embeddings: bool = False,
    train_head: bool = False,
    seed: int = 0,
) -> Any:
    """Mark what is trained, and put adapters in where they are.

    Args:
        model: A causal language model with its head; it is changed in place.
        method: ``full``, ``bitfit`` or ``lora``.
        rank: Of LoRA's matrices; they count twice, as is usual.
        train_embeddings: Whether ``full`` moves the embeddings of tokens too.
        train_head: Whether ``full`` moves an output head of its own.
        seed: Of LoRA's first matrices; the global random state is left as it was.

    Returns:
        The model, in a wrapper of peft where there are adapters; in evaluation mode.

    Raises:
        TokalignError: Unknown method, no bias to train, or peft is missing.
    """
    if method not in METHODS:
        raise unknown("training method", method, METHODS)
    model.eval().requires_grad_(False)
    if method == "lora":
        return _with_adapters(model, rank, seed)
    inputs = model.get_input_embeddings().weight
    head = model.get_output_embeddings().weight
    for name, parameter in model.named_parameters():
        if method == "bitfit":
            parameter.requires_grad_(name.endswith(".bias"))
        elif parameter is inputs:
            parameter.requires_grad_(train_embeddings)
        elif parameter is head:
            parameter.requires_grad_(train_head)
        else:
            parameter.requires_grad_(True)
    if not trained(model):
        raise TokalignError(f"{type(model).__name__} has no bias that BitFit could train")
    return model


def _with_adapters(model: Any, rank: int, seed: int) -> Any:
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as error:
        raise TokalignError("LoRA needs the package peft: pip install 'tokalign[lora]'") from error
    found = {name.rsplit(".", 1)[-1] for name, _ in model.named_modules()}
    config = LoraConfig(
        r=rank,
        lora_alpha=2 * rank,
        lora_dropout=0.0,
        target_modules=[target for target in _TARGETS if target in found],
        task_type="CAUSAL_LM",
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return get_peft_model(model, config).eval()


def trained(model: Any) -> dict[str, torch.nn.Parameter]:
    """The parameters that are trained, by name."""
    return {name: p for name, p in model.named_parameters() if p.requires_grad}


def merged(model: Any) -> Any:
    """The model with its adapters added into its weights; as it is where it has none."""
    return model.merge_and_unload() if hasattr(model, "merge_and_unload") else model
