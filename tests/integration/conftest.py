"""Folders that the database's account can reach, and kernels that are compiled before a deadline runs."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scizor.adapters.calendar import ExchangeSessions
from scizor.adapters.clock import SystemClock
from scizor.services.backtest.warm import warm_up, warm_up_searches


@pytest.fixture(scope="session")
def compiled() -> None:
    """No test's deadline pays for the compiler, in this process or in those it starts."""
    calendar = ExchangeSessions(SystemClock())
    warm_up(calendar)
    warm_up_searches(calendar)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account may enter; pytest's own are closed to the one a root's database runs as."""
    path = Path(tempfile.mkdtemp(prefix="scizor-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path)
