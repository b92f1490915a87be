"""ib_async behind the script's interface, used as an application would."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Any, TypeVar

from ib_async import IB, Contract, LimitOrder, MarketOrder, Order, OrderState, RequestError, Trade

from tests.e2e.conformance.driver import DEADLINE_S, Refused, Row, bar_row, details_row, terms_row
from tests.e2e.conformance.script import main

_T = TypeVar("_T")
_WARNINGS = {399, 10167}


class IbAsyncDriver:
    """Runs a loop for the time of each call."""

    speaks_schedule = True

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._errors: list[tuple[int, int, str]] = []

    def connect(self, port: int, client_id: int) -> Row:
        async def go() -> Row:
            self._ib = IB()
            self._ib.RaiseRequestErrors = True
            self._ib.errorEvent += self._heard
            await self._ib.connectAsync("127.0.0.1", port, clientId=client_id, timeout=5, raiseSyncErrors=True)
            client = self._ib.client
            return {"version": client.serverVersion(), "accounts": ",".join(client.getAccounts())}

        return self._run(go())

    def notices(self) -> list[int]:
        return [code for req_id, code, _ in self._errors if req_id == -1]

    def current_time(self) -> int:
        return int(self._run(self._ib.reqCurrentTimeAsync()).timestamp())

    def contract_details(self, **contract: Any) -> list[Row]:
        return [details_row(one) for one in self._run(self._ib.reqContractDetailsAsync(Contract(**contract)))]

    def matching_symbols(self, pattern: str) -> list[str]:
        found = self._run(self._ib.reqMatchingSymbolsAsync(pattern)) or []
        return [one.contract.symbol for one in found if one.contract]

    def market_rule(self, rule: int) -> list[list[float]]:
        return [[step.lowEdge, step.increment] for step in self._run(self._ib.reqMarketRuleAsync(rule)) or []]

    def head_timestamp(self, con_id: int) -> int:
        return int(self._run(self._ib.reqHeadTimeStampAsync(_share(con_id), "TRADES", True, 2)).timestamp())

    def history(self, contract: Row, end: str, duration: str, size: str, what: str, time_format: int) -> list[Row]:
        wanted = self._ib.reqHistoricalDataAsync(
            Contract(**contract), end, duration, size, what, useRTH=True, formatDate=time_format
        )
        return [_bar(bar) for bar in self._run(wanted)]

    def history_updates(self, con_id: int, size: str, count: int) -> tuple[list[Row], list[Row], int]:
        async def go() -> tuple[list[Row], list[Row], int]:
            bars = await self._ib.reqHistoricalDataAsync(
                _share(con_id), "", "3600 S", size, "TRADES", useRTH=True, formatDate=2, keepUpToDate=True
            )
            first, updates = [_bar(bar) for bar in bars], []
            bars.updateEvent += lambda now, _: updates.append(_bar(now[-1]))
            await _until(lambda: len(updates) >= count)
            self._ib.cancelHistoricalData(bars)
            await _until(lambda: any(error[0] == bars.reqId for error in self._errors))
            return first, updates, next(code for req_id, code, _ in self._errors if req_id == bars.reqId)

        return self._run(go())

    def schedule(self, con_id: int, duration: str) -> list[str]:
        days = int(duration.split(maxsplit=1)[0])
        found = self._run(self._ib.reqHistoricalScheduleAsync(_share(con_id), days))
        return [one.refDate for one in found.sessions]

    def quotes(self, con_id: int, data_type: int, *, snapshot: bool = False) -> Row:
        async def go() -> Row:
            self._ib.reqMarketDataType(data_type)
            contract = _share(con_id)
            if snapshot:
                (ticker,) = await self._ib.reqTickersAsync(contract)
            else:
                ticker = self._ib.reqMktData(contract)
                await self._told(lambda: ticker.bid > 0 and ticker.ask > 0 and ticker.last > 0)
                self._ib.cancelMktData(contract)
            return {"type": ticker.marketDataType, "bid": ticker.bid, "ask": ticker.ask, "last": ticker.last}

        return self._run(go())

    def trades(self, con_id: int, count: int) -> list[Row]:
        return [{"price": tick.price, "size": tick.size} for tick in self._ticks(con_id, "AllLast", count)]

    def spreads(self, con_id: int, count: int) -> list[Row]:
        return [{"bid": tick.bidPrice, "ask": tick.askPrice} for tick in self._ticks(con_id, "BidAsk", count)]

    def real_time_bars(self, con_id: int, count: int) -> list[Row]:
        async def go() -> list[Row]:
            bars = self._ib.reqRealTimeBars(_share(con_id), 5, "TRADES", useRTH=True)
            await _until(lambda: len(bars) >= count)
            self._ib.cancelRealTimeBars(bars)
            return [{"time": int(bar.time.timestamp()), "open": bar.open_, "close": bar.close} for bar in bars]

        return self._run(go())

    def positions(self) -> dict[str, float]:
        return {one.contract.symbol: one.position for one in self._run(self._ib.reqPositionsAsync())}

    def account(self) -> Row:
        values = {one.tag: one.value for one in self._ib.accountValues() if not one.modelCode}
        return {"values": values, "portfolio": {one.contract.symbol: one.position for one in self._ib.portfolio()}}

    def account_summary(self, tags: str) -> dict[str, str]:
        wanted = set(tags.split(","))
        return {one.tag: one.value for one in self._run(self._ib.accountSummaryAsync()) if one.tag in wanted}

    def place(self, con_id: int, action: str, quantity: int, price: float | None, until: str) -> Row:
        async def go() -> Row:
            order = MarketOrder(action, quantity) if price is None else LimitOrder(action, quantity, price)
            trade = self._ib.placeOrder(_share(con_id), order)
            await self._told(lambda: _is_done(trade, until))
            statuses = [entry.status for entry in trade.log if entry.status != "PendingSubmit" and not entry.message]
            return {
                "order_id": trade.order.orderId,
                "statuses": statuses,
                "filled": trade.filled(),
                "price": trade.fills[-1].execution.price if trade.fills else None,
                "commission": sum(fill.commissionReport.commission for fill in trade.fills),
            }

        return self._run(go())

    def place_order(self, con_id: int, until: str, **order: Any) -> int:
        async def go() -> int:
            trade = self._ib.placeOrder(_share(con_id), Order(**order))
            await self._told(lambda: trade.orderStatus.status == until)
            return trade.order.orderId

        return self._run(go())

    def open_terms(self) -> list[Row]:
        wrapper: Any = self._ib.wrapper  # the library keeps its own terms of an order that it placed
        rows: list[Row] = []
        then = wrapper.openOrder

        def heard(order_id: int, contract: Contract, order: Order, state: OrderState) -> None:
            rows.append(terms_row(order, state.status))
            then(order_id, contract, order, state)

        wrapper.openOrder = heard
        self._run(self._ib.reqOpenOrdersAsync())
        wrapper.openOrder = then
        return rows

    def gains(self, con_id: int) -> Row:
        async def go() -> Row:
            account = self._ib.client.getAccounts()[0]
            total, single = self._ib.reqPnL(account), self._ib.reqPnLSingle(account, "", con_id)
            await self._told(lambda: single.value == single.value and total.dailyPnL == total.dailyPnL)
            self._ib.cancelPnL(account, "")
            self._ib.cancelPnLSingle(account, "", con_id)
            return {"shares": float(single.position), "value": single.value, "total": True}

        return self._run(go())

    def change(self, order_id: int, con_id: int, action: str, quantity: int, price: float) -> Row:
        async def go() -> Row:
            trade = self._trade(order_id)
            heard: list[float] = []
            self._ib.openOrderEvent += lambda told: heard.append(told.order.lmtPrice)
            trade.order.lmtPrice = price
            self._ib.placeOrder(trade.contract, trade.order)
            await _until(lambda: bool(heard))
            return {"price": heard[-1]}

        return self._run(go())

    def cancel(self, order_id: int) -> Row:
        async def go() -> Row:
            seen = len(self._errors)
            known = [trade for trade in self._ib.trades() if trade.order.orderId == order_id]
            cancel: Callable[[int], None] = self._ib.client.cancelOrder  # IB.cancelOrder refuses ids it does not know
            cancel(order_id)
            await _until(lambda: any(error[0] == order_id for error in self._errors[seen:]))
            code = next(code for req_id, code, _ in self._errors[seen:] if req_id == order_id)
            if not known:
                raise Refused(code, "cancel")
            return {"status": known[0].orderStatus.status, "code": code}

        return self._run(go())

    def open_orders(self) -> list[int]:
        return [trade.order.orderId for trade in self._run(self._ib.reqOpenOrdersAsync())]

    def completed_orders(self) -> list[str]:
        return [trade.orderStatus.status for trade in self._run(self._ib.reqCompletedOrdersAsync(False))]

    def executions(self) -> list[Row]:
        return [
            {
                "exec_id": fill.execution.execId,
                "side": fill.execution.side,
                "shares": fill.execution.shares,
                "price": fill.execution.price,
            }
            for fill in self._run(self._ib.reqExecutionsAsync())
        ]

    def close(self) -> None:
        self._ib.disconnect()
        self._runner.close()

    def _ticks(self, con_id: int, kind: str, count: int) -> list[Any]:
        async def go() -> list[Any]:
            contract, ticks = _share(con_id), []
            ticker = self._ib.reqTickByTickData(contract, kind)
            ticker.updateEvent += lambda now: ticks.extend(now.tickByTicks)
            try:
                await self._told(lambda: len(ticks) >= count)
            finally:
                self._ib.cancelTickByTickData(contract, kind)
            return ticks

        return self._run(go())

    def _trade(self, order_id: int) -> Trade:
        return next(trade for trade in self._ib.trades() if trade.order.orderId == order_id)

    def _heard(self, req_id: int, code: int, text: str, _: object) -> None:
        self._errors.append((req_id, code, text))

    async def _told(self, condition: Callable[[], bool]) -> None:
        """Wait for the answer to what was just sent. Raises Refused."""
        seen = len(self._errors)
        await _until(lambda: bool(self._refusals(seen)) or condition())
        self._raise(seen)

    def _refusals(self, seen: int) -> list[tuple[int, int, str]]:
        return [error for error in self._errors[seen:] if error[0] != -1 and error[1] not in _WARNINGS]

    def _raise(self, seen: int) -> None:
        for _, code, text in self._refusals(seen):
            raise Refused(code, text)

    def _run(self, work: Awaitable[_T]) -> _T:
        """The result, or what the gateway refused: some errors end no request of this library, so it is watched for."""
        seen = len(self._errors)

        async def go() -> _T:
            task = asyncio.ensure_future(work)
            await _until(lambda: task.done() or any(code == 321 for _, code, _ in self._errors[seen:]))
            if not task.done():
                task.cancel()
                self._raise(seen)
            return await task

        try:
            return self._runner.run(go())
        except RequestError as error:
            raise Refused(error.code, error.message) from None


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():  # noqa: ASYNC110 - what it waits for is the library's own state
            await asyncio.sleep(0.01)


def _is_done(trade: Trade, until: str) -> bool:
    if trade.orderStatus.status != until:
        return False
    return until != "Filled" or any(fill.commissionReport.execId for fill in trade.fills)


def _share(con_id: int) -> Contract:
    return Contract(conId=con_id, exchange="SMART")


def _bar(bar: Any) -> Row:
    return bar_row(bar, _time(bar.date))


def _time(value: date | datetime) -> str:
    return str(int(value.timestamp())) if isinstance(value, datetime) else f"{value:%Y%m%d}"


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    main(IbAsyncDriver())
