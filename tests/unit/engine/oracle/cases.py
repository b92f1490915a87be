"""Random worlds, settings and scripts. Prices are on quarters and rates on binary fractions, so that a tie is one in
floats as well; bars come of a drawn seed, which keeps examples small enough to be made by the thousand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random

import numpy as np
from hypothesis import reject
from hypothesis import strategies as st

from scizor.domain.bars import ActionType, CorporateAction
from scizor.domain.errors import InvalidInput
from scizor.domain.orders import AccountType, OrderType, TimeInForce
from scizor.engine.market import Delisting, Listing, Market
from scizor.engine.panel import Panel, Series
from scizor.engine.settings import Settings
from tests.unit.engine.oracle.how import all_settings
from tests.unit.engine.oracle.money import exact
from tests.unit.engine.oracle.orders import LIMITED, STOPS, TOUCHES, Order
from tests.unit.engine.oracle.script import Action, Bracket, Cancel, Place, Script, Weigh

HOUR_NS = 3_600_000_000_000
NAN = float("nan")


@dataclass(frozen=True)
class Case:
    """A world and what is done in it."""

    market: Market
    settings: Settings
    script: Script
    first_row: int = 0


@dataclass(frozen=True)
class Exchange:
    """Its sessions open `start` hours after midnight of their date, and have so many bars of so many hours."""

    start: int
    n_bars: int
    bar_hours: int


exchanges = st.builds(Exchange, st.sampled_from([-6, 0, 3, 14]), st.sampled_from([1, 1, 2, 4]), st.integers(1, 5))


_seeds = st.integers(0, 1 << 30)
_flag = st.booleans()
_places = st.lists(exchanges, min_size=1, max_size=2)
_n_symbols, _n_days, _gaps = st.integers(1, 4), st.integers(3, 12), st.sampled_from([0.0, 0.1, 0.4])


@st.composite
def markets(draw: st.DrawFn) -> Market:
    """What is drawn apart is what a failing example can do without."""
    n_symbols, n_days, places, gaps = draw(_n_symbols), draw(_n_days), draw(_places), draw(_gaps)
    random = Random(draw(_seeds))  # noqa: S311 - made to be repeated
    foreign, ends, acts, lots = draw(_flag), draw(_flag), draw(_flag), draw(_flag)
    days = _days(random, n_days)
    names = [f"S{one}" for one in range(n_symbols)]
    series = {name: _series(random, places[place % len(places)], days, gaps) for place, name in enumerate(names)}
    listings: dict[str, Listing] = {}
    actions: dict[str, list[CorporateAction]] = {}
    for name in names:
        delisting = None
        if ends and random.random() < 0.3:
            series[name], delisting = _delisted(random, series[name])
        currency = random.choice([None, "AUD"]) if foreign else None
        lot, tick = (random.choice([1.0, 5.0, 0.1]), random.choice([0.0, 0.01, 0.25])) if lots else (1.0, 0.0)
        listings[name] = Listing(currency, lot, tick, delisting)
        actions[name] = [_corporate_action(random, days) for _ in range(random.randint(0, 2))] if acts else []
    panel = _aligned(series)
    # A rate is that of an instant: rows that open together have the same.
    known = {instant: random.choice([0.5, 0.625, 0.75, 1.5]) for instant in sorted(set(panel.open_ns.tolist()))}
    rates = np.array([known[instant] for instant in panel.open_ns.tolist()])
    return Market(panel, listings, actions, {"AUD": rates} if foreign else {})


def _aligned(series: dict[str, Series]) -> Panel:
    try:
        return Panel.align(series)
    except InvalidInput as error:
        if "one slot, one session" not in error.message:
            raise
        return reject()  # two exchanges that call the same hours by two dates are no world


def _days(random: Random, n_days: int) -> list[date]:
    """Weekdays mostly, over a month's end."""
    days = [date(2020, 1, 24)]
    while len(days) < n_days:
        days.append(days[-1] + timedelta(random.choice([1, 1, 1, 3])))
    return days


def _series(random: Random, place: Exchange, days: Sequence[date], gaps: float) -> Series:
    bars: list[tuple[float, ...]] = []
    sessions, opens = [], []
    close = random.randint(30, 120)
    for day in days:
        midnight = (day - date(1970, 1, 1)).days * 24
        for number in range(place.n_bars):
            bar = _bar(random, close)
            close = int(bar[3] * 4)
            if random.random() >= gaps or not bars:
                bars.append(bar)
                sessions.append(day)
                opens.append((midnight + place.start + number * place.bar_hours) * HOUR_NS)
    open_, high, low, close_, volume = np.array(bars, np.float64).T.copy()
    starts = np.array(opens, np.int64)
    ends = starts + place.bar_hours * HOUR_NS
    return Series(np.array(sessions, "datetime64[D]"), open_, high, low, close_, volume, starts, ends)


def _bar(random: Random, close_before: int) -> tuple[float, ...]:
    """Open, high, low, close in quarters near the last close, and a volume that may be none."""
    open_ = max(close_before + random.choice([-9, -2, -1, 0, 0, 1, 2, 9]), 20)
    close = max(open_ + random.randint(-6, 6), 20)
    high = max(open_, close) + random.choice([0, 0, 1, 3, 6])
    low = min(open_, close) - random.choice([0, 0, 1, 3, 6])
    volume = random.choice([0.0, NAN, 10.0, 37.0, 100.0, 400.0, 2_000.0, 2_000.0, 2_000.0])
    return open_ / 4, high / 4, low / 4, close / 4, volume


def _delisted(random: Random, series: Series) -> tuple[Series, Delisting]:
    """The series up to its last session, and what was paid then."""
    last = random.randrange(len(series.sessions))
    kept = np.flatnonzero(series.sessions <= series.sessions[last])
    columns = [getattr(series, one)[kept] for one in ("open", "high", "low", "close", "volume", "open_ns", "close_ns")]
    delisting = Delisting(series.sessions[last].item(), random.choice([None, 7.25]))
    return Series(series.sessions[kept], *columns), delisting


def _corporate_action(random: Random, days: Sequence[date]) -> CorporateAction:
    """A dividend, or a split by a power of two, so that prices stay on binary fractions."""
    ex_date = days[0] + timedelta(random.randint(0, (days[-1] - days[0]).days + 1))
    if random.random() < 0.5:
        return CorporateAction(ActionType.SPLIT, ex_date, Decimal(random.choice(["2", "4", "0.5", "0.25"])), "x")
    wait = random.choice([None, 0, 2, 5, 40])
    pay_date = None if wait is None else ex_date + timedelta(wait)
    return CorporateAction(ActionType.DIVIDEND, ex_date, Decimal(random.choice(["0.25", "1.5"])), "x", pay_date)


_markets = markets()
_first_rows = st.sampled_from([0, 0, 0, 5])
_many_seeds = st.lists(_seeds, min_size=8, max_size=30)


@st.composite
def vector_cases(draw: st.DrawFn) -> Case:
    """Weights at random closes."""
    market, settings, random = draw(_markets), draw(all_settings), Random(draw(_seeds))  # noqa: S311 - made to be repeated
    panel, often = market.panel, draw(st.sampled_from([0.1, 0.4]))
    script: dict[int, list[Action]] = {}
    for row in range(panel.n_rows):
        some = [one for one in range(panel.n_symbols) if random.random() < often]
        script[row] = [Weigh(one, _weight(random, settings.account, panel.n_symbols)) for one in some]
    return Case(market, settings, script, draw(_first_rows) % panel.n_rows)


def targets_of(case: Case) -> np.ndarray:
    """The script of weights as the matrix of a vector strategy."""
    targets = np.full(case.market.panel.close.shape, np.nan)
    for row, actions in case.script.items():
        for action in actions:
            assert isinstance(action, Weigh)
            targets[row, action.symbol] = float(action.weight)
    return targets


@st.composite
def event_cases(draw: st.DrawFn) -> Case:
    """Orders of every kind at random closes."""
    market, settings = draw(_markets), draw(all_settings)
    script: dict[int, list[Action]] = {}
    for seed in filter(None, draw(_many_seeds)):  # 0, to which examples shrink, does nothing
        random = Random(seed)  # noqa: S311 - made to be repeated
        row = random.randrange(market.panel.n_rows)
        action = _action(random, market, row, settings.account)
        if action is not None:
            script.setdefault(row, []).append(action)
    return Case(market, settings, script)


def _action(random: Random, market: Market, row: int, account: AccountType) -> Action | None:
    kind = random.choice("ooooobbwc")
    symbol = random.randrange(market.panel.n_symbols)
    closes = market.panel.close[: row + 1, symbol]
    known = closes[~np.isnan(closes)]
    if kind == "c":
        return Cancel(random.randint(1, 12))
    if len(known) == 0:
        return None
    if kind == "w":
        return Weigh(symbol, _weight(random, account, market.panel.n_symbols))
    lot = market.listing(market.panel.symbols[symbol]).lot_size
    close = exact(float(known[-1]))
    order = _order(random, symbol, close, exact(lot), market.panel.close_ns[row].item())
    if kind == "o":
        return Place(order)
    with_target, with_stop = random.choice([(True, True), (True, True), (True, False), (False, True)])
    return Bracket(
        order,
        _near(close, order.side * random.randint(-2, 12)) if with_target else None,
        _near(close, -order.side * random.randint(-2, 12)) if with_stop else None,
    )


def _weight(random: Random, account: AccountType, n_symbols: int) -> Decimal:
    """One that the account may hold beside as large ones of all other symbols."""
    weights = [0.0, 0.3, 0.5, 1.0]
    if account is not AccountType.CASH:
        weights += [-1.0, -0.5]
    if account is AccountType.MARGIN:
        weights += [-1.5, 1.5, 2.0]
    return exact(random.choice(weights) / n_symbols)


def _near(close: Decimal, quarters: int) -> Decimal:
    return max(close + Decimal(quarters) / 4, Decimal("0.25"))


def _order(random: Random, symbol: int, close: Decimal, lot: Decimal, now_ns: int) -> Order:
    kind = random.choice(list(OrderType))
    tif = random.choice([TimeInForce.GTC] * 4 + [TimeInForce.DAY, *TimeInForce])
    if tif is TimeInForce.CLS and kind not in (OrderType.MARKET, OrderType.LIMIT):
        tif = TimeInForce.GTC
    if tif is TimeInForce.OPG and kind is OrderType.TRAILING:  # no broker takes it
        tif = TimeInForce.GTC
    trails, by_amount = kind is OrderType.TRAILING, random.random() < 0.5
    order = Order(0, symbol, random.choice([1, 1, -1]), lot * random.choice([1, 2, 3, 8, 10, 10, 40, 200]), kind, tif)
    order.group = random.choice([0, 0, 0, 1, 2])
    if kind in LIMITED:
        order.limit = _near(close, random.randint(-8, 8))
    if kind in (*STOPS, *TOUCHES) and not trails:
        order.trigger = _near(close, random.randint(-8, 8))
    if trails and by_amount:
        order.trail_amount = Decimal(random.choice(["0.5", "1", "2.25"]))
    if trails and not by_amount:
        order.trail_fraction = Decimal(random.choice(["0.0625", "0.125"]))
    if tif is TimeInForce.GTD:
        order.expire_ns = now_ns + random.randint(1, 90) * HOUR_NS
    return order
