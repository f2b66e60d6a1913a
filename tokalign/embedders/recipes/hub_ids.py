"""Hub ids, ``owner/name``, with or without the commit that is meant: ``owner/name@COMMIT``."""

from __future__ import annotations

import re

_HUB_ID = re.compile(r"([A-Za-z0-9][\w.-]*/[\w-][\w.-]*)(?:@([\w./-]+))?")


def split_hub_id(checkpoint: str) -> tuple[str, str | None] | None:
    """The hub id and the commit of a checkpoint's name; None for what is no hub id.

    >>> split_hub_id("owner/name"), split_hub_id("owner/name@refs/pr/1")
    (('owner/name', None), ('owner/name', 'refs/pr/1'))
    >>> split_hub_id("/some/where@1"), split_hub_id("../model"), split_hub_id("owner/..")
    (None, None, None)
    """
    found = _HUB_ID.fullmatch(checkpoint)
    return (found[1], found[2]) if found else None


def without_commit(checkpoint: str) -> str:
    """A checkpoint's name, without the commit where it is a hub id with one.

    >>> without_commit("owner/name@0123"), without_commit("/some/where@1")
    ('owner/name', '/some/where@1')
    """
    parts = split_hub_id(checkpoint)
    return parts[0] if parts else checkpoint
