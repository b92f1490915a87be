"""A SCIZOR whose simulated market is open, whatever the hour: a session of the past, replayed as fast as it went."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.e2e.stack import Stack, until

OPEN = "2024-03-14T10:30:00-04:00@1"
_RUN = secrets.token_hex(3)
SYMBOLS = (("AAPL", "NASDAQ", "USD"), ("IBM", "NYSE", "USD"))


@dataclass
class OpenMarket(Stack):
    """Its clock is that of the simulated gateway alone; streams that are quiet say so often."""

    @property
    def environment(self) -> dict[str, str]:
        """What commands of this stack see."""
        return super().environment | {"SCIZOR_IBSIM_CLOCK": OPEN, "SCIZOR_TRADING_HEARTBEAT_S": "0.5"}


@contextmanager
def trading_stack() -> Iterator[OpenMarket]:
    """Started, with symbols, and with its gate open."""
    stack = OpenMarket()
    try:
        stack.run("up", "--detach")
        with httpx.Client(base_url=stack.rest(), timeout=30.0) as rest:
            for symbol, exchange, currency in SYMBOLS:
                body = {"symbol": symbol, "primaryExchange": exchange, "currency": currency}
                assert rest.post("/api/symbols", json=body).status_code == 200
            until(lambda: gate(rest) == "GATE_STATE_OPEN", lambda: f"the gate is open, it is {gate(rest)}")
        yield stack
    finally:
        stack.run("down", check=False)
        until(lambda: not stack.processes(), "every process of the stack is gone")
        stack.remove()


def gate(rest: httpx.Client) -> str:
    """Whether orders can be sent."""
    answer = rest.get("/api/trading/status")
    return str(answer.json()["status"]["gate"]) if answer.status_code == 200 else answer.text


def market(quantity: int | str) -> dict[str, Any]:
    """The terms of a market order."""
    return {"quantity": {"value": str(quantity)}, "type": "ORDER_TYPE_MARKET"}


def limit(quantity: int | str, price: str) -> dict[str, Any]:
    """The terms of a limit order that outlives the day."""
    return {
        "quantity": {"value": str(quantity)},
        "type": "ORDER_TYPE_LIMIT",
        "limitPrice": {"value": price},
        "timeInForce": "TIME_IN_FORCE_GTC",
    }


def own(name: str) -> str:
    """A name that no run before had."""
    return f"{name}-{_RUN}"


def order(name: str, terms: dict[str, Any], symbol: str = "AAPL", side: str = "ORDER_SIDE_BUY") -> dict[str, Any]:
    """An order as callers write it; its name is of this run alone."""
    return {"clientOrderId": own(name), "symbol": symbol, "side": side, "terms": terms}


def placed(rest: httpx.Client, name: str, terms: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The answer's order."""
    answer = rest.post("/api/orders", json=order(name, terms) | changes)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["order"]
    return found


def reached(rest: httpx.Client, order_id: str, *states: str) -> dict[str, Any]:
    """The order's whole story, once it is in one of these states."""
    wanted = {f"ORDER_STATE_{state}" for state in states}

    def story() -> dict[str, Any] | None:
        found: dict[str, Any] = rest.get(f"/api/orders/{order_id}").json()
        return found if found["order"]["state"] in wanted else None

    found = until(story, lambda: f"{states}, it is {rest.get(f'/api/orders/{order_id}').json()['order']}", 20.0)
    assert found is not None
    return found


def events(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """What server-sent events say."""
    for line in lines:
        if line.startswith("data:"):
            yield json.loads(line.removeprefix("data:"))
