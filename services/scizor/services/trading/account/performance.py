"""How an account or a deployment has fared live, with the figures of a backtest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.metrics import Metric
from scizor.domain.trading.money import ZERO
from scizor.domain.trading.positions import Fill
from scizor.ports.calendar import SessionCalendar
from scizor.ports.storage import Storage
from scizor.ports.trading import EquityPoint, StoredDeployment
from scizor.services.trading.account.equity import SessionEquity, by_session, drawdown, grown
from scizor.services.trading.account.figures import Fared, figures
from scizor.services.trading.account.round_trips import RoundTrip, round_trips
from scizor.services.trading.account.track import Track, is_paid
from scizor.services.trading.account.views import Ledger

_INSTANT: Final = timedelta(microseconds=1)
_PAGE: Final = 100_000
_YEAR_SESSIONS: Final = 252
_FEW_TRIPS: Final = 30


@dataclass(frozen=True, slots=True, eq=False)
class LivePerformance:
    """`sessions`: equity by session, `drawdown` beside it, shape (n,): what was paid in and out left out of that."""

    account: str
    deployment_id: str
    currency: str
    metrics: tuple[Metric, ...]
    sessions: tuple[SessionEquity, ...]
    drawdown: FloatArray
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Window:
    """Whose fills count: all, or a strategy's while its deployment was there."""

    strategy_id: str = ""
    start: datetime | None = None
    end: datetime | None = None

    def holds(self, fill: Fill) -> bool:
        time = fill.execution.time
        after = self.start is None or time >= self.start
        before = self.end is None or time <= self.end
        return after and before and self.strategy_id in ("", fill.strategy_id)


class Performance:
    """`ledger`: of an account that exists."""

    def __init__(
        self,
        ledger: Callable[[str], Ledger],
        storage: Storage,
        calendar: SessionCalendar,
        exchange: str = "NYSE",
    ) -> None:
        self._ledger, self._storage, self._calendar, self._exchange = ledger, storage, calendar, exchange

    async def of(self, account: str, deployment_id: str = "") -> LivePerformance:
        """Since equity is marked, up to now.

        Raises NotFound(DEPLOYMENT_NOT_FOUND), Unavailable, FailedPrecondition(EXCHANGE_RATE_UNKNOWN).
        """
        ledger = self._ledger(account)
        window, deployment = _Window(), None
        if deployment_id:
            async with self._storage.begin() as work:
                deployment = await work.deployments.get(deployment_id)
            window = _Window(deployment.deployment.spec.strategy_id, deployment.create_time, deployment.end_time)
        marks = await self._marks(account, deployment_id)
        if not marks:
            warnings = ("No equity has been marked yet.",)
            return LivePerformance(account, deployment_id, ledger.market.rates.base, (), (), np.empty(0), warnings)
        trips, fees = self._trips(ledger, window)
        paid = [] if deployment_id else _paid(ledger, marks)
        return await asyncio.to_thread(self._told, ledger, deployment, marks, paid, trips, fees)

    def _told(
        self,
        ledger: Ledger,
        deployment: StoredDeployment | None,
        marks: Sequence[EquityPoint],
        paid: Sequence[tuple[datetime, Decimal]],
        trips: Sequence[RoundTrip],
        fees: Decimal,
    ) -> LivePerformance:
        sessions = by_session(marks, paid)
        curve = grown(marks[0], sessions)
        fared = Fared(curve, float(marks[-1].equity), float(_peak(marks, paid)), trips, float(fees))
        return LivePerformance(
            ledger.account,
            deployment.deployment.id if deployment else "",
            ledger.market.rates.base,
            figures(fared),
            tuple(sessions),
            drawdown(curve),
            tuple(self._warnings(sessions, trips)),
        )

    async def _marks(self, account: str, deployment_id: str) -> list[EquityPoint]:
        marks: list[EquityPoint] = []
        while True:
            start = marks[-1].time + _INSTANT if marks else None
            async with self._storage.begin() as work:
                page = await work.risk.equity(account, deployment_id, start, _PAGE)
            marks += page
            if len(page) < _PAGE:
                return marks

    def _trips(self, ledger: Ledger, window: _Window) -> tuple[list[RoundTrip], Decimal]:
        """Closed round trips by exit, and all fees."""
        holdings, rates = ledger.books().holdings, ledger.market.rates
        trips: list[RoundTrip] = []
        fees = ZERO
        for instrument in sorted(holdings.positions):
            chosen = [fill for fill in holdings.fills(instrument) if window.holds(fill)]
            fees += sum((rates.total(fill.fees) for fill in chosen), ZERO)
            trips += round_trips(instrument, chosen, holdings.actions(instrument), rates)
        return sorted(trips, key=lambda trip: (trip.exit_time, trip.instrument)), fees

    def _warnings(self, sessions: Sequence[SessionEquity], trips: Sequence[RoundTrip]) -> Iterator[str]:
        count = len(sessions)
        if count < _YEAR_SESSIONS:
            yield f"Only {_counted(count, 'session')}, less than a year: annualised figures mean little."
        if not trips:
            yield "No round trip was closed."
        elif len(trips) < _FEW_TRIPS:
            told = _counted(len(trips), "closed trade")
            yield f"Only {told}, less than {_FEW_TRIPS}: figures by trade mean little."
        held = self._calendar.sessions(self._exchange, sessions[0].session, sessions[-1].session)
        if len(held) > count:
            missing = _counted(len(held) - count, "session")
            yield f"Nothing was marked in {missing}: the returns around them span more than one."
        if any(one.paid for one in sessions):
            yield "Money was paid in or out: returns and drawdowns leave that out, equity does not."


def _paid(ledger: Ledger, marks: Sequence[EquityPoint]) -> list[tuple[datetime, Decimal]]:
    """What was paid in or out, in base currency, oldest first."""
    rates, place, found = ledger.market.rates, 0, list[tuple[datetime, Decimal]]()
    for posting in ledger.books().holdings.adjustments:
        while place + 1 < len(marks) and marks[place + 1].time < posting.time:
            place += 1
        amount = posting.amount * rates.of(posting.currency)
        if is_paid(amount, marks[place].equity):
            found.append((posting.time, amount))
    return found


def _peak(marks: Sequence[EquityPoint], paid: Sequence[tuple[datetime, Decimal]]) -> Decimal:
    """The highest, moved by what was paid in and out, as risk limits have it."""
    track, place = Track(), 0
    for mark in marks:
        while place < len(paid) and paid[place][0] <= mark.time:
            track.adjusted(paid[place][1])
            place += 1
        track.mark(mark.session, mark.equity)
    return track.peak


def _counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
