"""What a strategy traded live, beside what it would have traded in a backtest that began when it did."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

from scizor.domain.trading.executions import Execution
from scizor.domain.trading.money import Rates
from scizor.domain.trading.parity import ParityFill, ParityReport, compare
from scizor.domain.trading.states import Order
from scizor.ports.sandbox import Limits, Sandbox
from scizor.ports.storage import Storage
from scizor.ports.trading import StoredDeployment
from scizor.services.research.replayed import ReplayedFill, replayed
from scizor.services.trading.deployments.moments import Moment, recall
from scizor.services.trading.deployments.players import LockedPlayers
from scizor.services.trading.deployments.rows import Past, RowsOf
from scizor.services.trading.deployments.stakes import number_of
from scizor.strategy.live import Place, Row

_BAR: Final = timedelta(days=1)
_PAGE: Final = 1_000
_WARM_ROWS: Final = 2_000
_LIMITS: Final = Limits(cpu_s=60.0, wall_s=60.0)
_KEPT: Final = 32


@dataclass(frozen=True, slots=True)
class _Story:
    """A deployment up to a row. `first`: the place in `past.rows` of the first row that it was shown."""

    stored: StoredDeployment
    moments: Sequence[Moment]
    past: Past
    first: int

    @property
    def rows(self) -> Sequence[Row]:
        """As they are stored now, from the warm-up on."""
        return self.past.rows


class Parity:
    """`rates`: of an account's currencies. What was found is kept until another row is shown."""

    def __init__(
        self,
        storage: Storage,
        sandbox: Sandbox,
        players: LockedPlayers,
        rows: RowsOf,
        rates: Callable[[str], Rates],
    ) -> None:
        self._storage, self._sandbox, self._players = storage, sandbox, players
        self._rows, self._rates = rows, rates
        self._found: dict[tuple[str, int], list[ParityReport]] = {}
        self._asking = asyncio.Lock()

    async def reports(self, deployment_id: str, sessions: int) -> Sequence[ParityReport]:
        """The newest that have ended, newest first, `sessions` at most.

        A session's are the orders that were decided before it opened, whenever they filled. Raises
        NotFound(DEPLOYMENT_NOT_FOUND), StrategyError, Unavailable, FailedPrecondition(EXCHANGE_RATE_UNKNOWN,
        SANDBOX_UNAVAILABLE).
        """
        async with self._asking:
            story = await self._told(deployment_id)
            if story is None:
                return ()
            key = deployment_id, story.rows[-1].close_ns
            if key not in self._found:
                while len(self._found) >= _KEPT:
                    del self._found[next(iter(self._found))]
                self._found[key] = await self._compared(story)
            return self._found[key][:sessions]

    async def _told(self, deployment_id: str) -> _Story | None:
        async with self._storage.begin() as work:
            stored = await work.deployments.get(deployment_id)
        moments = await recall(self._storage, deployment_id)
        shown = [one for one in moments if one.row is not None]
        if not shown:
            return None
        newest = _instant(shown[-1].newest_ns)
        past = await self._rows(stored).before(newest, _WARM_ROWS + len(shown))
        closes = [row.close_ns for row in past.rows]
        return _Story(stored, moments, past, bisect_left(closes, shown[0].newest_ns))

    async def _compared(self, story: _Story) -> list[ParityReport]:
        start = await self._players.start(story.stored)
        splits = _splits(story.past)
        fills = await replayed(self._sandbox, start, story.rows, splits, story.first, _LIMITS)
        rates = self._rates(story.stored.deployment.spec.account)
        live = _by_row(story, await self._live(story, rates))
        backtest = _by_row(story, [_of_backtest(one, story, rates) for one in fills])
        others, ends = _other_bars(story), _ends(story)
        reports = [
            compare(
                story.rows[place].session,
                live.get(place, ()),
                backtest.get(place, ()),
                ends=ends,
                rates=rates,
                bar=_BAR,
                other_bars=others.get(place, ()),
            )
            for place in range(story.first + 1, len(story.rows))
        ]
        return reports[::-1]

    async def _live(self, story: _Story, rates: Rates) -> list[ParityFill]:
        """What its own orders traded, corrections and late commissions taken in."""
        orders: dict[str, Order] = {}
        heard, deployment = story.moments[0].heard, story.stored.deployment
        while True:
            async with self._storage.begin() as work:
                entries = await work.orders.entries_after(deployment.spec.account, heard, _PAGE)
            orders |= {one.order.id: one.order for one in entries if one.order.request.deployment_id == deployment.id}
            if len(entries) < _PAGE:
                break
            heard = entries[-1].sequence
        decided = {
            intent.id: _instant(moment.newest_ns)
            for moment in story.moments
            for intent in moment.intents
            if isinstance(intent, Place)
        }
        return [
            _of_live(order, trade, decided.get(number), rates)
            for order in orders.values()
            if (number := number_of(order)) is not None
            for trade in order.book.valid()
        ]


def _of_live(order: Order, trade: Execution, decided: datetime | None, rates: Rates) -> ParityFill:
    told = order.book.commission_of(trade)
    fees = told.amount * rates.of(told.currency) if told else Decimal(0)
    return ParityFill(order.id, trade.instrument, trade.side, trade.quantity, trade.price, trade.time, fees, decided)


def _of_backtest(one: ReplayedFill, story: _Story, rates: Rates) -> ParityFill:
    row, decided = story.rows[one.row], story.rows[max(one.decided, 0)]
    time = _instant(row.open_ns if one.at_open else row.close_ns)
    fees = one.commission * rates.of(story.stored.deployment.spec.currency)
    name = f"{one.order}" if one.order else f"{one.decided}/{one.symbol}"
    return ParityFill(name, one.symbol, one.side, one.quantity, one.price, time, fees, _instant(decided.close_ns))


def _by_row(story: _Story, fills: Sequence[ParityFill]) -> Mapping[int, list[ParityFill]]:
    """By the place of the row after the one that decided them; what was decided in the last row is not over."""
    closes = [row.close_ns for row in story.rows]
    found: defaultdict[int, list[ParityFill]] = defaultdict(list)
    for one in fills:
        decided = int((one.decided or one.time).timestamp() * 1e6) * 1000
        found[bisect_left(closes, decided) + 1].append(one)
    return found


def _ends(story: _Story) -> dict[str, Decimal]:
    """The last price of each symbol."""
    return {symbol: Decimal(repr(bar.close)) for row in story.rows for symbol, bar in row.bars.items()}


def _other_bars(story: _Story) -> dict[int, list[str]]:
    """Symbols of which another bar was shown than is stored now, by the place of the row after it."""
    places = {row.close_ns: place for place, row in enumerate(story.rows)}
    found: dict[int, list[str]] = {}
    for moment in story.moments:
        place = places.get(moment.newest_ns)
        if moment.row is None or place is None:
            continue
        stored, shown = story.rows[place].bars, moment.row.bars
        found[place + 1] = [symbol for symbol in {*stored, *shown} if stored.get(symbol) != shown.get(symbol)]
    return found


def _splits(past: Past) -> Mapping[str, list[tuple[date, Decimal]]]:
    found: defaultdict[str, list[tuple[date, Decimal]]] = defaultdict(list)
    for place, splits in past.splits.items():
        for split in splits:
            found[split.symbol].append((past.rows[place].session, split.ratio))
    return found


def _instant(time_ns: int) -> datetime:
    return datetime.fromtimestamp(time_ns / 1e9, UTC)
