"""Where a model is put: one device, or spread over all GPUs by accelerate."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import torch

from tokalign.errors import TokalignError

#: Spread over all GPUs; the CPU where there is none.
AUTO = "auto"


@dataclass(frozen=True)
class Placement:
    """Where a model goes.

    Attributes:
        device: Where its inputs go; for several GPUs, the first until it is loaded.
        device_map: What transformers is told, or None: loaded on the CPU and moved to `device`.
    """

    device: torch.device
    device_map: Any = None


def placement(device: str, *, quantised: bool = False) -> Placement:
    """What ``device`` means here.

    Args:
        device: ``cpu``, ``cuda``, ``cuda:1``, ``mps`` or ``auto``.
        quantised: Whether the weights are quantised as they are read, which transformers does
            only where it is told the place of each.

    Raises:
        TokalignError: There is no such device, or accelerate is needed and missing.

    >>> placement("cpu")
    Placement(device=device(type='cpu'), device_map=None)
    """
    gpus = torch.cuda.device_count()
    if device == AUTO and gpus > 1:
        _need_accelerate("device 'auto' spreads the model over several GPUs and")
        return Placement(check_device("cuda:0"), AUTO)
    where = check_device(device if device != AUTO else ("cuda:0" if gpus else "cpu"))
    if quantised:
        _need_accelerate("dtype 'int8' or 'int4'")
        return Placement(where, {"": where})
    # With accelerate the weights go straight to the GPU; without, the CPU has to hold them first.
    if where.type == "cuda" and _has_accelerate():
        return Placement(where, {"": where})
    return Placement(where)


def _has_accelerate() -> bool:
    return find_spec("accelerate") is not None


def _need_accelerate(what: str) -> None:
    if not _has_accelerate():
        raise TokalignError(f"{what} needs accelerate: pip install 'tokalign[lora]'")


def check_device(device: str) -> torch.device:
    """The torch device of that name.

    Raises:
        TokalignError: There is no such device here.

    >>> check_device("cpu")
    device(type='cpu')
    """
    try:
        found = torch.device(device)
        # A device without data, such as "meta", fails at the reading back.
        torch.zeros(1, device=found).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise TokalignError(f"device {device!r} is not there; allowed: {_devices()}") from error
    return found


def _devices() -> str:
    here = ["cpu"] + [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    return ", ".join([*here, *(["mps"] if torch.backends.mps.is_available() else []), AUTO])


def input_embeddings(model: Any) -> Any:
    """The module that embeds a model's tokens; None where the model does not say which it is."""
    try:
        return model.get_input_embeddings()
    except (AttributeError, NotImplementedError):
        return None


def input_device(model: Any) -> torch.device:
    """Where a model wants its token ids, however its parts are spread.

    Args:
        model: A transformers model; weights that accelerate keeps elsewhere are on ``meta``, and
            its hook says where they are brought to.
    """
    embeddings = input_embeddings(model)
    told = getattr(getattr(embeddings, "_hf_hook", None), "execution_device", None)
    if told is not None:
        return _device(told)
    weight = getattr(embeddings, "weight", None)
    found: torch.device = (next(model.parameters()) if weight is None else weight).device
    return found


def output_device(model: Any) -> torch.device:
    """Where the last layers of a model are: the place for a head of its own.

    Args:
        model: A transformers model. What is kept on the CPU or on disk for want of room elsewhere
            does not count.
    """
    spread = [_device(d) for d in getattr(model, "hf_device_map", {}).values() if d != "disk"]
    gpus = [device for device in spread if device.type == "cuda"]
    return gpus[-1] if gpus else input_device(model)


def _device(told: Any) -> torch.device:
    """accelerate calls GPUs by their bare numbers."""
    return torch.device("cuda", told) if isinstance(told, int) else torch.device(told)
