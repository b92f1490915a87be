"""One warden for all tests of an event loop, and a secret in the service's environment."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from scizor.adapters.sandbox import LockedSandbox, SandboxSettings

INSIDE = Path(__file__).parent / "inside"
SECRET = "postgresql://scizor:the-service's-secret@127.0.0.1/scizor"
SETTINGS = SandboxSettings(concurrency=3, preload=("stage:twice",), import_roots=(INSIDE,))


@pytest.fixture(scope="session")
async def sandbox() -> AsyncIterator[LockedSandbox]:
    """One that is started."""
    os.environ["SCIZOR_TEST_DATABASE_URL"] = SECRET
    made = LockedSandbox(SETTINGS)
    try:
        await made.start()
        yield made
    finally:
        await made.close()
        del os.environ["SCIZOR_TEST_DATABASE_URL"]
