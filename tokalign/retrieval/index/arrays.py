"""Arrays of an index on disk: one-dimensional ``.npy`` files, written by and by and mapped at load.

Nothing is pickled. The bytes of a file depend on what was written alone, not on the pieces that it
was written in.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.lib import format as npy

from tokalign.errors import TokalignError
from tokalign.retrieval.sparse.rounding import STEPS

#: Weights in memory at a time while they are rounded.
_WEIGHTS = 2**22


class ArrayWriter:
    """Writes a ``.npy`` file of which it is not known beforehand how long it will be.

    Args:
        path: The file, which must not exist.
        dtype: Of its numbers, with their byte order, such as ``<f4``.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with ArrayWriter(Path(folder, "a.npy"), "<i4") as writer:
    ...         writer.append(np.array([1, 2]))
    ...         writer.append(np.array([3]))
    ...     np.load(Path(folder, "a.npy"))
    array([1, 2, 3], dtype=int32)
    """

    def __init__(self, path: Path, dtype: str) -> None:
        self._dtype = np.dtype(dtype)
        self._count = 0
        self._file = path.open("xb")
        self._header()

    def append(self, values: np.ndarray) -> None:
        """Add numbers ``(n,)`` at the end."""
        self._file.write(np.ascontiguousarray(values, dtype=self._dtype).data)
        self._count += len(values)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._file:
            if error is None:
                # NumPy leaves room in a header for the length to grow, so it has the same size.
                self._file.seek(0)
                self._header()
                self._file.flush()
                os.fsync(self._file.fileno())

    def _header(self) -> None:
        about = {"descr": self._dtype.str, "fortran_order": False, "shape": (self._count,)}
        npy.write_array_header_1_0(self._file, about)


def write_array(path: Path, values: np.ndarray, dtype: str) -> None:
    """Write an array ``(n,)`` whole."""
    with ArrayWriter(path, dtype) as writer:
        writer.append(values)


def map_array(path: Path, dtype: str, length: int) -> np.ndarray:
    """Map an array ``(n,)`` into memory, to be read and not to be changed.

    Raises:
        TokalignError: It is no such file, or its type or length is another one.
    """
    try:
        found: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError, SyntaxError) as error:
        raise TokalignError(f"{path} cannot be read as an array: {error}") from error
    if found.dtype != np.dtype(dtype) or found.shape != (length,):
        raise TokalignError(
            f"{path} holds {found.dtype} of shape {found.shape}, not {dtype} of shape ({length},)"
        )
    return found


def round_weights(source: Path, target: Path, highest: float) -> float:
    """Write weights again as one byte each: how many steps they are, rounded up to whole ones.

    Args:
        source: A ``.npy`` file of weights above 0, float32.
        target: The file to write, uint8: steps from 1 to 255.
        highest: The highest weight, which is 255 steps.

    Returns:
        The length of a step; 1 where there is no weight.
    """
    weights = np.load(source, mmap_mode="r", allow_pickle=False)
    step = highest / STEPS if highest else 1.0
    with ArrayWriter(target, "|u1") as writer:
        for start in range(0, len(weights), _WEIGHTS):
            writer.append(steps_of(weights[start : start + _WEIGHTS], step))
    return step


def steps_of(weights: np.ndarray, step: float) -> np.ndarray:
    """How many steps each weight is, ``(n,)`` uint8, as `sparse.rounding.rounded` counts them.

    >>> steps_of(np.array([0.01, 2.0, 2.1, 510.0]), 2.0).tolist()
    [1, 1, 2, 255]
    """
    # The division may overshoot a whole number by a rounding error.
    counted = np.ceil(weights.astype(np.float64) / step - 1e-9)
    made: np.ndarray = np.clip(counted, 1, STEPS).astype(np.uint8)
    return made
