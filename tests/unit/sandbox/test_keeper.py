"""The warden's loop when its host goes away: it ends, without a word."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from dataclasses import asdict

import pytest

from scizor.adapters.sandbox.keeper import Keeper, Means
from scizor.ports.sandbox import Limits

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Host and warden."""
    host, warden = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with host, warden:
        yield host, warden


@pytest.fixture
def means() -> Iterator[Means]:
    size = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
    yield Means(-1, -1, size, None, frozenset())
    os.close(size)


@pytest.mark.parametrize("unread", [False, True])
def test_a_warden_whose_host_is_gone_ends(pair: Pair, means: Means, *, unread: bool) -> None:
    host, warden = pair
    if unread:  # then the kernel calls the end a reset
        warden.send(b"a report")
    host.close()
    assert Keeper(warden, means).serve() is None


def test_a_report_that_nobody_hears_is_dropped(pair: Pair, means: Means, monkeypatch: pytest.MonkeyPatch) -> None:
    host, warden = pair

    def fork() -> int:
        raise OSError("no more processes")

    monkeypatch.setattr(os, "fork", fork)
    request = {"run": 1, "program": "a:b", "uid": None, "limits": asdict(Limits()), "question": [0, 0]}
    files = [os.open("/dev/null", os.O_RDWR) for _ in range(3)]
    try:
        socket.send_fds(host, [json.dumps(request).encode()], files)
    finally:
        for file in files:
            os.close(file)
    host.close()
    assert Keeper(warden, means).serve() is None
