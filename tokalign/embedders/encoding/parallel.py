"""Run batches side by side on the CPU's cores, each on one core.

Small batches do not fill two cores: the short steps between the matrix products wait for each
other. A batch a core has no such waits, and its result does not depend on how many cores there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")


def side_by_side(
    work: Callable[[Item], Result], items: Sequence[Item], workers: int
) -> Iterator[Result]:
    """Apply `work` to items on several threads, each confined to one core.

    Torch's own number of threads is put back in the end, after an error or interrupt too; items
    that were not begun by then are dropped.

    Args:
        work: What to do with one item; it must be safe to run at the same time as itself.
        items: What to do it with.
        workers: Threads; with one, or one item only, nothing changes and torch keeps its own.

    Yields:
        Results in the order of the items.

    >>> list(side_by_side(lambda number: number + 1, [1, 2, 3], workers=2))
    [2, 3, 4]
    """
    workers = min(workers, len(items))
    if workers <= 1:
        yield from map(work, items)
        return
    threads = torch.get_num_threads()
    # The number is each thread's own, so every worker sets it for itself.
    pool = ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,))
    try:
        yield from pool.map(work, items)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        torch.set_num_threads(threads)
