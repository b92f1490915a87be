"""What is left standing, and what is not, when processes are killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.stack import BIN, Stack, until


@pytest.fixture
def own() -> Iterator[Stack]:
    """A stack to break."""
    running = Stack()
    running.run("up", "--detach")
    yield running
    running.run("down", check=False)
    until(lambda: not running.processes(), "every process of the stack is gone")
    running.remove()


def supervisor(stack: Stack) -> int:
    return int(stack.json("status")["pid"])


def healthy(stack: Stack) -> bool:
    try:
        return bool(httpx.get(stack.rest() + "/api/health", timeout=2).json()["storageOk"])
    except (httpx.HTTPError, KeyError, ValueError):
        return False


def test_killing_the_supervisor_leaves_no_orphan(own: Stack) -> None:
    os.kill(supervisor(own), signal.SIGKILL)
    until(lambda: not own.processes(), "every process of the stack is gone")
    own.run("up", "--detach")
    assert healthy(own)


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


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 0), (signal.SIGKILL, -signal.SIGKILL)])
def test_a_stack_in_the_foreground_goes_with_its_command(sent: signal.Signals, status: int) -> None:
    stack = Stack()
    try:
        command = subprocess.Popen(
            [BIN / "scizor", "up"], env=stack.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until(lambda: healthy(stack), "the stack answers")
        command.send_signal(sent)
        assert command.wait(30) == status
        until(lambda: not stack.processes(), "every process of the stack is gone")
    finally:
        stack.run("down", check=False)
        stack.remove()
