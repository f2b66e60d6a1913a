"""Adapters over a base: merged into it, or kept beside it where its weights are quantised.

Merged, an adapter costs nothing more. Quantised weights would be rounded once more by a merge, so
there the adapters stay beside them, and several add up, as they do when merged in turn. An adapter
is one of LoRA's kind, by peft, or a delta (`deltas`), which quantised weights cannot take.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tokalign.embedders.files.weights import Weights
from tokalign.embedders.loading.deltas import apply_delta, is_delta
from tokalign.errors import TokalignError


def apply_adapters(model: Any, adapters: Sequence[Path], *, quantised: bool) -> Any:
    """The model with its adapters.

    Args:
        model: The base, without a head.
        adapters: Folders in the order in which they apply.
        quantised: Whether the base's weights are, so that nothing can be merged into them.

    Returns:
        A model of the base's own class.

    Raises:
        TokalignError: peft is missing, an adapter does not fit the base, or is of a kind that
            cannot stay beside a quantised one.
    """
    if quantised and adapters:
        if deltas := [adapter for adapter in adapters if is_delta(adapter)]:
            raise TokalignError(
                f"{deltas[0]} puts tensors in the place of the base's, which quantised weights "
                "cannot take; allowed: dtype float32, bfloat16 or float16"
            )
        _need_peft(adapters[0])
        return _keep(model, adapters)
    for adapter in adapters:
        model = apply_delta(model, adapter) if is_delta(adapter) else _merge(model, adapter)
    return model


def _need_peft(adapter: Path) -> None:
    try:
        import peft  # noqa: F401
    except ImportError as error:
        raise TokalignError(
            f"{adapter} is a LoRA adapter: install the extra, pip install 'tokalign[lora]'"
        ) from error


def _merge(model: Any, adapter: Path) -> Any:
    _need_peft(adapter)
    from peft import PeftModel

    wrapped = _fit(model, adapter)
    with _errors_of(adapter):
        config = _config(adapter)
        adapted = PeftModel.from_pretrained(model, str(adapter), config=config, key_mapping=wrapped)
        return adapted.merge_and_unload()


def _keep(model: Any, adapters: Sequence[Path]) -> Any:
    from peft import PeftModel

    wrapped = [_fit(model, adapter) for adapter in adapters]
    # peft looks for an adapter's name anywhere in a tensor's: a bare number would be found there.
    called = [f"adapter_{number}" for number in range(len(adapters))]
    adapted: Any = None
    for adapter, name, names in zip(adapters, called, wrapped, strict=True):
        with _errors_of(adapter):
            config = _config(adapter)
            _must_add_up(config, adapter, several=len(adapters) > 1)
            if adapted is None:
                adapted = PeftModel.from_pretrained(
                    model, str(adapter), adapter_name=name, config=config, key_mapping=names
                )
                continue
            loaded = adapted.load_adapter(str(adapter), adapter_name=name, key_mapping=names)
            if loaded.missing_keys:
                raise ValueError(f"Found missing adapter keys: {loaded.missing_keys}")
    adapted.base_model.set_adapter(called)
    # The base with the adapters' layers in it: its own class, so its own arguments.
    return adapted.get_base_model()


def _must_add_up(config: Any, adapter: Path, *, several: bool) -> None:
    """Refuse what is no plain sum of the base and a product of two matrices."""
    if str(getattr(config.peft_type, "value", config.peft_type)) != "LORA":
        raise TokalignError(
            f"{adapter} is no LoRA adapter but {config.peft_type}, which cannot stay beside "
            "quantised weights; allowed: dtype float32, bfloat16 or float16"
        )
    more = [
        name
        for name, there in (
            ("DoRA", config.use_dora),
            ("modules_to_save", config.modules_to_save),
            ("trained biases", config.bias != "none"),
        )
        if there
    ]
    if several and more:
        raise TokalignError(
            f"{adapter} has {more[0]}, so it cannot be added to another adapter over quantised "
            "weights; allowed: dtype float32, bfloat16 or float16, where it is merged"
        )


def _config(adapter: Path) -> Any:
    from peft import PeftConfig

    config = PeftConfig.from_pretrained(str(adapter))
    config.task_type = None  # the body alone is there: nothing to generate or classify with
    return config


@contextmanager
def _errors_of(adapter: Path) -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            # To peft, a layer of the adapter without weights is no error, only a warning.
            warnings.filterwarnings("ignore", message=".*get_apply_tensor_subclass")
            warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing")
            warnings.filterwarnings("error", message="Found missing adapter keys")
            yield
    except (ValueError, RuntimeError, KeyError, TypeError, AttributeError, UserWarning) as error:
        first = str(error).strip().splitlines()[0]
        raise TokalignError(f"{adapter} does not fit its base: {first}") from error


def _fit(model: Any, adapter: Path) -> dict[str, str]:
    """How the names of an adapter's tensors become those of the body.

    An adapter that was trained on a model with a head names the body (``model.layers``); peft
    would leave out such tensors without an error.

    Raises:
        TokalignError: A tensor is for a module that the body does not have.
    """
    body = re.escape(model.base_model_prefix)
    known = {name for name, _ in model.named_modules()}
    names = [name.removeprefix("base_model.model.") for name in Weights(adapter)]
    modules = {re.split(r"\.(?:lora_\w+|weight|bias)\b", name)[0] for name in names}
    if modules <= known:
        return {}
    strange = sorted({re.sub(rf"^{body}\.", "", module) for module in modules} - known)
    if strange:
        raise TokalignError(f"{adapter} does not fit its base, which has no {strange[0]}")
    return {rf"^{body}\.": ""}
