"""Folders that the database's account can reach."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account may enter; pytest's own are closed to the one a root's database runs as."""
    path = Path(tempfile.mkdtemp(prefix="scizor-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path)
