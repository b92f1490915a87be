"""One real database for every integration test, and folders the database's account can reach."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scizor.adapters.sql.embedded import EmbeddedPostgres


@contextmanager
def _folder() -> Iterator[Path]:
    """pytest's own tmp_path is closed to other accounts, and as root the database runs as one."""
    path = Path(tempfile.mkdtemp(prefix="scizor-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder of this test that every account may enter."""
    with _folder() as path:
        yield path


@pytest.fixture(scope="session")
def postgres_dsn() -> Iterator[str]:
    """The DSN of a server that the whole session shares; its database is empty at first."""
    with _folder() as path:
        server = EmbeddedPostgres(path / "home")
        try:
            yield server.start(die_with_parent=True)
        finally:
            server.stop()
