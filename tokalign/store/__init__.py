"""The results store: what has been measured is kept by content and never measured twice."""

from __future__ import annotations

from tokalign.store.entry import Array, Entry
from tokalign.store.keys import (
    JSON,
    content_key,
    environment_versions,
    source_fingerprint,
    texts_key,
)
from tokalign.store.provenance import provenance
from tokalign.store.shards import compute_sharded, sharded
from tokalign.store.store import Store, default_store

__all__ = [
    "JSON",
    "Array",
    "Entry",
    "Store",
    "compute_sharded",
    "content_key",
    "default_store",
    "environment_versions",
    "provenance",
    "sharded",
    "source_fingerprint",
    "texts_key",
]
