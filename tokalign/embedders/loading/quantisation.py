"""Precisions: what the weights are kept in, what is computed in, and the libraries for 8 and 4 bit.

Both libraries quantise the weights alone, each row or block by itself, so a vector does not depend
on its batch. That rules out LLM.int8(), which looks for outliers in the whole batch.
"""

from __future__ import annotations

import importlib
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import torch
import transformers

from tokalign.errors import TokalignError, unknown

_FLOATS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
#: dtype -> library that quantises, and bytes that a weight of a linear layer then takes: int8 with
#: a scale a row; 4 bits with one float32 scale for 64 weights.
_QUANTISED = {"int8": ("torchao", 1.0), "int4": ("bitsandbytes", 0.5 + 4 / 64)}
#: A checkpoint may lack it, and what was not read cannot be quantised.
_SPARE = ("pooler",)
#: Every dtype that an embedder may be loaded in, the one with the most bytes first.
DTYPES = (*_FLOATS, *_QUANTISED)


@dataclass(frozen=True)
class Precision:
    """A precision by name.

    Attributes:
        name: One of `DTYPES`.
        compute: In which torch dtype the model computes, and in which embeddings, norms and head
            are kept.
        bytes_linear: Bytes that one weight of a linear layer takes.
        library: The Python package that quantises; None where nothing is quantised.
    """

    name: str
    compute: torch.dtype
    bytes_linear: float
    library: str | None = None


def precision(dtype: str, device: torch.device) -> Precision:
    """What a dtype means on a device.

    Quantised weights are brought to float32 on the CPU, whose bfloat16 is often emulated, and to
    bfloat16 elsewhere.

    Raises:
        TokalignError: There is no such dtype, or not on such a device.

    >>> precision("int8", torch.device("cpu")).compute
    torch.float32
    """
    if dtype in _FLOATS:
        return Precision(dtype, _FLOATS[dtype], _FLOATS[dtype].itemsize)
    if dtype not in _QUANTISED:
        raise unknown("dtype", dtype, DTYPES)
    if device.type not in ("cpu", "cuda"):
        raise TokalignError(f"dtype {dtype!r} is for cpu and cuda, not for {device.type}")
    library, size = _QUANTISED[dtype]
    compute = torch.float32 if device.type == "cpu" else torch.bfloat16
    return Precision(dtype, compute, size, library)


def check_library(how: Precision) -> None:
    """Refuse a precision whose library is missing.

    Raises:
        TokalignError: It is, with what to install.
    """
    if how.library and find_spec(how.library) is None:
        raise TokalignError(
            f"dtype {how.name!r} needs {how.library}: pip install 'tokalign[quantised]'; "
            f"allowed without it: {', '.join(_FLOATS)}"
        )


def quantisation_config(how: Precision) -> Any:
    """What transformers is told in order to quantise; None where nothing is."""
    if how.library is None:
        return None
    with quiet():
        if how.library == "bitsandbytes":
            return transformers.BitsAndBytesConfig(  # type: ignore[no-untyped-call]
                load_in_4bit=True,
                bnb_4bit_quant_type="nf4",
                bnb_4bit_compute_dtype=how.compute,
                llm_int8_skip_modules=list(_SPARE),
            )
        kinds = importlib.import_module("torchao.quantization")
        return transformers.TorchAoConfig(
            kinds.Int8WeightOnlyConfig(), modules_to_not_convert=list(_SPARE)
        )


def check_quantised(model: Any, how: Precision) -> None:
    """Refuse a model in which the library found nothing to quantise.

    Raises:
        TokalignError: No layer is of the kind that it quantises, such as GPT-2's.
    """
    if how.library and all(type(p) is torch.nn.Parameter for p in model.parameters()):
        raise TokalignError(
            f"{how.library} finds no layer to quantise in {type(model).__name__}; allowed: "
            f"{', '.join(_FLOATS)}"
        )


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the libraries' remarks on kernels that were not built for this machine to themselves."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
