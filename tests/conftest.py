"""Fixtures for every test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of public data sets that lies beside the checkout on the project's machines."""
    beside = Path(__file__).resolve().parents[2] / "shared"
    folder = Path(os.environ.get("TOKALIGN_SHARED") or beside)
    if not (folder / "datasets").is_dir():
        pytest.skip(f"no shared folder of data sets ({folder}); TOKALIGN_SHARED names one")
    return folder
