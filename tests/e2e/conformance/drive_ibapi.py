"""The official client, any version, behind the script's interface. Runs where nothing but `ibapi` is installed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tests.e2e.conformance.driver import DEADLINE_S, Refused, Row, bar_row, details_row, terms_row
from tests.e2e.conformance.script import main
from tests.e2e.conformance.tap import Event, Tap

if TYPE_CHECKING:  # the client is never installed where types are checked
    EClient: Any
    Contract: Any
    ExecutionFilter: Any
    Order: Any
    OrderCancel: Any
else:
    from ibapi.client import EClient
    from ibapi.contract import Contract
    from ibapi.execution import ExecutionFilter
    from ibapi.order import Order

    try:
        from ibapi.order_cancel import OrderCancel
    except ImportError:  # 9.81 cancels by id alone
        OrderCancel = None

_WARNINGS = {399, 2104, 2106, 2158, 10167}
_BID_ASK_LAST = {1: "bid", 2: "ask", 4: "last", 66: "bid", 67: "ask", 68: "last"}


class IbapiDriver:
    """Sends a request, then waits for the callback that ends it."""

    def __init__(self) -> None:
        self._tap = Tap()
        self._client = EClient(self._tap)
        self._ids = 1000
        self._order_ids = 0
        self.speaks_schedule = False

    def connect(self, port: int, client_id: int) -> Row:
        def go() -> None:
            self._client.connect("127.0.0.1", port, client_id)
            threading.Thread(target=self._client.run, daemon=True).start()

        events = self._gather(go, lambda name, _: name == "nextValidId")
        self._order_ids = self._last(events, "nextValidId")[0]
        self.speaks_schedule = self._client.serverVersion() >= 165
        accounts = self._last(events, "managedAccounts")[0]
        self._gather(lambda: None, lambda name, args: name == "error" and args[1] == 2158, from_start=True)
        return {"version": self._client.serverVersion(), "accounts": accounts}

    def notices(self) -> list[int]:
        return [args[1] for name, args in self._tap.events if name == "error" and args[0] == -1]

    def current_time(self) -> int:
        events = self._gather(self._client.reqCurrentTime, lambda name, _: name == "currentTime")
        return int(self._last(events, "currentTime")[0])

    def contract_details(self, **contract: Any) -> list[Row]:
        events = self._ask(lambda req: self._client.reqContractDetails(req, _contract(contract)), "contractDetailsEnd")
        return [details_row(args[1]) for name, args in events if name == "contractDetails"]

    def matching_symbols(self, pattern: str) -> list[str]:
        events = self._ask(lambda req: self._client.reqMatchingSymbols(req, pattern), "symbolSamples")
        return [one.contract.symbol for one in self._last(events, "symbolSamples")[1]]

    def market_rule(self, rule: int) -> list[list[float]]:
        events = self._gather(lambda: self._client.reqMarketRule(rule), lambda name, _: name == "marketRule")
        return [[step.lowEdge, step.increment] for step in self._last(events, "marketRule")[1]]

    def head_timestamp(self, con_id: int) -> int:
        contract = _contract({"conId": con_id, "exchange": "SMART"})
        events = self._ask(lambda req: self._client.reqHeadTimeStamp(req, contract, "TRADES", 1, 2), "headTimestamp")
        return int(self._last(events, "headTimestamp")[1])

    def history(self, contract: Row, end: str, duration: str, size: str, what: str, time_format: int) -> list[Row]:
        wanted: tuple[Any, ...] = (_contract(contract), end, duration, size, what, 1, time_format, False, [])
        events = self._ask(lambda req: self._client.reqHistoricalData(req, *wanted), "historicalDataEnd")
        return [_bar(args[1]) for name, args in events if name == "historicalData"]

    def history_updates(self, con_id: int, size: str, count: int) -> tuple[list[Row], list[Row], int]:
        wanted: tuple[Any, ...] = (
            _contract({"conId": con_id, "exchange": "SMART"}),
            "",
            "3600 S",
            size,
            "TRADES",
            1,
            2,
            True,
            [],
        )
        events = self._ask(lambda req: self._client.reqHistoricalData(req, *wanted), "historicalDataUpdate", count)
        first = [_bar(args[1]) for name, args in events if name == "historicalData"]
        updates = [_bar(args[1]) for name, args in events if name == "historicalDataUpdate"]
        try:
            self._ask(lambda _: self._client.cancelHistoricalData(self._ids), "never", req_id=self._ids)
        except Refused as error:
            return first, updates, error.code
        return first, updates, 0

    def schedule(self, con_id: int, duration: str) -> list[str]:
        wanted: tuple[Any, ...] = (
            _contract({"conId": con_id, "exchange": "SMART"}),
            "",
            duration,
            "1 day",
            "SCHEDULE",
            1,
            1,
            False,
            [],
        )
        events = self._ask(lambda req: self._client.reqHistoricalData(req, *wanted), "historicalSchedule")
        return [one.refDate for one in self._last(events, "historicalSchedule")[4]]

    def quotes(self, con_id: int, data_type: int, *, snapshot: bool = False) -> Row:
        self._client.reqMarketDataType(data_type)
        contract = _contract({"conId": con_id, "exchange": "SMART"})

        def send(req: int) -> None:
            self._client.reqMktData(req, contract, "", snapshot, False, [])

        if snapshot:
            events = self._ask(send, "tickSnapshotEnd")
        else:
            events = self._ask(send, "tickPrice", 3)
            self._client.cancelMktData(self._ids)
        prices = {_BID_ASK_LAST.get(args[1], ""): args[2] for name, args in events if name == "tickPrice"}
        return {"type": self._last(events, "marketDataType")[1], **{key: prices[key] for key in ("bid", "ask", "last")}}

    def trades(self, con_id: int, count: int) -> list[Row]:
        events = self._ticks(con_id, "AllLast", "tickByTickAllLast", count)
        return [{"price": args[3], "size": float(args[4])} for name, args in events if name == "tickByTickAllLast"]

    def spreads(self, con_id: int, count: int) -> list[Row]:
        events = self._ticks(con_id, "BidAsk", "tickByTickBidAsk", count)
        return [{"bid": args[2], "ask": args[3]} for name, args in events if name == "tickByTickBidAsk"]

    def real_time_bars(self, con_id: int, count: int) -> list[Row]:
        contract = _contract({"conId": con_id, "exchange": "SMART"})
        events = self._ask(
            lambda req: self._client.reqRealTimeBars(req, contract, 5, "TRADES", True, []), "realtimeBar", count
        )
        self._client.cancelRealTimeBars(self._ids)
        bars = [args for name, args in events if name == "realtimeBar"]
        return [{"time": args[1], "open": args[2], "close": args[5]} for args in bars]

    def positions(self) -> dict[str, float]:
        events = self._gather(self._client.reqPositions, lambda name, _: name == "positionEnd")
        self._client.cancelPositions()
        return {args[1].symbol: float(args[2]) for name, args in events if name == "position"}

    def account(self) -> Row:
        events = self._gather(
            lambda: self._client.reqAccountUpdates(True, ""), lambda name, _: name == "accountDownloadEnd"
        )
        self._client.reqAccountUpdates(False, "")
        values = {args[0]: args[1] for name, args in events if name == "updateAccountValue"}
        held = {args[0].symbol: float(args[1]) for name, args in events if name == "updatePortfolio"}
        return {"values": values, "portfolio": held}

    def account_summary(self, tags: str) -> dict[str, str]:
        events = self._ask(lambda req: self._client.reqAccountSummary(req, "All", tags), "accountSummaryEnd")
        self._client.cancelAccountSummary(self._ids)
        return {args[2]: args[3] for name, args in events if name == "accountSummary"}

    def place(self, con_id: int, action: str, quantity: int, price: float | None, until: str) -> Row:
        self._order_ids += 1
        order_id = self._order_ids - 1
        commissions = ("commissionReport", "commissionAndFeesReport")

        def is_over(name: str, args: tuple[Any, ...]) -> bool:
            if until == "Filled":
                return name in commissions
            return name == "orderStatus" and args[:2] == (order_id, until)

        contract = _contract({"conId": con_id, "exchange": "SMART"})
        order = _order(action, quantity, price)
        events = self._gather(lambda: self._client.placeOrder(order_id, contract, order), is_over, order_id)
        statuses = [args[1] for name, args in events if name == "orderStatus" and args[0] == order_id]
        fills = [args[2] for name, args in events if name == "execDetails"]
        costs = [args[0] for name, args in events if name in commissions]
        return {
            "order_id": order_id,
            "statuses": statuses,
            "filled": sum(float(fill.shares) for fill in fills),
            "price": fills[-1].price if fills else None,
            "commission": sum(
                getattr(one, "commission", None) or getattr(one, "commissionAndFees", 0) for one in costs
            ),
        }

    def place_order(self, con_id: int, until: str, **order: Any) -> int:
        self._order_ids += 1
        order_id = self._order_ids - 1
        contract, wanted = _contract({"conId": con_id, "exchange": "SMART"}), _order("", 0, None)
        for name, value in order.items():
            setattr(wanted, name, value)
        self._gather(
            lambda: self._client.placeOrder(order_id, contract, wanted),
            lambda name, args: name == "orderStatus" and args[:2] == (order_id, until),
            order_id,
        )
        return order_id

    def open_terms(self) -> list[Row]:
        events = self._gather(self._client.reqOpenOrders, lambda name, _: name == "openOrderEnd")
        return [terms_row(args[2], args[3].status) for name, args in events if name == "openOrder"]

    def gains(self, con_id: int) -> Row:
        account = self._last(self._tap.events, "managedAccounts")[0]
        self._ask(lambda req: self._client.reqPnL(req, account, ""), "pnl")
        self._client.cancelPnL(self._ids)
        events = self._ask(lambda req: self._client.reqPnLSingle(req, account, "", con_id), "pnlSingle")
        self._client.cancelPnLSingle(self._ids)
        _, shares, _, _, _, value = self._last(events, "pnlSingle")
        return {"shares": float(shares), "value": value, "total": True}

    def change(self, order_id: int, con_id: int, action: str, quantity: int, price: float) -> Row:
        contract, order = _contract({"conId": con_id, "exchange": "SMART"}), _order(action, quantity, price)
        events = self._gather(
            lambda: self._client.placeOrder(order_id, contract, order),
            lambda name, args: name == "openOrder" and args[0] == order_id,
            order_id,
        )
        return {"price": self._last(events, "openOrder")[2].lmtPrice}

    def cancel(self, order_id: int) -> Row:
        def send() -> None:
            self._client.cancelOrder(order_id, *([OrderCancel()] if OrderCancel else []))

        events = self._gather(send, lambda name, args: name == "error" and args[0] == order_id)
        code = self._last(events, "error")[1]
        statuses = [args[1] for name, args in events if name == "orderStatus"]
        if not statuses:
            raise Refused(code, "cancel")
        return {"status": statuses[-1], "code": code}

    def open_orders(self) -> list[int]:
        events = self._gather(self._client.reqOpenOrders, lambda name, _: name == "openOrderEnd")
        return [args[0] for name, args in events if name == "openOrder"]

    def completed_orders(self) -> list[str]:
        events = self._gather(
            lambda: self._client.reqCompletedOrders(False), lambda name, _: name == "completedOrdersEnd"
        )
        return [args[2].status for name, args in events if name == "completedOrder"]

    def executions(self) -> list[Row]:
        events = self._ask(lambda req: self._client.reqExecutions(req, ExecutionFilter()), "execDetailsEnd")
        fills = [args[2] for name, args in events if name == "execDetails"]
        return [
            {"exec_id": fill.execId, "side": fill.side, "shares": float(fill.shares), "price": fill.price}
            for fill in fills
        ]

    def close(self) -> None:
        self._client.disconnect()

    def _ticks(self, con_id: int, kind: str, callback: str, count: int) -> list[Event]:
        contract = _contract({"conId": con_id, "exchange": "SMART"})
        events = self._ask(lambda req: self._client.reqTickByTickData(req, contract, kind, 0, False), callback, count)
        self._client.cancelTickByTickData(self._ids)
        return events

    def _ask(self, send: Callable[[int], None], end: str, count: int = 1, req_id: int | None = None) -> list[Event]:
        """Send with a request id; wait for so many callbacks named `end` with it; that id's events."""
        if req_id is None:
            self._ids += 1
            req_id = self._ids
        seen: list[Event] = []

        def is_over(name: str, args: tuple[Any, ...]) -> bool:
            if name == end and args[0] == req_id:
                seen.append((name, args))
            return len(seen) >= count

        events = self._gather(lambda: send(req_id), is_over, req_id)
        return [(name, args) for name, args in events if args and args[0] == req_id]

    def _gather(
        self,
        send: Callable[[], object],
        is_over: Callable[[str, tuple[Any, ...]], bool],
        req_id: int | None = None,
        *,
        from_start: bool = False,
    ) -> list[Event]:
        tap = self._tap
        at = begin = 0 if from_start else len(tap.events)
        send()
        with tap.changed:
            while True:
                for name, args in tap.events[at:]:
                    at += 1
                    if name == "error" and args[0] == req_id and args[1] not in _WARNINGS:
                        raise Refused(args[1], args[2])
                    if is_over(name, args):
                        return tap.events[begin:at]
                if not tap.changed.wait(DEADLINE_S):
                    raise TimeoutError(f"only {tap.events[begin:]}")

    @staticmethod
    def _last(events: list[Event], name: str) -> tuple[Any, ...]:
        return [args for found, args in events if found == name][-1]


def _contract(fields: Row) -> Any:
    contract = Contract()
    for name, value in fields.items():
        setattr(contract, name, value)
    return contract


def _order(action: str, quantity: int, price: float | None) -> Any:
    order = Order()
    order.action, order.totalQuantity, order.tif = action, quantity, "DAY"
    order.orderType = "MKT" if price is None else "LMT"
    order.eTradeOnly = order.firmQuoteOnly = False  # 9.81 sets what gateways have long refused
    if price is not None:
        order.lmtPrice = price
    return order


def _bar(bar: Any) -> Row:
    return bar_row(bar, _epoch(bar.date))


def _epoch(text: str) -> str:
    """A date or epoch seconds as they are; a local time with its zone as epoch seconds."""
    if " " not in text:
        return text
    day, clock, zone = text.split(" ")
    local = datetime.strptime(f"{day} {clock}", "%Y%m%d %H:%M:%S").replace(tzinfo=ZoneInfo(zone))
    return str(int(local.timestamp()))


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    main(IbapiDriver())
