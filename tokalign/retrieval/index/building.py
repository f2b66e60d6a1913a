"""Documents -> an index in a folder.

Vectors come through the results store, shard by shard, so a build that is killed and started again
computes at most one shard twice; the files are the same to the byte. All else is made anew, since
it takes a small part of the time. Does NOT add documents to an index that is there.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tokalign.embedders import Embedder
from tokalign.embedders.encoding.stored import computing_libraries
from tokalign.errors import TokalignError
from tokalign.retrieval.index.description import NAME, EmbedderFacts, file_names, read_description
from tokalign.retrieval.index.documents import Documents
from tokalign.retrieval.index.publishing import put_in_place, staging
from tokalign.retrieval.index.stored import SparseIndex
from tokalign.retrieval.index.writing import IndexWriter
from tokalign.retrieval.sparse import SparseSettings
from tokalign.store import Store, content_key, environment_versions, source_fingerprint
from tokalign.tokens import Head


def build_index(
    documents: Documents,
    embedder: Embedder,
    head: Head,
    settings: SparseSettings,
    out: Path,
    store: Store | None = None,
    *,
    source: str | None = None,
    replace: bool = False,
    progress: bool = False,
) -> SparseIndex:
    """Build an index, unless the same one is there already.

    Args:
        documents: N documents; blank ones get an empty row.
        embedder: Who embeds them, by its prompt ``document`` where it has one.
        head: Who decodes.
        settings: How they become sparse vectors.
        out: The folder, which appears whole as the last act.
        store: Where vectors are kept; None computes everything.
        source: What a search is to load the embedder by; its name where it is None.
        replace: Build it in the place of an index that is there.
        progress: Show a progress bar on standard error.

    Raises:
        TokalignError: `out` is taken by something else, or another process builds it; the
            documents were altered meanwhile; see `encode_stored` and `SparseEncoder`.
        OSError: It cannot be written. What was at `out` is as it was.
    """
    # A link stays a link: what it leads to is replaced.
    out = Path(os.path.realpath(out))
    facts = EmbedderFacts(
        name=embedder.name,
        source=source or embedder.name,
        fingerprint=embedder.fingerprint,
        head=head.fingerprint,
        dtype=embedder.dtype,
        device=embedder.device.type,
        document_prompt="document" in embedder.recipe.prompts,
    )
    key = index_key(documents, facts, settings)
    with staging(out) as folder:
        if _is_there(out, key, replace):
            return SparseIndex.load(out)
        scratch = folder / "store"
        if store is None and settings.centre:
            # The vectors are needed twice: for their mean, and without it.
            store = Store(scratch)
        IndexWriter(folder, documents, embedder, head, settings, store, progress).write(key, facts)
        shutil.rmtree(scratch, ignore_errors=True)
        documents.check_unaltered()
        put_in_place(folder, out)
    return SparseIndex.load(out)


def index_key(documents: Documents, embedder: EmbedderFacts, settings: SparseSettings) -> str:
    """The content key of an index: all that its weights depend on."""
    return content_key(
        kind="sparse index",
        documents=documents.sha256,
        lines=documents.path.suffix,
        embedder=embedder.model_dump(exclude={"name", "source"}),
        settings=settings.model_dump(),
        code=source_fingerprint(
            "tokalign.embedders", "tokalign.tokens", "tokalign.retrieval.sparse",
            "tokalign.retrieval.index",
        ),
        libraries=[computing_libraries(), environment_versions("scipy", "snowballstemmer")],
    )  # fmt: skip


def _is_there(out: Path, key: str, replace: bool) -> bool:
    """Whether the very index is at `out`; False where the place is free or to be replaced.

    Raises:
        TokalignError: The place is taken.
    """
    if not out.exists():
        return False
    if not out.is_dir():
        raise TokalignError(f"{out} is a file; an index is a folder")
    held = {path.name for path in out.iterdir()}
    if not held:
        return False
    every = {NAME, *file_names(centred=True)}
    if NAME not in held or held - every:
        raise TokalignError(
            f"{out} holds what is no index, and is left as it is; allowed: a new or empty folder, "
            "or one with an index"
        )
    if replace:
        return False
    if read_description(out).key != key:
        raise TokalignError(
            f"{out} holds the index of other documents, another embedder, other settings or "
            "another version; --replace replaces it"
        )
    return True
