"""``index.json``: what an index is, and which files belong to it. Holds no time and no place.

The one exception is where the embedder was loaded from, since a search needs to find it again.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tokalign.datasets.files import sha256_of
from tokalign.errors import TokalignError
from tokalign.retrieval.sparse import SparseSettings

#: Of the folder and its files. A reader refuses a higher one.
FORMAT = 1
NAME = "index.json"
IDS = "ids.jsonl"
INDPTR, INDICES, WEIGHTS = "indptr.npy", "indices.npy", "weights.npy"
FREQUENCY, MEAN = "frequency.npy", "mean.npy"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class File(_Part):
    """One file of the folder: its size in bytes and its sha256."""

    bytes: int = Field(ge=0)
    sha256: str


class EmbedderFacts(_Part):
    """Who made the vectors.

    Attributes:
        name: Its recipe's name.
        source: What to load it by: a registry name, a hub id or a folder.
        fingerprint: See `Embedder`.
        head: The fingerprint of the head that decoded them.
        dtype: In which precision it computed.
        device: On which kind of device.
        document_prompt: Whether documents were read by the recipe's prompt ``document``.
    """

    name: str
    source: str
    fingerprint: str
    head: str
    dtype: str
    device: str
    document_prompt: bool


class DocumentFacts(_Part):
    """Which documents.

    Attributes:
        sha256: Of the bytes of their file.
        count: How many, N.
        blank: How many of them have no text, and so no weights.
        cut: How many are longer than the embedder reads.
    """

    sha256: str
    count: int = Field(ge=1)
    blank: int = Field(ge=0)
    cut: int = Field(ge=0)


class Description(_Part):
    """All that is known of an index before its arrays are opened.

    Attributes:
        format: Version of the layout.
        tokalign: Version of the package that wrote it.
        key: Content key: the same for the same documents, embedder, settings and code.
        settings: How texts become sparse vectors.
        embedder: Who made the vectors.
        documents: Which documents.
        columns: C.
        column_names: sha256 over the names of the columns.
        width: Dimension of the vectors that meet the head's matrix.
        postings: Stored weights, over all documents.
        step: A weight is the number that is stored times this; 1 where 32 bits are stored.
        files: Every file of the folder but this one.
    """

    format: int
    tokalign: str
    key: str
    settings: SparseSettings
    embedder: EmbedderFacts
    documents: DocumentFacts
    columns: int = Field(ge=1)
    column_names: str
    width: int = Field(ge=1)
    postings: int = Field(ge=0)
    step: float = Field(gt=0, allow_inf_nan=False)
    files: dict[str, File]

    @property
    def bytes(self) -> int:
        """Size of the files."""
        return sum(file.bytes for file in self.files.values())


def file_names(centred: bool) -> list[str]:
    """The files of an index beside ``index.json``.

    Args:
        centred: Whether a mean was taken off the vectors.

    >>> file_names(centred=False)
    ['ids.jsonl', 'indptr.npy', 'indices.npy', 'weights.npy', 'frequency.npy']
    """
    return [IDS, INDPTR, INDICES, WEIGHTS, FREQUENCY, *([MEAN] if centred else [])]


def facts_of(folder: Path, names: list[str]) -> dict[str, File]:
    """Size and hash of files."""
    return {
        name: File(bytes=(folder / name).stat().st_size, sha256=sha256_of(folder / name))
        for name in names
    }


def write_description(folder: Path, description: Description) -> None:
    """Write ``index.json``."""
    with (folder / NAME).open("xb") as file:
        file.write((description.model_dump_json(indent=2) + "\n").encode("utf-8"))
        file.flush()
        os.fsync(file.fileno())


def read_description(folder: Path) -> Description:
    """Read ``index.json`` and compare the sizes of the files with it.

    Raises:
        TokalignError: The folder is no index, or one of a newer format, or it is damaged.
    """
    try:
        found = json.loads((folder / NAME).read_bytes())
    except (FileNotFoundError, NotADirectoryError) as error:
        raise TokalignError(
            f"{folder} is no index: it lacks {NAME}; `tokalign index` makes one"
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise TokalignError(f"{folder / NAME} cannot be read: {error}") from error
    version = found.get("format") if isinstance(found, dict) else None
    if isinstance(version, int) and version > FORMAT:
        raise TokalignError(
            f"{folder} is an index of format {version}, newer than this tokalign reads "
            f"({FORMAT}); use the version that made it ({found.get('tokalign')}) or a later one"
        )
    try:
        made = Description.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "document"
        raise TokalignError(f"{folder / NAME}: {where}: {first['msg']}") from error
    _check_sizes(folder, made)
    return made


def _check_sizes(folder: Path, description: Description) -> None:
    names = file_names(description.settings.centre)
    if sorted(description.files) != sorted(names):
        raise TokalignError(f"{folder / NAME}: files: must be {', '.join(names)}")
    for name, file in description.files.items():
        try:
            size = (folder / name).stat().st_size
        except OSError as error:
            raise damaged(folder, f"{name}: {error.strerror}") from error
        if size != file.bytes:
            raise damaged(folder, f"{name} holds {size} bytes instead of {file.bytes}")


def check_hashes(folder: Path, description: Description) -> None:
    """Compare the content of the files with ``index.json``, which reads all of them.

    Raises:
        TokalignError: A file was altered.
    """
    for name, file in description.files.items():
        if sha256_of(folder / name) != file.sha256:
            raise damaged(folder, f"{name} is not what was written")


def damaged(folder: Path, what: str) -> TokalignError:
    """Make the error for an index that is not as it was written."""
    return TokalignError(f"the index {folder} is damaged: {what}; build it again with --replace")
