"""The broker's books of an account, asked for step by step: all of them, or none.

Most of these answers bear no number, so only one may be under way, and a session that owes the end of one is not asked
again: its end would be taken for that of the next.
"""

# The calls of ib_async's client count as untyped.
# mypy: allow-untyped-calls

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import structlog
from ib_async.objects import ExecutionFilter

from scizor.adapters.ib.connection import IbConnection
from scizor.adapters.ib.errors import disconnected
from scizor.adapters.ib.orders.answers import Told, ToldCash, ToldTrades
from scizor.adapters.ib.orders.hearing import Hearing
from scizor.adapters.ib.orders.messages import Ended, Key, ToldOrder, ToldPosition, ToldStatus
from scizor.adapters.ib.orders.references import References
from scizor.adapters.ib.session import Session
from scizor.adapters.ib.settings import IbOrderSettings
from scizor.adapters.ib.wire import WireClient
from scizor.domain.trading.executions import Commission
from scizor.domain.trading.reports import ExecutionReport, HeldPosition, OrderReport, Snapshot
from scizor.ports.clock import Clock

_log = structlog.get_logger(__name__)
_EVERYONE, _LEDGER = "All", "$LEDGER:ALL"


class Books:
    """Asks for one snapshot after the other."""

    def __init__(
        self,
        connection: IbConnection,
        hearing: Hearing,
        references: References,
        settings: IbOrderSettings,
        clock: Clock,
    ) -> None:
        self._connection, self._hearing, self._references = connection, hearing, references
        self._settings, self._clock = settings, clock
        self._turn = asyncio.Lock()
        self._owing: Session | None = None
        self._day: tuple[datetime, datetime] | None = None

    async def snapshot(self, account: str) -> Snapshot:
        """All of an account's books. Raises SourceFailure."""
        async with self._turn:
            session = self._connection.linked
            if session is None:
                raise disconnected(f"the broker is not connected: {self._connection.status.message}")
            if self._owing is session:
                session.end("the end of an answer is still owed")
                raise disconnected("the broker is connected to anew")
            return await self._ask(session, account)

    async def _ask(self, session: Session, account: str) -> Snapshot:
        asked = self._clock.now()
        if session.clock_skew:  # that of a replay, which may run at another speed
            await session.probe(self._deadline_s(session))
        opened = await self._put(session, Ended.OPEN_ORDERS, lambda client: client.reqAllOpenOrders())
        trades = await self._trades(session, account)
        over = await self._put(session, Ended.COMPLETED_ORDERS, lambda client: client.reqCompletedOrders(False))
        held = await self._put(session, Ended.POSITIONS, lambda client: client.reqPositions())
        session.tell(lambda client: client.cancelPositions())
        cash = await session.ask(
            ToldCash(account),
            lambda client, req_id: client.reqAccountSummary(req_id, _EVERYONE, _LEDGER),
            self._deadline_s(session),
            lambda client, req_id: client.cancelAccountSummary(req_id),
            always_cancel=True,
        )
        open_orders = await self._orders(account, opened.orders, opened.statuses)
        completed = await self._orders(account, over.orders, {})
        executions = await self._executions(account, trades)
        positions = await self._positions(account, held.positions)
        return Snapshot(
            account=account,
            asked_time=asked,
            covered_since=self._covered_since(asked, session.clock_skew),
            open_orders=open_orders,
            completed_orders=completed,
            executions=executions,
            commissions=_commissions(trades),
            positions=positions,
            cash=cash,
        )

    async def _put(self, session: Session, ends: Ended, send: Callable[[WireClient], object]) -> Told:
        """A question whose answer bears no number."""
        told = Told(ends, self._settings.most_waiting)
        self._hearing.asking = told.takes
        try:
            await session.ask(told, lambda client, _: send(client), self._deadline_s(session))
        except BaseException:
            self._owing = session
            raise
        finally:
            self._hearing.asking = None
        return told

    async def _trades(self, session: Session, account: str) -> ToldTrades:
        """Executions of all clients, and what they cost."""
        trades = ToldTrades(self._settings.most_waiting)
        wanted = ExecutionFilter(acctCode=account)
        self._hearing.asking = trades.takes
        try:
            await session.ask(
                trades, lambda client, req_id: client.reqExecutions(req_id, wanted), self._deadline_s(session)
            )
            await trades.wait_charged(self._settings.commission_s)
        finally:
            self._hearing.asking = None
        return trades

    async def _orders(
        self, account: str, orders: Iterable[ToldOrder], statuses: Mapping[Key, ToldStatus]
    ) -> tuple[OrderReport, ...]:
        newest = {(one.key, one.perm_id): one for one in orders if one.account == account}
        reports = []
        for one in newest.values():
            instrument = await self._references.find(one.contract)
            status = None if one.key is None else statuses.get(one.key)
            report = self._hearing.report_of(one, instrument, status)
            if report.terms.quantity:
                reports.append(report)
            else:  # what ended it is not worth taking its quantity for nothing: its executions say what it did
                _log.info("order_without_quantity", order_id=report.named.order_id, broker_id=report.named.broker_id)
        return tuple(reports)

    async def _executions(self, account: str, trades: ToldTrades) -> tuple[ExecutionReport, ...]:
        told = [one for one in trades.executions.values() if one.account == account]
        return tuple([self._hearing.execution_of(one, await self._references.find(one.contract)) for one in told])

    async def _positions(self, account: str, positions: Iterable[ToldPosition]) -> tuple[HeldPosition, ...]:
        newest = {one.contract.con_id: one for one in positions if one.account == account}
        return tuple(
            [
                HeldPosition(await self._references.find(one.contract), one.shares, one.average_cost)
                for one in newest.values()
                if one.shares
            ]
        )

    def _covered_since(self, asked: datetime, skew: timedelta) -> datetime:
        """The last midnight, by our clock: that of the gateway's zone, or of one that is traded in if it was later.

        A replay may have run through its night faster than our clock: then since the new day was first seen.
        """
        there = asked + skew
        zones = map(ZoneInfo, {self._settings.gateway_zone, *self._references.zones})
        midnight = max(datetime.combine(there.astimezone(zone).date(), time(), zone) for zone in zones).astimezone(UTC)
        if self._day is None:
            self._day = midnight, midnight - skew
        elif midnight > self._day[0]:
            self._day = midnight, asked if skew else midnight
        return max(midnight - skew, self._day[1]) if skew else midnight

    def _deadline_s(self, session: Session) -> float:
        """Questions leave after all orders that wait."""
        return self._settings.step_s + session.client.throttle.backlog_s


def _commissions(trades: ToldTrades) -> tuple[Commission, ...]:
    return tuple(
        Commission(one.exec_id, one.amount, one.currency)
        for one in trades.commissions.values()
        if one.amount is not None and one.exec_id in trades.executions
    )
