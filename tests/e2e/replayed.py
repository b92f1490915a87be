"""A SCIZOR in a past month: its market goes on when a test says, from after one session's close to after the next's."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from tests.e2e.stack import Stack, free_ports, until
from tests.e2e.trading import gate

_NEW_YORK = ZoneInfo("America/New_York")
_SETTLED = time(16, 31)  # the close is half an hour ago
_HISTORY = timedelta(days=60)
_IN_FLIGHT = ("PENDING_SUBMIT", "PENDING_REPLACE", "PENDING_CANCEL", "UNKNOWN")


@dataclass
class Replay(Stack):
    """`first`: the session it begins in, two minutes before the close."""

    symbols: tuple[str, ...] = ()
    first: date = date(2012, 11, 26)
    control: int = field(default_factory=lambda: free_ports(1)[0])

    @property
    def environment(self) -> dict[str, str]:
        """What commands of this stack see."""
        return super().environment | {
            "SCIZOR_IBSIM_CLOCK": f"{_at(self.first, time(15, 58)).isoformat()}@1",
            "SCIZOR_IBSIM_CONTROL_PORT": str(self.control),
            "SCIZOR_IBSIM_FILL_AT": "last",
        }

    def jump(self, session: date, at: time) -> None:
        """Let the market go on to that time in New York."""
        with socket.create_connection(("127.0.0.1", self.control), timeout=20.0) as line:
            demand = {"do": "jump", "to": _at(session, at).isoformat()}
            line.sendall(json.dumps(demand).encode() + b"\n")
            answer = json.loads(line.makefile().readline())
        assert answer["ok"], answer


@contextmanager
def replay(symbols: tuple[str, ...]) -> Iterator[tuple[Replay, httpx.Client]]:
    """Started, with the bars of the weeks before collected, and with its gate open."""
    stack = Replay(symbols=symbols)
    try:
        stack.run("up", "--detach")
        with httpx.Client(base_url=stack.rest(), timeout=90.0) as rest:
            for symbol in symbols:
                body = {"symbol": symbol, "primaryExchange": "NASDAQ", "currency": "USD"}
                assert rest.post("/api/symbols", json=body).status_code == 200
            start, end = (stack.first - age for age in (_HISTORY, timedelta(days=1)))
            asked = {"symbols": list(symbols), "start": start.isoformat(), "end": end.isoformat()}
            assert rest.post("/api/collect/historical/-", json=asked).status_code == 200
            until(lambda: gate(rest) == "GATE_STATE_OPEN", lambda: f"the gate is open, it is {gate(rest)}")
            yield stack, rest
    finally:
        stack.run("down", check=False)
        until(lambda: not stack.processes(), "every process of the stack is gone")
        stack.remove()


def closes(rest: httpx.Client, stack: Replay, session: date, deployments: list[str]) -> None:
    """A session closes and its bars are collected; each deployment is shown them, and what it asks for is placed."""
    stack.jump(session, _SETTLED)
    until(lambda: collected(rest, stack, session), f"the bars of {session} are collected", 60.0)
    close = _at(session, time(16))

    def shown() -> bool:
        found = [rest.get(f"/api/deployments/{one}").json()["deployment"] for one in deployments]
        return all(one.get("lastBarTime") and datetime.fromisoformat(one["lastBarTime"]) == close for one in found)

    until(shown, lambda: f"the bar of {session} is shown: {rest.get('/api/deployments').json()}", 60.0)
    settles(rest)


def collected(rest: httpx.Client, stack: Replay, session: date) -> bool:
    """Have the session's bars collected, as a job in the evening does; whether all are stored."""
    day = session.isoformat()
    assert rest.post("/api/collect", json={"date": day}).status_code == 200
    found = [rest.get(f"/api/data/{one}", params={"start": day, "end": day}).json() for one in stack.symbols]
    return all(one.get("bars", {}).get("close") for one in found)


def trades_until_before_the_close(rest: httpx.Client, stack: Replay, session: date) -> None:
    """The next session goes on until shortly before its close; what fills is booked."""
    stack.jump(session, time(15, 59))
    settles(rest)


def settles(rest: httpx.Client) -> None:
    """Until nothing is under way between us and the broker, and its books are ours."""

    def settled() -> bool:
        orders = rest.get("/api/orders", params={"open": True}).json()["orders"]
        if any(one["state"].removeprefix("ORDER_STATE_") in _IN_FLIGHT for one in orders):
            return False
        told: dict[str, Any] = rest.post("/api/trading:reconcile", json={}).json()
        return "differences" in told and not told["differences"]

    until(settled, "orders are settled", 60.0)


def _at(session: date, at: time) -> datetime:
    return datetime.combine(session, at, _NEW_YORK)
