"""In which precision training computes."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch


def autocast(device: torch.device) -> AbstractContextManager[object]:
    """bfloat16 where the device computes in it; float32 where it would only be imitated.

    A processor without such instructions takes hundreds of times longer in bfloat16.

    Args:
        device: Where the model is.
    """
    cuda = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    cpu = device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()
    if cuda or cpu:
        return torch.autocast(device.type, torch.bfloat16)
    return nullcontext()
