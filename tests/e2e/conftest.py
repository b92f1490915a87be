"""One stack for all calls, filled by the demo; tests that break things start their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.e2e.stack import Stack, until
from tests.e2e.trading import OpenMarket, trading_stack


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    running = Stack()
    try:
        running.run("up", "--detach")
        yield running
    finally:
        running.run("down", check=False)
        until(lambda: not running.processes(), "every process of the stack is gone")
        running.remove()


@pytest.fixture(scope="session")
def trading() -> Iterator[OpenMarket]:
    """A stack whose market is open."""
    with trading_stack() as running:
        yield running


@pytest.fixture(scope="session")
def demo(stack: Stack) -> Any:
    """What `scizor demo --json` printed; its bars and symbols are there for every test."""
    return stack.json("demo")


@pytest.fixture
def rest(stack: Stack, demo: Any) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.rest(), timeout=30.0) as client:
        yield client
