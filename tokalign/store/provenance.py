"""Where a number comes from: the code, the packages and the kind of machine.

Holds no user name, host name or absolute path of its own, since it is published with the number.
What the caller adds is kept as it is given: name a model folder by its name, not by its path.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

from tokalign.store.keys import environment_versions

REPOSITORY = Path(__file__).resolve().parents[2]
GIT_SECONDS = 3.0


def provenance(**more: Any) -> dict[str, Any]:
    """Describe the run that makes a number.

    Args:
        **more: What the caller knows besides: model revision, data hash, device, dtype, seed,
            minutes.

    Returns:
        ``tokalign`` (version or None), ``git`` (``{"commit", "dirty"}``, or None outside a
        checkout), ``constraints`` (sha256 or None), ``python``, ``torch``, ``transformers``,
        ``numpy`` (versions or None), ``system``, ``machine`` and ``threads``; then what was added.

    Raises:
        ValueError: For an addition that would hide one of these.

    >>> provenance(seed=0)["seed"]
    0
    """
    found: dict[str, Any] = {
        **environment_versions("tokalign"),
        "git": git_state(REPOSITORY),
        "constraints": _sha256(REPOSITORY / "constraints.txt"),
        "python": platform.python_version(),
        **environment_versions("torch", "transformers", "numpy"),
        "system": platform.system(),
        "machine": platform.machine(),
        "threads": _threads(),
    }
    taken = sorted(found.keys() & more.keys())
    if taken:
        raise ValueError(f"provenance already gives {', '.join(taken)}; use other names")
    return found | more


def git_state(folder: Path) -> dict[str, Any] | None:
    """Ask git for the commit of a checkout. It never fails and takes a few seconds at most.

    Args:
        folder: The root of the checkout.

    Returns:
        ``commit`` (hexadecimal) and ``dirty`` (True where a file was changed or added since, None
        where git did not say), or None where there is no checkout, no commit or no git.
    """
    # A package installed below some other checkout must not be given that one's commit.
    if not (folder / ".git").exists():
        return None
    commit = _git(folder, "rev-parse", "--verify", "HEAD")
    if not commit:
        return None
    status = _git(folder, "status", "--porcelain")
    return {"commit": commit, "dirty": None if status is None else bool(status)}


def _git(folder: Path, *arguments: str) -> str | None:
    # A git hook sets GIT_DIR and the like, which point at another repository.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment["GIT_OPTIONAL_LOCKS"] = "0"
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=GIT_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace").strip()


def _sha256(path: Path) -> str | None:
    with contextlib.suppress(OSError):
        return hashlib.sha256(path.read_bytes()).hexdigest()
    return None


def _threads() -> int:
    """Return torch's number of threads where torch is loaded, else the processors we may use."""
    torch: Any = sys.modules.get("torch")
    if hasattr(torch, "get_num_threads"):
        return int(torch.get_num_threads())
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
