"""How much memory there is to be had: of the machine, within a container's limit, of the GPUs."""

from __future__ import annotations

from pathlib import Path

import psutil  # type: ignore[import-untyped]
import torch

from tokalign.embedders.loading.devices import AUTO

_CGROUPS = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")


def available_memory(device: str) -> int:
    """Bytes that a model could take now.

    Args:
        device: ``cpu``, ``mps``: main memory that is free or can be freed, within the limit of the
            control group (v2) where there is one. ``cuda``, ``cuda:1``: free memory of that GPU.
            ``auto``: the sum over all GPUs; main memory where there is none.

    >>> available_memory("cpu") > 0
    True
    """
    gpus = torch.cuda.device_count()
    if device == AUTO and gpus:
        return sum(torch.cuda.mem_get_info(number)[0] for number in range(gpus))
    if device.startswith("cuda"):
        return int(torch.cuda.mem_get_info(device)[0])
    machine = int(psutil.virtual_memory().available)
    limit = cgroup_room()
    return machine if limit is None else min(machine, limit)


def cgroup_room(root: Path = _CGROUPS, own: Path = _OWN) -> int | None:
    """Bytes left below the tightest memory limit of this process's control groups (v2).

    Args:
        root: Where the hierarchy is mounted.
        own: The file that says in which group the process is.

    Returns:
        What is left; None where there is no limit, or no version 2.
    """
    try:
        lines = own.read_text("ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    inner = next((line[3:] for line in lines if line.startswith("0::")), None)
    if inner is None:
        return None
    group = root / inner.strip("/")
    # A limit of any group above holds too. Within a container the path may lead nowhere: then the
    # root of what is mounted there is the container's own group.
    chain = [group, *group.parents] if group.is_dir() else [root]
    rooms = [_room(g) for g in chain if g == root or root in g.parents]
    return min((room for room in rooms if room is not None), default=None)


def _room(group: Path) -> int | None:
    try:
        limit = (group / "memory.max").read_text("ascii").strip()
        used = int((group / "memory.current").read_text("ascii"))
        stat = (group / "memory.stat").read_text("ascii").split()
    except (OSError, ValueError):
        return None
    if limit == "max":
        return None
    # Pages of files count as used, but are given up when memory is asked for.
    stats = dict(zip(stat[::2], stat[1::2], strict=False))
    files = int(stats.get("inactive_file", 0)) + int(stats.get("active_file", 0))
    return max(int(limit) - used + files, 0)
