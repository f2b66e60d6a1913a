"""Whether the code that a checkpoint brings may be run: only where the user names that checkpoint.

Such code can do whatever the user can, so nothing turns it on but ``$TOKALIGN_TRUST_REMOTE_CODE``,
a list of hub ids, ``owner/name,owner/other``. Its weights are read from safetensors all the same.
"""

from __future__ import annotations

import os

from tokalign.embedders.recipes.hub_ids import split_hub_id

#: The environment variable that names the checkpoints.
VARIABLE = "TOKALIGN_TRUST_REMOTE_CODE"


def trusted(checkpoint: str) -> bool:
    """Whether the user has named this very checkpoint as one whose code may be run.

    Args:
        checkpoint: As a recipe names it. A folder is never trusted: what lies in it has no name
            that could be checked.

    >>> os.environ[VARIABLE] = "owner/name, owner/other"
    >>> trusted("owner/other"), trusted("owner/name@1f2e"), trusted("owner/na"), trusted("./name")
    (True, True, False, False)
    >>> del os.environ[VARIABLE]
    >>> trusted("owner/name")
    False
    """
    parts = split_hub_id(checkpoint)
    return parts is not None and parts[0] in (
        name.strip() for name in os.environ.get(VARIABLE, "").split(",")
    )
