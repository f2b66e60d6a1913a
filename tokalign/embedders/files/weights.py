"""The safetensors of a checkpoint: which tensor lies in which file, read one at a time.

Pickled weights (``pytorch_model.bin``) are never opened. Reading one tensor costs the memory of
that tensor alone, so the head of a large model is had without the model.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from tokalign.errors import TokalignError

#: Files that hold all weights of a folder: a model's, an adapter's, a delta's.
DELTA = "delta.safetensors"
_SINGLE = ("model.safetensors", "adapter_model.safetensors", DELTA)


def sha256_of(path: Path) -> str:
    """The sha256 of a file's bytes, as 64 hexadecimal characters."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a checkpoint, in the order of their names.

    A sharded checkpoint is taken from its index, so that a missing shard is noticed.

    Args:
        folder: Where ``model.safetensors``, or the shards and their index, lie.

    Raises:
        TokalignError: There are none, one of the index is missing, or all there is is a pickle.
    """
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        try:
            names = sorted(set(json.loads(index.read_text("utf-8"))["weight_map"].values()))
        except (ValueError, KeyError, AttributeError) as error:
            raise TokalignError(f"{index} is not a safetensors index") from error
        if any(Path(name).name != name for name in names):
            raise TokalignError(f"{index} names files outside its own folder")
        missing = [name for name in names if not (folder / name).is_file()]
        if missing:
            raise TokalignError(f"{folder} lacks {missing[0]}, which its index names")
        return [folder / name for name in names]
    single = [folder / name for name in _SINGLE]
    found = [path for path in single if path.is_file()]
    if not found:
        pickles = [p.name for p in folder.glob("*.bin")] + [p.name for p in folder.glob("*.pt")]
        why = (
            f"only {pickles[0]}, a pickle, which is not opened"
            if pickles
            else "no weights that are read here"
        )
        raise TokalignError(f"{folder} holds {why}; allowed: model.safetensors, whole or sharded")
    return found[:1]


class Weights:
    """The tensors of a checkpoint by name, read from disk when they are asked for.

    Args:
        folder: A checkpoint folder, see `weight_files`.

    Raises:
        TokalignError: No safetensors there, or one of them is truncated or altered in its header.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._where: dict[str, Path] = {}
        self._shape: dict[str, tuple[int, ...]] = {}
        for path in weight_files(folder):
            try:
                with safe_open(path, framework="pt") as file:
                    for name in file.keys():  # noqa: SIM118 - safe_open is no mapping
                        self._where[name] = path
                        self._shape[name] = tuple(file.get_slice(name).get_shape())
            except (SafetensorError, OSError) as error:
                raise TokalignError(
                    f"{path} cannot be read as safetensors ({error}): truncated or altered? "
                    "Fetch it again"
                ) from error

    def __contains__(self, name: str) -> bool:
        return name in self._where

    def __iter__(self) -> Iterator[str]:
        return iter(self._where)

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of one tensor, without reading it."""
        return self._shape[name]

    def rows(self, name: str, start: int, stop: int) -> torch.Tensor:
        """Some rows of one tensor, in the precision it is stored in, on the CPU."""
        with safe_open(self._where[name], framework="pt") as file:
            tensor: torch.Tensor = file.get_slice(name)[start:stop]
        return tensor

    def read(self, name: str) -> torch.Tensor:
        """One tensor, in the precision it is stored in, on the CPU."""
        with safe_open(self._where[name], framework="pt") as file:
            tensor: torch.Tensor = file.get_tensor(name)
        return tensor

    def find(self, *suffixes: str) -> str | None:
        """The one tensor whose name is, or ends with a dot and, one of the suffixes.

        The first suffix that matches decides. Wrappers add prefixes (``model.``, ``bert.``), so
        a name is recognised by its end.

        Raises:
            TokalignError: Several tensors end that way, so none can be chosen.
        """
        for suffix in suffixes:
            hits = [name for name in self if name == suffix or name.endswith("." + suffix)]
            if len(hits) > 1:
                raise TokalignError(f"{self.folder}: several tensors end in {suffix}: {hits}")
            if hits:
                return hits[0]
        return None


def check_sha256(folder: Path, expected: dict[str, str]) -> None:
    """Refuse files whose bytes are not the registered ones.

    Args:
        folder: The checkpoint folder.
        expected: File name -> sha256.

    Raises:
        TokalignError: A file is missing or its bytes differ.
    """
    for name, digest in expected.items():
        path = folder / name
        if not path.is_file():
            raise TokalignError(f"{folder} lacks {name}, which the registry asks for")
        found = sha256_of(path)
        if found != digest:
            raise TokalignError(
                f"{path} is not the registered file: sha256 {found[:12]}..., expected "
                f"{digest[:12]}...; fetch it again"
            )


#: What decides the vectors of a checkpoint: its weights, configuration and tokenizer.
_DECIDING = (".safetensors", ".json", ".txt", ".model")


def folder_fingerprint(folder: Path) -> str:
    """One sha256 over all files of a checkpoint that can change its vectors.

    Args:
        folder: The checkpoint; sub-folders of the sentence-transformers layout count too.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in _DECIDING and path.is_file():
            digest.update(f"{path.relative_to(folder).as_posix()}\0{sha256_of(path)}\n".encode())
    return digest.hexdigest()
