"""Splits and dividends of what an account holds, booked once each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Protocol
from zoneinfo import ZoneInfo

import structlog

from scizor.domain.bars import ActionType, CorporateAction
from scizor.domain.errors import InvalidInput, ScizorError
from scizor.domain.trading.money import ZERO
from scizor.domain.trading.positions import HoldingAction, ShareSplit
from scizor.ports.calendar import SessionCalendar
from scizor.ports.journal import Posting, PostingKind
from scizor.ports.storage import Storage
from scizor.services.trading.account.hours import exchange_of
from scizor.services.trading.account.market import Market
from scizor.services.trading.desk.books import AccountBooks
from scizor.services.trading.desk.holdings import Holdings

_AFTER_SPLIT: Final = timedelta(microseconds=1)
_RETRY_S: Final = 60.0
_MOST_S: Final = 3_600.0

_log = structlog.get_logger(__name__)


class Desk(Protocol):
    """What of an account's desk is needed."""

    @property
    def account(self) -> str:
        """The broker's name for it."""
        ...

    @property
    def books(self) -> AccountBooks:
        """As they are; raises Unavailable while there are none."""
        ...

    async def post(self, postings: Sequence[Posting], note: str) -> None:
        """Journal and book them."""
        ...


class CompanyActions:
    """Looks at start, each hour, and so at the beginning of every day anywhere.

    What is booked is read from the journal's own postings, by instrument, kind and date, so that no action is booked
    twice whatever dies. An action takes force as its ex-date begins at the exchange: every trade of that date is at the
    new scale, also one before the regular session. A dividend counts shares after a split of the same date, as
    recorded dividends do. Its cash is booked when the broker pays it.
    """

    def __init__(self, desk: Desk, storage: Storage, calendar: SessionCalendar, market: Market) -> None:
        self._desk, self._storage, self._calendar, self._market = desk, storage, calendar, market
        self._looking = asyncio.Lock()

    async def run(self) -> None:
        """Until cancelled; what cannot be read or booked now is a minute later."""
        while True:
            pause_s = _MOST_S
            try:
                await self.look()
            except ScizorError as error:
                _log.warning("company_actions_not_booked", account=self._desk.account, why=error.message)
                pause_s = _RETRY_S
            await asyncio.sleep(pause_s)

    async def look(self) -> Sequence[Posting]:
        """Book what is due and has not been; returns it. Raises Unavailable, FailedPrecondition."""
        async with self._looking:
            holdings = self._desk.books.holdings
            due: list[Posting] = []
            for instrument, actions in (await self._recorded(holdings)).items():
                due += self._due(holdings, instrument, actions)
            if due:
                due.sort(key=lambda posting: posting.time)
                note = ", ".join(f"{posting.kind.name.lower()} {posting.note}" for posting in due)
                await self._desk.post(due, note)
            for name in holdings.positions:
                for action in holdings.actions(name):
                    if isinstance(action, ShareSplit):
                        self._market.rescaled(name, action.time)
            return due

    async def _recorded(self, holdings: Holdings) -> dict[str, list[CorporateAction]]:
        """Of instruments that are or were held."""
        names = sorted(holdings.positions)
        recorded: dict[str, list[CorporateAction]] = {}
        async with self._storage.begin() as work:
            for name, stored in zip(names, await work.symbols.find_many(names), strict=True):
                if stored is not None:
                    recorded[name] = await work.actions.of(stored)
        return recorded

    def _due(self, holdings: Holdings, instrument: str, actions: Sequence[CorporateAction]) -> list[Posting]:
        zone = self._zone(instrument)
        if zone is None:
            return []
        booked = {_key(action, zone) for action in holdings.actions(instrument)}
        due = []
        # A split before a dividend of the same date, and each on the shares that those before it left.
        for action in sorted(actions, key=lambda one: (one.ex_date, one.type)):
            begins = _begins(action.ex_date, zone)
            if (action.type, action.ex_date) in booked or begins > self._market.hours.broker_now():
                continue
            if _held_before(holdings, instrument, begins):
                due.append(_posting(instrument, action, begins))
        return due

    def _zone(self, instrument: str) -> ZoneInfo | None:
        try:
            return ZoneInfo(self._calendar.time_zone(exchange_of(instrument)))
        except InvalidInput:  # an exchange without a calendar
            return None


def _key(action: HoldingAction, zone: ZoneInfo) -> tuple[ActionType, date]:
    kind = ActionType.SPLIT if isinstance(action, ShareSplit) else ActionType.DIVIDEND
    return kind, action.time.astimezone(zone).date()


def _begins(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _held_before(holdings: Holdings, instrument: str, instant: datetime) -> bool:
    """Whether the account or a strategy on it held any: of two that cancel out each has its own part."""
    return any(held.shares != ZERO for held in holdings.before(instant, [instrument]).values())


def _posting(instrument: str, action: CorporateAction, begins: datetime) -> Posting:
    note = f"{instrument} {action.ex_date.isoformat()}"
    if action.type is ActionType.SPLIT:
        return Posting(PostingKind.SPLIT, begins, instrument, ratio=action.value, note=note)
    return Posting(PostingKind.DIVIDEND, begins + _AFTER_SPLIT, instrument, price=action.value, note=note)
