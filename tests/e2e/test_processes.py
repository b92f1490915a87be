"""What is left standing, and what is not, when processes are killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.e2e.stack import BIN, Stack, until


@pytest.fixture(scope="module")
def place() -> Iterator[Stack]:
    """A home and ports of this file's own: a database is made once."""
    stack = Stack()
    yield stack
    stack.run("down", check=False)
    until(lambda: not stack.processes(), "every process of the stack is gone")
    stack.remove()


@pytest.fixture
def own(place: Stack) -> Stack:
    """A running stack to break, whatever the test before has left of it."""
    place.run("up", "--detach")
    return place


@pytest.fixture
def stopped(place: Stack) -> Stack:
    """A stack that does not run."""
    place.run("down")
    return place


@contextmanager
def in_the_foreground(stack: Stack) -> Iterator[subprocess.Popen[bytes]]:
    """`scizor up`, as soon as the stack answers."""
    command = subprocess.Popen(
        [BIN / "scizor", "up"], env=stack.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until(lambda: healthy(stack), "the stack answers")
        yield command
    finally:
        command.kill()
        command.wait(30)


def supervisor(stack: Stack) -> int:
    # A stack that answers already may be about to call itself ready: until then `status` fails.
    return int(json.loads(stack.run("status", "--json", check=False).stdout)["pid"])


def healthy(stack: Stack) -> bool:
    try:
        return bool(httpx.get(stack.rest() + "/api/health", timeout=2).json()["storageOk"])
    except (httpx.HTTPError, KeyError, ValueError):
        return False


def test_down_leaves_no_orphan_and_frees_every_port(own: Stack) -> None:
    own.run("down")
    assert own.processes() == []
    for port in own.ports.values():
        with socket.socket() as holder:
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            holder.bind(("127.0.0.1", port))


def test_every_process_can_be_killed_and_nothing_stored_is_lost(own: Stack) -> None:
    created = {"symbol": "MSFT", "primaryExchange": "NASDAQ", "currency": "USD"}
    assert httpx.post(own.rest() + "/api/symbols", json=created).status_code == 200
    for child in own.json("status")["services"]:
        os.kill(child["pid"], signal.SIGKILL)
        until(lambda: healthy(own), f"healthy again after {child['name']} was killed", deadline_s=60)
        until(lambda: "ready" in own.run("status", check=False).stdout.split()[:1], f"all ready after {child['name']}")
        answer = httpx.get(own.rest() + "/api/symbols/MSFT", timeout=10)
        assert answer.json()["symbol"]["id"] == "MSFT.NASDAQ"


def test_a_taken_port_is_reported_with_its_setting() -> None:
    stack = Stack()
    try:
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", stack.ports["SCIZOR_EDGE_PORT"]))
            holder.listen()
            result = stack.run("up", "--detach", check=False)
        assert result.returncode == 1
        assert str(stack.ports["SCIZOR_EDGE_PORT"]) in result.stderr
        assert "SCIZOR_EDGE_PORT" in result.stderr
        until(lambda: not stack.processes(), "nothing was left running")
    finally:
        stack.remove()


def test_a_second_up_finds_the_first(own: Stack) -> None:
    before = supervisor(own)
    own.run("up", "--detach")
    assert supervisor(own) == before


def test_a_stack_in_the_foreground_ends_with_ctrl_c(stopped: Stack) -> None:
    with in_the_foreground(stopped) as command:
        command.send_signal(signal.SIGINT)
        assert command.wait(30) == 0
    until(lambda: not stopped.processes(), "every process of the stack is gone")


def test_killing_the_supervisor_leaves_no_orphan_and_the_next_one_starts(stopped: Stack) -> None:
    with in_the_foreground(stopped) as command:  # it becomes the supervisor
        assert supervisor(stopped) == command.pid
        command.kill()
        assert command.wait(30) == -signal.SIGKILL
    until(lambda: not stopped.processes(), lambda: f"the end of {stopped.processes()}")
    stopped.run("up", "--detach")
    assert healthy(stopped)
