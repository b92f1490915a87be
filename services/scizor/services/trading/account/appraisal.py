"""What an account and the strategies on it are worth, kept where risk checks read it and marked down every minute."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

import structlog

from scizor.domain.errors import FailedPrecondition, Reason, ScizorError, Unavailable
from scizor.domain.trading.exposure import Funds
from scizor.domain.trading.money import ZERO, Rates
from scizor.domain.trading.positions import Position
from scizor.domain.trading.valuation import totals, value_all
from scizor.ports.journal import Posting
from scizor.ports.storage import Storage
from scizor.ports.trading import EquityPoint, StoredDeployment
from scizor.services.trading.account.market import Market
from scizor.services.trading.account.sessions import AccountSessions
from scizor.services.trading.account.track import Track
from scizor.services.trading.desk.books import AccountBooks

_MINUTE: Final = timedelta(minutes=1)
_INSTANT: Final = timedelta(microseconds=1)
_PAGE: Final = 100_000

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Stake:
    """Capital that a deployment has for its own, from when it was made. `amount` in `currency`."""

    deployment_id: str
    strategy_id: str
    amount: Decimal
    currency: str
    since: datetime


def stakes_of(deployments: Iterable[StoredDeployment]) -> tuple[Stake, ...]:
    """Those with capital."""
    return tuple(
        Stake(stored.deployment.id, spec.strategy_id, spec.capital, spec.currency, stored.create_time)
        for stored in deployments
        for spec in (stored.deployment.spec,)
        if spec.capital > 0
    )


class Appraiser:
    """Of one account. `run` as long as it is ours; `refresh` whenever its books have changed.

    `load` answers once the funds in the books are whole, those of a new deployment too. `books`: as they are, raises
    Unavailable while there are none. `stakes`: of deployments that have not ended.
    """

    def __init__(
        self,
        account: str,
        books: Callable[[], AccountBooks],
        market: Market,
        storage: Storage,
        sessions: AccountSessions,
        stakes: Callable[[], Sequence[Stake]] = tuple,
        *,
        pace_s: float = 0.5,
    ) -> None:
        self._account, self._books, self._market, self._storage = account, books, market, storage
        self._sessions, self._stakes, self._pace_s = sessions, stakes, pace_s
        self._tracks: dict[str, Track] = {}
        self._marked: dict[str, EquityPoint] = {}
        self._earned_before: dict[str, Decimal] = {}
        self._adjustments_seen = 0
        self._complaint = ""

    async def load(self) -> None:
        """Read what the account was worth before. Raises Unavailable, also before the broker has told its figures."""
        if self._market.figures is None:
            message = f"the broker has not told what account {self._account} is worth"
            raise Unavailable(message, Reason.BROKER_UNAVAILABLE, metadata={"account": self._account})
        if "" not in self._tracks:
            adjustments = tuple(self._books().holdings.adjustments)
            self._tracks[""] = await self._stored("", adjustments)
            self._adjustments_seen = len(adjustments)
        for stake in self._stakes():
            if stake.deployment_id not in self._tracks:
                self._tracks[stake.deployment_id] = await self._stored(stake.deployment_id)
        self.refresh()

    async def run(self) -> None:
        """Until cancelled: keep the funds fresh and mark equity; what cannot be stored now is marked later."""
        while True:
            try:
                await self.load()
                await self._mark_down()
                self._complaint = ""
            except ScizorError as error:
                self._complain(error.message)
            await asyncio.sleep(self._pace_s)

    def _complain(self, why: str) -> None:
        """Once, as long as it stays so."""
        if why != self._complaint:
            _log.warning("equity_not_marked", account=self._account, why=why)
        self._complaint = why

    def refresh(self) -> None:
        """Put what is known now into the books that checks read; nothing before `load`. Raises Unavailable."""
        track = self._tracks.get("")
        if track is None:
            return
        books, session = self._books(), self._sessions.of(self._market.hours.broker_now())
        self._market.want(books.risk.holdings(""))
        self._follow_cash(books, track)
        equity, available = self._equity(books), self._available(books)
        if equity is not None:
            track.mark(session, equity)
        if track.last is not None:
            books.risk.funds = _funds(track, available)
        stakes = [stake for stake in self._stakes() if stake.deployment_id in self._tracks]
        books.risk.strategy_funds = {
            stake.strategy_id: funds for stake in stakes if (funds := self._staked(books, stake)) is not None
        }

    def track(self, deployment_id: str = "") -> Track | None:
        """Of a deployment, or of the account."""
        return self._tracks.get(deployment_id)

    def _equity(self, books: AccountBooks) -> Decimal | None:
        """By our own ledger where all of it can be valued, else by the broker; None where neither can tell."""
        figures, rates = self._market.figures, self._market.rates
        if not books.empty:
            own = _valued(books.holdings.positions, self._market, rates)
            cash = _converted(books.holdings.cash, rates)
            if own is not None and cash is not None:
                return own + cash
        return None if figures is None else figures.equity

    def _available(self, books: AccountBooks) -> Decimal:
        figures = self._market.figures
        if figures is not None and figures.available_funds is not None:
            return figures.available_funds
        return _converted(books.holdings.cash, self._market.rates) or ZERO

    def _staked(self, books: AccountBooks, stake: Stake) -> Funds | None:
        """A deployment's capital and what came of it. Shares that an earlier one left count from what they cost."""
        rates, track = self._market.rates, self._tracks[stake.deployment_id]
        held = [one for (owner, _), one in books.holdings.by_strategy.items() if owner == stake.strategy_id]
        try:
            capital = stake.amount * rates.of(stake.currency)
            sums = totals(value_all(held, self._market.prices().marks, rates))
            earned = sums.profit - self._before(books, stake, rates)
        except FailedPrecondition:  # a rate of exchange is not known
            return None if track.last is None else _funds(track, ZERO)
        if not sums.unpriced:
            track.mark(self._sessions.of(self._market.hours.broker_now()), capital + earned)
        return None if track.last is None else _funds(track, capital + earned - sums.net)

    def _before(self, books: AccountBooks, stake: Stake, rates: Rates) -> Decimal:
        """What the strategy had earned on the account before this deployment of it, fees taken off."""
        known = self._earned_before.get(stake.deployment_id)
        if known is None:
            then = books.holdings.before(stake.since)
            held = [one for (owner, _), one in then.items() if owner == stake.strategy_id]
            sums = totals(value_all(held, {}, rates))
            known = self._earned_before[stake.deployment_id] = sums.realised + sums.dividends - sums.fees
        return known

    def _follow_cash(self, books: AccountBooks, track: Track) -> None:
        """Cash that moved by itself since we looked last."""
        adjustments = books.holdings.adjustments
        for posting in adjustments[self._adjustments_seen :]:
            self._adjust(track, posting)
        self._adjustments_seen = len(adjustments)

    def _adjust(self, track: Track, posting: Posting) -> None:
        rate = self._market.rates.known(posting.currency)
        if rate is None:
            _log.warning("adjustment_without_rate", account=self._account, currency=posting.currency)
            return
        track.adjusted(posting.amount * rate)

    async def _stored(self, deployment_id: str, adjustments: Iterable[Posting] = ()) -> Track:
        """The track that stored marks make, with the cash that moved by itself between them and since."""
        track, moved = Track(), deque(adjustments)
        start: datetime | None = None
        points: Sequence[EquityPoint] = ()
        while start is None or len(points) == _PAGE:
            async with self._storage.begin() as work:
                points = await work.risk.equity(self._account, deployment_id, start, _PAGE)
            for point in points:
                while moved and moved[0].time <= point.time:
                    self._adjust(track, moved.popleft())
                track.mark(point.session, point.equity)
            start = points[-1].time + _INSTANT if points else datetime.max.replace(tzinfo=UTC)
        for posting in moved:
            self._adjust(track, posting)
        return track

    async def _mark_down(self) -> None:
        """Store what is worth storing: once a minute, what has changed or begins a session."""
        now, due = self._market.now(), list[EquityPoint]()
        for deployment_id, track in self._tracks.items():
            marked = self._marked.get(deployment_id)
            if track.last is None or (marked is not None and now - marked.time < _MINUTE):
                continue
            if marked is None or (marked.session, marked.equity) != (track.session, track.last):
                due.append(EquityPoint(self._account, deployment_id, now, track.session, track.last))
        if not due:
            return
        async with self._storage.begin(durable=False) as work:
            for point in due:
                await work.risk.mark_equity(point)
        self._marked |= {point.deployment_id: point for point in due}


def _funds(track: Track, available: Decimal) -> Funds:
    return Funds(track.last or ZERO, available, track.day_start, track.peak)


def _valued(positions: Mapping[str, Position], market: Market, rates: Rates) -> Decimal | None:
    """What positions are worth in base currency; None where a price or a rate lacks."""
    total = ZERO
    for name, held in positions.items():
        if not held.lots:
            continue
        mark, rate = market.mark(name), rates.known(held.currency)
        if mark is None or rate is None:
            return None
        total += held.shares * mark.price * rate
    return total


def _converted(cash: Mapping[str, Decimal], rates: Rates) -> Decimal | None:
    """Cash in base currency; None where a rate lacks."""
    total = ZERO
    for currency, amount in cash.items():
        rate = rates.known(currency)
        if rate is None and amount:
            return None
        total += amount * (rate or ZERO)
    return total
