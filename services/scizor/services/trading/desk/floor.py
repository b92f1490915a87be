"""All accounts of one connection: whose they are to act for, and who is told what the broker says.

One process at a time has the connection, and acts for its accounts; others stand by until it lets go or dies.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import structlog

from scizor.domain.errors import InvalidInput, NotFound, Reason, ScizorError, Unavailable
from scizor.domain.trading.reports import ErrorReport, ExecutionReport, OrderReport, Report
from scizor.ports.leases import Lease, Leases
from scizor.ports.order_broker import BrokerAccount
from scizor.services.trading.desk.desk import Desk
from scizor.services.trading.desk.seat import Seat

_RETRY_S: Final = 1.0

_log = structlog.get_logger(__name__)


class Connecting(Protocol):
    """The broker's connection, made and ended."""

    async def start(self) -> None:
        """Begin to connect; does not wait for it."""
        ...

    async def stop(self) -> None:
        """Hang up."""
        ...


class Floor:
    """The broker's listener, and where desks are found.

    `make`: a new account's seat and desk. `turn`: told whether the connection is ours.
    """

    def __init__(
        self,
        leases: Leases,
        connecting: Connecting,
        name: str,
        holder: str,
        make: Callable[[str], tuple[Seat, Desk]],
        account_told: Callable[[BrokerAccount], None],
        turn: Callable[[bool], None],
    ) -> None:
        self._leases, self._connecting, self._name, self._holder = leases, connecting, name, holder
        self._make, self._account_told, self._turn = make, account_told, turn
        self._seats: dict[str, Seat] = {}
        self._desks: dict[str, Desk] = {}
        self._arrived = asyncio.Event()
        self._link: tuple[Sequence[str], int] | None = None

    def accounts(self) -> Sequence[str]:
        """Those the connection has told of."""
        return tuple(self._desks)

    def desk(self, account: str) -> Desk:
        """Of an account, or of the only one. Raises NotFound(ACCOUNT_NOT_FOUND), InvalidInput, Unavailable."""
        if not self._desks:
            raise Unavailable(
                "no account is known: the broker was never connected, or another process has it",
                Reason.TRADING_NOT_READY,
            )
        if not account:
            if len(self._desks) > 1:
                raise InvalidInput.of_field("account", f"must be one of {', '.join(sorted(self._desks))}")
            return next(iter(self._desks.values()))
        if account not in self._desks:
            message = f"account {account} is none of the connection's: {', '.join(sorted(self._desks))}"
            raise NotFound(message, Reason.ACCOUNT_NOT_FOUND, metadata={"account": account})
        return self._desks[account]

    async def run(self) -> None:
        """Act whenever it is our turn; ends only when cancelled."""
        while True:
            try:
                async with self._leases.hold(self._name, self._holder) as lease:
                    _log.info("connection_held", name=self._name, epoch=lease.epoch)
                    await self._serve(lease)
                _log.warning("connection_lost", name=self._name)
            except ScizorError as error:
                _log.warning("connection_not_held", name=self._name, error=error.message)
            await asyncio.sleep(_RETRY_S)

    def opened(self, accounts: Sequence[str], lowest_number: int) -> None:
        """Orders may be sent."""
        self._link = (accounts, lowest_number)
        for account in accounts:
            if account not in self._seats:
                self._seats[account], self._desks[account] = self._make(account)
            self._seats[account].opened(lowest_number)
        self._arrived.set()

    def interrupted(self, reason: str) -> None:
        """Nothing can be sent."""
        self._link = None
        for seat in self._seats.values():
            seat.interrupted(reason)

    def reported(self, report: Report) -> None:
        """To the account it is about. One that nobody knows is about an order placed elsewhere: the books tell more."""
        if isinstance(report, OrderReport):
            seats = [self._seats[report.account]] if report.account in self._seats else []
        elif isinstance(report, ExecutionReport):
            account = report.execution.account
            seats = [self._seats[account]] if account in self._seats else []
        else:
            seats = list(self._seats.values())
        if not any(seat.reported(report) for seat in seats) and not isinstance(report, ErrorReport):
            for seat in seats:
                seat.ask()

    def account_told(self, account: BrokerAccount) -> None:
        """Its figures changed."""
        self._account_told(account)

    async def _serve(self, lease: Lease) -> None:
        """Until the connection is another's."""
        tasks: dict[str, asyncio.Task[None]] = {}
        await self._connecting.start()
        lost = asyncio.create_task(_lost(lease))
        self._turn(True)
        try:
            while not lost.done():
                for account in self._seats:
                    if account not in tasks or tasks[account].done():
                        tasks[account] = asyncio.create_task(self._sit(account))
                self._arrived.clear()
                news = asyncio.create_task(self._arrived.wait())
                await asyncio.wait([lost, news, *tasks.values()], return_when=asyncio.FIRST_COMPLETED)
                news.cancel()
        finally:
            self._turn(False)
            for task in (lost, *tasks.values()):
                task.cancel()
            await asyncio.gather(lost, *tasks.values(), return_exceptions=True)
            await self._connecting.stop()

    async def _sit(self, account: str) -> None:
        try:
            async with self._leases.hold(f"account:{account}", self._holder) as lease:
                await self._seats[account].run(lease)
        except ScizorError as error:
            _log.warning("account_not_held", account=account, error=error.message)
        except Exception:  # noqa: BLE001 - whatever it is, the account must be acted for again
            _log.exception("account_lost", account=account)
        await asyncio.sleep(_RETRY_S)


async def _lost(lease: Lease) -> None:
    await asyncio.wait([lease.lost])
