"""What the script asks of a client library. Standard library only: it runs where nothing else is installed.

All calls block, have a deadline, and raise Refused when the gateway answers with an error of that request.
"""

from __future__ import annotations

from typing import Any, Protocol

Row = dict[str, Any]
DEADLINE_S = 20.0


class Refused(Exception):
    """The gateway's answer is an error."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code


def details_row(found: Any) -> Row:
    """Contract details; all libraries name them alike."""
    contract = found.contract
    return {
        "con_id": contract.conId,
        "symbol": contract.symbol,
        "exchange": contract.primaryExchange,
        "currency": contract.currency,
        "min_tick": found.minTick,
        "name": found.longName,
        "zone": found.timeZoneId,
        "stock_type": found.stockType,
        "rules": found.marketRuleIds,
        "tags": [[one.tag, one.value] for one in found.secIdList or []],
    }


def bar_row(bar: Any, time: str) -> Row:
    """A bar under its time; all libraries name its parts alike."""
    row: Row = {name: getattr(bar, name) for name in ("open", "high", "low", "close")}
    return {"time": time, **row, "volume": float(bar.volume)}


def terms_row(order: Any, status: str) -> Row:
    """An open order; all libraries name its parts alike."""
    return {
        "order_id": order.orderId,
        "kind": order.orderType,
        "limit": order.lmtPrice,
        "trigger": order.auxPrice,
        "stop": order.trailStopPrice,
        "percent": order.trailingPercent,
        "offset": order.lmtPriceOffset,
        "tif": order.tif,
        "until": order.goodTillDate,
        "group": order.ocaGroup,
        "group_type": int(order.ocaType),
        "parent": order.parentId,
        "status": status,
    }


class Driver(Protocol):
    """A client under test. Contracts go in as fields by name, values come out as plain rows."""

    speaks_schedule: bool

    def connect(self, port: int, client_id: int) -> Row:
        """version, accounts."""

    def notices(self) -> list[int]:
        """Codes of all messages so far that answer no request."""

    def current_time(self) -> int:
        """Epoch seconds."""

    def contract_details(self, **contract: Any) -> list[Row]:
        """con_id, symbol, exchange, currency, min_tick, name, zone, stock_type, rules, tags."""

    def matching_symbols(self, pattern: str) -> list[str]:
        """Symbols."""

    def market_rule(self, rule: int) -> list[list[float]]:
        """Edges and steps."""

    def head_timestamp(self, con_id: int) -> int:
        """Epoch seconds of the first trade."""

    def history(self, contract: Row, end: str, duration: str, size: str, what: str, time_format: int) -> list[Row]:
        """time (as text: a date or epoch seconds), open, high, low, close, volume."""

    def history_updates(self, con_id: int, size: str, count: int) -> tuple[list[Row], list[Row], int]:
        """The first bars, so many updates, and the code that answers the cancel."""

    def schedule(self, con_id: int, duration: str) -> list[str]:
        """Dates of sessions."""

    def quotes(self, con_id: int, data_type: int, *, snapshot: bool = False) -> Row:
        """type, bid, ask, last; waits for all four; cancels."""

    def trades(self, con_id: int, count: int) -> list[Row]:
        """price, size of so many ticks."""

    def spreads(self, con_id: int, count: int) -> list[Row]:
        """bid, ask of so many ticks."""

    def real_time_bars(self, con_id: int, count: int) -> list[Row]:
        """time (epoch seconds), open, close of so many bars."""

    def positions(self) -> dict[str, float]:
        """Shares by symbol."""

    def account(self) -> Row:
        """values: by key; portfolio: shares by symbol."""

    def account_summary(self, tags: str) -> dict[str, str]:
        """Values by tag."""

    def place(self, con_id: int, action: str, quantity: int, price: float | None, until: str) -> Row:
        """order_id, statuses, filled, price, commission of a market or limit order, once its status is `until`."""

    def place_order(self, con_id: int, until: str, **order: Any) -> int:
        """The order id of an order of these fields by name, once its status is `until`."""

    def open_terms(self) -> list[Row]:
        """order_id, kind, limit, trigger, stop, percent, offset, tif, until, group, group_type, parent, status."""

    def gains(self, con_id: int) -> Row:
        """shares and value of a position, and whether the account's gains came too."""

    def change(self, order_id: int, con_id: int, action: str, quantity: int, price: float) -> Row:
        """The limit price that the gateway then shows."""

    def cancel(self, order_id: int) -> Row:
        """status and code."""

    def open_orders(self) -> list[int]:
        """Order ids."""

    def completed_orders(self) -> list[str]:
        """Statuses."""

    def executions(self) -> list[Row]:
        """exec_id, side, shares, price."""

    def close(self) -> None:
        """Hang up."""
