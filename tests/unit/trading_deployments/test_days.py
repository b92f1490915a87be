"""Rows that deployed strategies are shown: a backtest's over the same stored bars, each as soon as it is whole."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Final

import numpy as np
import pytest

from scizor.domain.bars import ActionType, Adjustment, BarArray, CorporateAction, empty_bars
from scizor.domain.instruments import Instrument, StoredInstrument
from scizor.domain.intervals import Interval
from scizor.domain.sessions import SessionRange, to_day
from scizor.engine.market import Market
from scizor.engine.settings import Settings
from scizor.ports.calendar import SessionHours
from scizor.services.history.load import load_history
from scizor.services.history.market import market_of
from scizor.services.trading.deployments.days import StoredDays
from scizor.services.trading.deployments.rows import Coming
from scizor.strategy import Strategy, all_strategies
from scizor.strategy.live import Row, live_of
from scizor.strategy.run import run
from tests.fakes.samples import job_of, keys_of
from tests.fakes.storage import FakeStorage
from tests.unit.strategy.live_host import Host, _splits, rows_of
from tests.unit.trading_account.build import WeekdayCalendar

FIRST: Final = date(2023, 1, 2)
COUNT: Final = 330
AMERICAN: Final = ("AAPL.NASDAQ", "IBM.NYSE", "MSFT.NASDAQ")
MIXED: Final = ("AAPL.NASDAQ", "BHP.ASX", "IBM.NYSE", "CBA.ASX")
UNKNOWN: Final = ("AAPL.NASDAQ", "IBM.NYSE", "CRATER.MOON")
SETTINGS: Final = Settings(initial_cash=100_000.0)


class Calendar(WeekdayCalendar):
    """Hours worked out once."""

    def hours(self, exchange: str, start: date, end: date) -> SessionHours:
        held = _hours(exchange)
        first, last = np.searchsorted(held.days, [to_day(start), to_day(end) + 1])
        return SessionHours(held.days[first:last], held.open_ns[first:last], held.close_ns[first:last])


@cache
def _hours(exchange: str) -> SessionHours:
    return WeekdayCalendar().hours(exchange, FIRST - timedelta(days=90), date(2030, 6, 1))


@dataclass
class Shelf:
    """Stored bars, and the broker's clock. `step`: how far it moves at each look, or none."""

    symbols: Sequence[str]
    time: datetime = datetime(2030, 1, 1, tzinfo=UTC)
    storage: FakeStorage = field(default_factory=FakeStorage)
    stored: dict[str, StoredInstrument] = field(default_factory=dict)

    async def fill(self, count: int = COUNT) -> Shelf:
        """Random walks on weekdays, some bars missing, some symbols split."""
        for place, symbol in enumerate(self.symbols):
            dice = np.random.default_rng(place)
            days = [one for one in range(to_day(FIRST), to_day(FIRST) + count) if (one + 3) % 7 < 5]
            kept = np.array(days)[dice.random(len(days)) < 0.95]
            closes = 100 * np.exp(np.cumsum(dice.normal(0.0, 0.02, len(kept))))
            await self.put(symbol, kept.tolist(), closes.round(2).tolist())
        for symbol, ex_date, ratio in _splits_of(self.symbols):
            action = CorporateAction(ActionType.SPLIT, ex_date, ratio, "test")
            async with self.storage.begin() as work:
                await work.actions.record(self.stored[symbol], action)
        return self

    async def put(self, symbol: str, days: Sequence[int], closes: Sequence[float], *, partial: bool = False) -> None:
        async with self.storage.begin() as work:
            if symbol not in self.stored:
                name, exchange = symbol.split(".")
                self.stored[symbol] = await work.symbols.add(Instrument(name, exchange, "USD"))
            bars = _bars(days, closes)
            bars["partial"] = partial
            async with work.bars.writer("test") as writer:
                await writer.add(keys_of(self.stored[symbol], bars), bars)
                await writer.store()

    def days(self, grace_s: float = 900.0) -> StoredDays:
        references = [f"{symbol}.USD" for symbol in self.symbols]
        return StoredDays(self.storage, Calendar(), lambda: self.time, references, 0.001, grace_s)

    async def market(self) -> Market:
        """What a backtest over all of it runs on."""
        spec = replace(
            job_of("b").spec,
            symbols=tuple(self.symbols),
            sessions=SessionRange(),
            interval=Interval.DAY_1,
            adjustment=Adjustment.RAW,
            benchmark="",
        )
        return market_of(await load_history(self.storage, spec, self.time.date()), Calendar())


def _bars(days: Sequence[int], closes: Sequence[float]) -> BarArray:
    bars = empty_bars(len(days))
    bars["day"] = days
    bars["open"], bars["close"] = np.array(closes) * 0.995, closes
    bars["high"], bars["low"], bars["volume"] = bars["close"] * 1.01, bars["close"] * 0.98, 1e6
    return bars


def _splits_of(symbols: Sequence[str]) -> list[tuple[str, date, Decimal]]:
    """On a weekday, on a Saturday, and two between the same two bars."""
    saturday = date(2023, 5, 6)
    return [
        (symbols[0], date(2023, 3, 15), Decimal(2)),
        (symbols[1], saturday, Decimal("0.5")),
        (symbols[-1], saturday, Decimal(3)),
        (symbols[-1], saturday + timedelta(days=1), Decimal(2)),
    ]


def _plain(row: Row) -> Row:
    """By the names a backtest has."""
    return replace(row, bars={name.removesuffix(".USD"): bar for name, bar in row.bars.items()})


async def _shown(shelf: Shelf, warm: int) -> tuple[list[Row], dict[int, list[tuple[str, float]]]]:
    """All rows as a deployment gets them: so many at its start, and the rest one by one."""
    rows: list[Row] = []
    splits: dict[int, list[tuple[str, float]]] = {}
    source = shelf.days(grace_s=0.0)
    everything = await source.before(shelf.time, 10_000)
    until = datetime.fromtimestamp(everything.rows[warm - 1].close_ns / 1e9, UTC)
    past = await source.before(until, 10_000)
    rows += past.rows
    splits |= {place: [(one.symbol, float(one.ratio)) for one in told] for place, told in past.splits.items()}
    while len(rows) < len(everything.rows):
        coming = await source.next(rows[-1].close_ns)
        if coming.splits:
            splits[len(rows)] = [(one.symbol, float(one.ratio)) for one in coming.splits]
        rows.append(coming.row)
        assert coming.newest is (len(rows) == len(everything.rows))
    named = {place: sorted((name[:-4], ratio) for name, ratio in told) for place, told in splits.items()}
    return [_plain(row) for row in rows], named


@pytest.mark.parametrize("symbols", [AMERICAN, MIXED, UNKNOWN], ids=["one calendar", "two calendars", "no calendar"])
async def test_rows_and_splits_are_those_of_a_backtest_over_the_same_bars(symbols: Sequence[str]) -> None:
    shelf = await Shelf(symbols).fill(140)
    market = await shelf.market()
    rows, splits = await _shown(shelf, 40)
    expected = rows_of(market.panel)
    assert [(row.session, row.bars) for row in rows] == [(row.session, row.bars) for row in expected]
    assert splits == {place: sorted(told) for place, told in _splits(market).items()}
    assert sum(len(told) for told in splits.values()) == 4
    if symbols is not AMERICAN:
        assert [(row.open_ns, row.close_ns) for row in rows] == [(row.open_ns, row.close_ns) for row in expected]


@pytest.fixture(scope="module")
async def deployed() -> tuple[Market, list[Row], dict[int, list[tuple[str, float]]]]:
    shelf = await Shelf(MIXED).fill()
    rows, splits = await _shown(shelf, 430)
    return await shelf.market(), rows, splits


@pytest.mark.parametrize("strategy", all_strategies(), ids=lambda one: one.id)
def test_built_in_strategies_trade_on_these_rows_as_their_backtests_do(
    strategy: type[Strategy], deployed: tuple[Market, list[Row], dict[int, list[tuple[str, float]]]]
) -> None:
    market, rows, splits = deployed
    backtest = run(strategy(), market, SETTINGS)
    host = Host(live_of(strategy(), market.panel.symbols, SETTINGS), market, SETTINGS)
    host._rows, host.splits = rows, splits
    fills = host.run()
    names = ("row", "symbol", "side", "quantity", "price")
    assert [tuple(one[name] for name in names) for one in fills] == [
        tuple(one[name] for name in names) for one in backtest.result.fills
    ]


async def _settles() -> None:
    """Let whoever waits look several times."""
    for _ in range(20):
        await asyncio.sleep(0.001)


async def _two(first: str, second: str) -> Shelf:
    """Two symbols with a bar on Monday, and Tuesday's session is over."""
    shelf = Shelf((first, second), datetime(2023, 1, 3, 22, tzinfo=UTC))
    for symbol in shelf.symbols:
        await shelf.put(symbol, [to_day(FIRST)], [10.0])
    return shelf


async def _waiting(source: StoredDays) -> asyncio.Task[Coming]:
    past = await source.before(source.now(), 1)
    task = asyncio.create_task(source.next(past.rows[-1].close_ns))
    await asyncio.sleep(0.02)
    return task


TUESDAY: Final = to_day(FIRST) + 1


async def test_a_row_waits_for_all_its_bars() -> None:
    shelf = await _two("AAPL.NASDAQ", "IBM.NYSE")
    waiting = await _waiting(shelf.days())
    await shelf.put("AAPL.NASDAQ", [TUESDAY], [11.0])
    await _settles()
    assert not waiting.done()
    await shelf.put("IBM.NYSE", [TUESDAY], [12.0])
    coming = await asyncio.wait_for(waiting, 5)
    assert {name: bar.close for name, bar in coming.row.bars.items()} == {"AAPL.NASDAQ.USD": 11, "IBM.NYSE.USD": 12}
    assert coming.newest
    assert coming.fresh_for == timedelta(hours=17, minutes=30)


async def test_a_bar_that_is_not_complete_is_waited_for() -> None:
    shelf = await _two("AAPL.NASDAQ", "IBM.NYSE")
    waiting = await _waiting(shelf.days())
    await shelf.put("AAPL.NASDAQ", [TUESDAY], [11.0])
    await shelf.put("IBM.NYSE", [TUESDAY], [12.5], partial=True)
    await _settles()
    assert not waiting.done()
    await shelf.put("IBM.NYSE", [TUESDAY], [12.0])
    assert (await asyncio.wait_for(waiting, 5)).row.bars["IBM.NYSE.USD"].close == 12.0


async def test_a_halted_symbol_is_waited_for_so_long_and_no_longer() -> None:
    shelf = await _two("AAPL.NASDAQ", "IBM.NYSE")
    waiting = await _waiting(shelf.days())
    await shelf.put("AAPL.NASDAQ", [TUESDAY], [11.0])
    await _settles()
    shelf.time += timedelta(seconds=899)
    await _settles()
    assert not waiting.done()
    shelf.time += timedelta(seconds=2)
    assert list((await asyncio.wait_for(waiting, 5)).row.bars) == ["AAPL.NASDAQ.USD"]


async def test_missed_rows_of_a_symbol_that_is_gone_wait_once_and_not_each() -> None:
    shelf = await _two("AAPL.NASDAQ", "IBM.NYSE")
    source = shelf.days()
    waiting = await _waiting(source)
    await shelf.put("AAPL.NASDAQ", [TUESDAY, TUESDAY + 1], [11.0, 12.0])
    shelf.time += timedelta(days=1)
    await _settles()
    assert not waiting.done()
    shelf.time += timedelta(seconds=901)
    first = await asyncio.wait_for(waiting, 5)
    second = await asyncio.wait_for(source.next(first.row.close_ns), 5)
    assert (first.newest, second.newest) == (False, True)
    assert second.row.session == FIRST + timedelta(days=2)


async def test_sydney_does_not_wait_for_new_york() -> None:
    shelf = await _two("AAPL.NASDAQ", "BHP.ASX")
    shelf.time = datetime(2023, 1, 3, 6, tzinfo=UTC)
    source = shelf.days()
    waiting = await _waiting(source)
    await shelf.put("BHP.ASX", [TUESDAY], [11.0])
    coming = await asyncio.wait_for(waiting, 5)
    assert list(coming.row.bars) == ["BHP.ASX.USD"]


async def test_new_york_waits_for_sydney_that_came_before() -> None:
    shelf = await _two("AAPL.NASDAQ", "BHP.ASX")
    waiting = await _waiting(shelf.days())
    await shelf.put("AAPL.NASDAQ", [TUESDAY], [11.0])
    await _settles()
    assert not waiting.done()
    await shelf.put("BHP.ASX", [TUESDAY], [12.0])
    assert list((await asyncio.wait_for(waiting, 5)).row.bars) == ["BHP.ASX.USD"]


async def test_no_row_is_shown_before_it_has_closed_by_the_brokers_clock() -> None:
    shelf = await _two("AAPL.NASDAQ", "IBM.NYSE")
    shelf.time = datetime(2023, 1, 3, 20, 59, 59, tzinfo=UTC)
    for symbol in shelf.symbols:
        await shelf.put(symbol, [TUESDAY], [11.0])
    waiting = await _waiting(shelf.days())
    assert not waiting.done()
    shelf.time += timedelta(seconds=1)
    assert (await asyncio.wait_for(waiting, 5)).row.session == FIRST + timedelta(days=1)


async def test_the_last_row_before_a_long_weekend_is_found() -> None:
    shelf = await _two("AAPL.NASDAQ", "IBM.NYSE")
    for later in (timedelta(days=4), timedelta(days=400)):
        past = await shelf.days().before(shelf.time + later, 1)
        assert [row.session for row in past.rows] == [FIRST]


async def test_warming_leaves_a_row_whose_bars_are_still_coming_in_to_be_shown() -> None:
    shelf = await _two("AAPL.NASDAQ", "IBM.NYSE")
    await shelf.put("AAPL.NASDAQ", [TUESDAY], [11.0])
    source = shelf.days()
    assert [row.session for row in (await source.before(shelf.time, 5)).rows] == [FIRST]
    next_open = shelf.time.replace(day=4, hour=15)
    assert len((await source.before(next_open, 5)).rows) == 2
    await shelf.put("IBM.NYSE", [TUESDAY], [12.0])
    assert len((await source.before(shelf.time, 5)).rows[-1].bars) == 2


async def test_a_split_during_a_long_halt_is_told_with_the_bar_that_ends_it() -> None:
    shelf = await _two("AAPL.NASDAQ", "IBM.NYSE")
    back = TUESDAY + 70
    await shelf.put("AAPL.NASDAQ", list(range(TUESDAY, back + 1)), [11.0] * 71)
    await shelf.put("IBM.NYSE", [back], [5.0])
    async with shelf.storage.begin() as work:
        split = CorporateAction(ActionType.SPLIT, FIRST + timedelta(days=10), Decimal(2), "test")
        await work.actions.record(shelf.stored["IBM.NYSE"], split)
    shelf.time = datetime(2024, 1, 1, tzinfo=UTC)
    source = shelf.days()
    before = await source.before(datetime(2023, 3, 14, tzinfo=UTC), 1)
    assert not before.splits
    coming = await source.next(before.rows[-1].close_ns)
    assert coming.row.session == FIRST + timedelta(days=71)
    assert [(one.symbol, one.ratio) for one in coming.splits] == [("IBM.NYSE.USD", Decimal(2))]


async def test_nothing_is_asked_of_storage_while_no_session_is_over() -> None:
    shelf = await _two("AAPL.NASDAQ", "IBM.NYSE")
    shelf.time = datetime(2023, 1, 3, 12, tzinfo=UTC)
    source = shelf.days()
    waiting = await _waiting(source)
    begun, begin = [], shelf.storage.begin
    shelf.storage.begin = lambda **how: begun.append(1) or begin(**how)  # type: ignore[method-assign,func-returns-value] # a test's own
    await _settles()
    assert not begun
    shelf.time = datetime(2023, 1, 3, 21, tzinfo=UTC)
    await _settles()
    assert begun
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
