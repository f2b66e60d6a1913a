"""Work on many texts, shard by shard, so that a run that was killed goes on where it stopped.

Each shard's result is taken from the store or computed and put there; then they are joined. The
shards are the same with and without a store, and so is the result. One process, one shard after
the other; the whole result must fit into memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from tokalign.store.entry import Array, plain_arrays
from tokalign.store.store import Store


def sharded(texts: Sequence[str], size: int) -> Iterator[tuple[int, Sequence[str]]]:
    """Cut texts into shards.

    Args:
        texts: N texts.
        size: Texts in a shard; the last one may be shorter.

    Yields:
        The position of the shard's first text in `texts`, and the shard.

    Raises:
        TypeError: For a single string instead of several.
        ValueError: For a size below 1.

    >>> list(sharded(["a", "b", "c"], 2))
    [(0, ['a', 'b']), (2, ['c'])]
    """
    if isinstance(texts, str):
        raise TypeError("texts is one string; give a list of strings")
    if size < 1:
        raise ValueError(f"a shard cannot hold {size} texts; the size must be 1 or more")
    for start in range(0, len(texts), size):
        yield start, texts[start : start + size]


def compute_sharded(
    texts: Sequence[str],
    *,
    key_of: Callable[[Sequence[str]], str],
    compute: Callable[[Sequence[str]], Mapping[str, Array]],
    store: Store | None,
    size: int = 256,
    progress: Callable[[int], object] | None = None,
) -> dict[str, Array]:
    """Compute arrays for texts shard by shard, and keep each shard's in the store.

    A run that is interrupted or killed loses the shard in work only.

    Args:
        texts: N texts, one or more.
        key_of: Gives the content key of a shard: it must cover everything that `compute` uses.
        compute: Gives arrays by name for a shard, each with one dimension or more. The names, types
            and trailing dimensions must be the same for every shard.
        store: Where to look and to keep; None computes everything.
        size: Texts in a shard. It belongs to the result: another size makes other keys.
        progress: Called after each shard with the number of texts in it, as ``tqdm.update`` wants.

    Returns:
        The arrays by name, joined along axis 0 in the order of the texts; C order, native bytes.

    Raises:
        ValueError: For no texts, no arrays, or shards that do not fit together.
        TypeError: For arrays of a type that is not stored (with ``store=None`` as well).
        TokalignError: For a store that cannot be read or written.

    >>> def lengths(shard):
    ...     return {"length": np.array([len(text) for text in shard])}
    >>> result = compute_sharded(["a", "bb"], key_of=str, compute=lengths, store=None, size=1)
    >>> result["length"].tolist()
    [1, 2]
    """
    if not len(texts):
        raise ValueError("there are no texts to compute anything for")
    shards: list[dict[str, Array]] = []
    for start, shard in sharded(texts, size):
        # Without a store no key is needed, and none is made.
        key = key_of(shard) if store is not None else ""
        entry = store.get(key) if store is not None else None
        if entry is not None:
            arrays = entry.arrays
            _check_fit(shards, arrays, start)
        else:
            # Copied, since `compute` may use its buffers again for the next shard.
            arrays = {name: array.copy() for name, array in plain_arrays(compute(shard)).items()}
            # Before it is put: what does not fit should not be kept.
            _check_fit(shards, arrays, start)
            if store is not None:
                arrays = store.put(key, arrays, {"texts": len(shard)}).arrays
        shards.append(arrays)
        if progress is not None:
            progress(len(shard))
    return {name: np.concatenate([arrays[name] for arrays in shards]) for name in shards[0]}


def _check_fit(before: list[dict[str, Array]], arrays: dict[str, Array], start: int) -> None:
    """Raise ValueError where a shard cannot be joined to the first one."""
    where = f"the shard at text {start}"
    if not arrays:
        raise ValueError(f"{where} has no arrays")
    for name, array in arrays.items():
        if array.ndim == 0:
            raise ValueError(f"{where}: {name!r} is 0-d; it needs an axis to be joined along")
    first = before[0] if before else arrays
    if first.keys() != arrays.keys():
        raise ValueError(f"{where} has the arrays {list(arrays)}, the first one {list(first)}")
    for name, array in arrays.items():
        if array.shape[1:] != first[name].shape[1:] or array.dtype != first[name].dtype:
            raise ValueError(
                f"{where}: {name!r} is {array.dtype} of shape {array.shape}, in the first shard "
                f"{first[name].dtype} of shape {first[name].shape}; type and trailing dimensions "
                "must agree"
            )
