"""The files that a training run leaves in its folder.

``checkpoint`` is the latest one, ``before-decay`` the one that a longer run can go on from,
``snapshots`` hold the weights at doubling numbers of tokens, ``log.jsonl`` has a line for each
evaluation, and ``run.json`` tells what was trained on what and where.
"""

from __future__ import annotations

import json
import platform
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tokalign.embedders.files.json_files import read_json
from tokalign.errors import TokalignError
from tokalign.store.provenance import provenance
from tokalign.train.checkpoint import find_checkpoint, read_progress
from tokalign.train.packing import packed
from tokalign.train.settings import Settings

#: Tokens of the first snapshot; each further one is at twice the tokens.
FIRST_SNAPSHOT = 250_000


class RunFolder:
    """The folder of one run.

    Args:
        path: Where it lies, or will.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checkpoint = path / "checkpoint"
        self.before_decay = path / "before-decay"
        self._log, self._description = path / "log.jsonl", path / "run.json"

    def describe(
        self, settings: Settings, data: dict[str, Path], tokens: int, **more: object
    ) -> None:
        """Note what is trained, on what, and where this sitting takes place.

        Args:
            settings: Of the run.
            data: ``train`` and ``held_out``: files that `pack` made.
            tokens: Tokens trained on before this sitting.
            **more: What else the sitting is told: device, end.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        known = read_json(self._description) if self._description.is_file() else {}
        sitting = provenance(tokens_before=tokens, processor=processor(), **more)
        described = {
            "settings": settings.plain(),
            "data": {role: asdict(packed(path)) for role, path in data.items()},
            "sittings": [*known.get("sittings", []), sitting],
        }  # fmt: skip
        self._description.write_text(json.dumps(described, indent=1) + "\n", "utf-8")

    def description(self) -> dict[str, Any]:
        """What `describe` noted.

        Raises:
            TokalignError: This is not the folder of a run.
        """
        return dict(read_json(self._description))

    def write_log(self, line: dict[str, Any]) -> None:
        """Add a line to the log."""
        self.path.mkdir(parents=True, exist_ok=True)
        with self._log.open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")

    def read_log(self) -> list[dict[str, Any]]:
        """The lines of the log, oldest first."""
        if not self._log.is_file():
            return []
        return [json.loads(line) for line in self._log.read_text("utf-8").splitlines()]

    def shorten_log(self, tokens: int) -> None:
        """Drop what a run wrote after the checkpoint that it now goes on from."""
        lines = [line for line in self.read_log() if line["tokens"] <= tokens]
        if self._log.is_file():
            self._log.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")

    def snapshot_due(self, tokens: int, step: int) -> Path | None:
        """Where the weights belong, if the last step of `step` tokens reached a snapshot's mark."""
        mark = FIRST_SNAPSHOT
        while mark <= tokens - step:
            mark *= 2
        if mark > tokens:
            return None
        folder = self.path / "snapshots"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"tokens-{tokens:011d}.safetensors"

    def snapshots(self) -> dict[int, Path]:
        """Tokens trained on -> weights, in rising order."""
        found = sorted((self.path / "snapshots").glob("tokens-*.safetensors"))
        return {int(path.stem.removeprefix("tokens-")): path for path in found}

    def rewind(self) -> None:
        """Make the checkpoint before the descent the latest, so that a longer run goes on from it.

        The checkpoint and the log that are given up are kept beside it.

        Raises:
            TokalignError: There is no such checkpoint: the run has not come to its descent.
        """
        kept, ended = find_checkpoint(self.before_decay), find_checkpoint(self.checkpoint)
        if kept is None:
            raise TokalignError(f"{self.path} holds no checkpoint from before a descent")
        if ended is not None:
            reached = read_progress(ended).tokens
            aside = self.path / f"checkpoint-to-{reached}"
            shutil.rmtree(aside, ignore_errors=True)
            ended.rename(aside)
            if self._log.is_file():
                shutil.copy(self._log, self.path / f"log-to-{reached}.jsonl")
        kept.rename(self.checkpoint)


def processor() -> str:
    """The name of the processor, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
