"""A strategy that trades does as its backtest does: the same bars, row by row, the same fills to the last bit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from scizor.domain.bars import ActionType, CorporateAction
from scizor.domain.orders import AccountType
from scizor.engine.arrays import Records
from scizor.engine.costs import Commission, Slippage
from scizor.engine.market import Listing, Market
from scizor.engine.panel import Panel
from scizor.engine.settings import Settings
from scizor.strategy import Context, EventStrategy, Fill, Interval, Order, Side, Strategy, TimeInForce, all_strategies
from scizor.strategy import indicators as ta
from scizor.strategy.live import LiveStrategy, live_of
from scizor.strategy.run import Run, run
from tests.unit.strategy.build import random_panel
from tests.unit.strategy.live_host import Host

MINUTE_NS = 60_000_000_000
COMPARED = ("row", "symbol", "side", "quantity", "price", "commission", "slippage", "cause", "phase")


class Busy(EventStrategy):
    """Orders of every kind, cancels and weights, by dice that follow from the row; it writes down all it sees."""

    mean = ta.ema("close", window=5)
    against = ta.beta("close", against=ta.of("S0"), window=4)
    smooth = ta.sma(ta.rsi(window=3), window=4)
    channel = ta.donchian(window=4)
    flow = ta.vwap(window=3)

    def on_start(self, ctx: Context) -> None:
        self.log: list[object] = [(ctx.cash, ctx.equity, dict(ctx.positions()))]
        self.rows = 0

    def on_bar(self, ctx: Context) -> None:
        self.rows += 1
        dice = np.random.default_rng(self.rows)
        self.log.append((ctx.time, ctx.session, ctx.cash, ctx.equity, dict(ctx.positions())))
        for symbol in ctx.symbols:
            self.note(ctx, symbol)
            close = ctx.close(symbol)
            if close == close and dice.random() < 0.4:
                self.act(ctx, symbol, close, int(dice.integers(0, 11)), Side.BUY if dice.random() < 0.6 else Side.SELL)
        self.log += [(one.id, one.symbol, one.state, one.filled, one.average_price) for one in ctx.orders()]

    def note(self, ctx: Context, symbol: str) -> None:
        values = [self.mean, self.against, self.smooth, self.channel.lower, self.channel.upper, self.flow]
        self.log.append([round(one[symbol], 9) for one in values])
        self.log.append(self.smooth.history(symbol, 3).round(9).tolist())
        self.log.append((ctx.bar(symbol), ctx.close(symbol), ctx.history(symbol, 7, "high").round(9).tolist()))

    def act(self, ctx: Context, symbol: str, close: float, which: int, side: Side) -> None:  # noqa: C901 - a case a kind
        place = ctx.buy if side is Side.BUY else ctx.sell
        near = round(close * (1 - 0.01 * side), 2)
        beyond = round(close * (1 + 0.01 * side), 2)
        if which == 0:
            place(symbol, 10, label="market")
        elif which == 1:
            place(symbol, 10, limit=near, tif=TimeInForce.DAY)
        elif which == 2:
            place(symbol, 10, stop=beyond, expires=ctx.time + timedelta(days=3))
        elif which == 3:
            place(symbol, 10, stop=beyond, limit=round(beyond * (1 + 0.01 * side), 2))
        elif which == 4:
            place(symbol, 10, trail=round(close * 0.02, 2))
        elif which == 5:
            up, down = round(close * (1 + 0.03 * side), 2), round(close * (1 - 0.03 * side), 2)
            ctx.bracket(symbol, 20, side=side, take_profit=up, stop_loss=down, label="bracket")
        elif which == 6:
            group = ctx.one_cancels_other()
            place(symbol, 5, limit=near, group=group)
            place(symbol, 5, stop=beyond, group=group)
        elif which == 7:
            ctx.target(symbol, 0.1 * side if self.rows % 3 else 0.0)
        elif which == 8:
            self.log.append(("cancelled", ctx.cancel_all(symbol)))
        elif which == 9:
            self.log.append(("closed", ctx.close_position(symbol)))
        else:
            ctx.bracket(symbol, 10, side=side, limit=near, take_profit=round(close * (1 + 0.05 * side), 2), trail=1.5)

    def on_order(self, ctx: Context, order: Order) -> None:
        # An order by weight that came to nothing is the strategy's own to know, and known a row sooner or later.
        if order.weight is None:
            self.log.append(order)
            if order.label == "market" and order.id % 3 == 0:
                ctx.sell(order.symbol, 1, label="after")

    def on_fill(self, ctx: Context, fill: Fill) -> None:
        self.log.append(fill)


class Slow(EventStrategy):
    """Indicators of longer intervals, declared and asked for."""

    hourly = ta.sma("close", window=2, interval=Interval.MINUTE_5)
    daily = ta.ema(ta.of("S0", "high"), window=2, interval=Interval.DAY_1)
    pair = ta.correlation("close", against=ta.of("S1"), window=3, interval=Interval.MINUTE_5)

    def on_start(self, ctx: Context) -> None:
        self.log: list[object] = []

    def on_bar(self, ctx: Context) -> None:
        for symbol in ctx.symbols:
            self.log.append([one[symbol] for one in (self.hourly, self.daily, self.pair)])
            self.log.append(self.hourly.history(symbol, 4).tolist())
            self.log.append(ctx.history(symbol, 5, "volume", Interval.MINUTE_15).tolist())
            self.log.append(ctx.history(symbol, 5, "low", Interval.DAY_1).tolist())
            self.log.append(ctx.history(symbol, 5, "close", Interval.MINUTE_5).tolist())


def both(
    strategy: Strategy, market: Market, settings: Settings, *, first_row: int = 0, by_weight: bool = True
) -> tuple[Run, Host, LiveStrategy]:
    backtest = run(strategy, market, settings, first_row=first_row)
    live = live_of(strategy, market.panel.symbols, settings, market.listings)
    host = Host(live, market, settings, first_row=first_row, by_weight=by_weight)
    host.run()
    return backtest, host, live


def plain(fills: Records) -> list[Any]:
    return [tuple(row[name] for name in COMPARED) for row in fills]


def log_of(live: LiveStrategy) -> list[object]:
    log: list[object] = live._strategy.log  # type: ignore[attr-defined] # what only these tests look at
    return log


def same(first: object, second: object) -> bool:
    return repr(first) == repr(second)  # NaN differs from itself


COSTS: dict[str, Any] = {"commission": Commission(per_share=0.005, minimum=1.0), "slippage": Slippage.bps(2.0)}
ACCOUNTS: list[Mapping[str, Any]] = [
    {},
    COSTS,
    COSTS | {"account": AccountType.MARGIN, "max_participation": 0.0001},
]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("options", ACCOUNTS, ids=["free", "costs", "margin"])
def test_orders_of_every_kind_fill_as_in_the_backtest_and_show_the_strategy_the_same(
    options: Mapping[str, Any], seed: int
) -> None:
    market = Market(random_panel(120, 3, seed), {"S1": Listing(tick_size=0.01)})
    backtest, host, live = both(Busy(), market, Settings(**options))
    assert plain(host.simulation.fills) == plain(backtest.result.fills)
    assert len(backtest.result.fills) > 60
    assert same(log_of(live), backtest.strategy.log)  # type: ignore[attr-defined]


def test_symbols_with_missing_bars_are_seen_and_traded_as_in_the_backtest() -> None:
    market = Market(random_panel(150, 3, 5, gaps=0.2))
    backtest, host, live = both(Busy(), market, Settings())
    assert plain(host.simulation.fills) == plain(backtest.result.fills)
    assert same(log_of(live), backtest.strategy.log)  # type: ignore[attr-defined]


def test_rows_before_the_first_are_a_warm_up_as_in_the_backtest() -> None:
    market = Market(random_panel(100, 2, 6))
    backtest, host, live = both(Busy(), market, Settings(), first_row=40)
    assert plain(host.simulation.fills) == plain(backtest.result.fills)
    assert same(log_of(live), backtest.strategy.log)  # type: ignore[attr-defined]


@pytest.mark.parametrize("gaps", [0.0, 0.3])
def test_bars_of_longer_intervals_are_known_when_the_backtest_knows_them(gaps: float) -> None:
    market = Market(random_panel(400, 3, 7, gaps=gaps, bar_ns=MINUTE_NS, bars_a_day=60))
    backtest, _, live = both(Slow(), market, Settings())
    assert same(log_of(live), backtest.strategy.log)  # type: ignore[attr-defined]


def test_a_split_is_carried_through_indicators_history_and_orders() -> None:
    panel = random_panel(60, 2, 8)
    actions = {"S0": [CorporateAction(ActionType.SPLIT, date(1970, 1, 31), Decimal(2), "")]}
    columns = {name: getattr(panel, name).copy() for name in ("open", "high", "low", "close", "volume")}
    for name, column in columns.items():
        column[30:, 0] = column[30:, 0] * 2 if name == "volume" else column[30:, 0] / 2
    market = Market(Panel(panel.symbols, panel.sessions, panel.open_ns, panel.close_ns, **columns), actions=actions)
    backtest, host, live = both(Busy(), market, Settings())
    assert plain(host.simulation.fills) == plain(backtest.result.fills)
    assert same(log_of(live), backtest.strategy.log)  # type: ignore[attr-defined]


@pytest.mark.parametrize("strategy", all_strategies(), ids=lambda one: one.id)
@pytest.mark.parametrize("gaps", [0.0, 0.1])
def test_every_built_in_strategy_sizes_and_fills_as_in_its_backtest(strategy: type[Strategy], gaps: float) -> None:
    market = Market(random_panel(260, 4, 9, gaps=gaps), {"S2": Listing(lot_size=10.0, tick_size=0.01)})
    named = {one.name for one in strategy.parameters()}
    short = {"slow": 12, "fast": 4, "lookback": 15, "hold": 2}
    made = strategy(**{name: value for name, value in short.items() if name in named})
    settings = Settings(**COSTS)
    backtest, host, _ = both(made, market, settings)
    assert plain(host.simulation.fills) == plain(backtest.result.fills)
    assert len(backtest.result.fills) >= 4


@pytest.mark.parametrize("strategy", [one for one in all_strategies() if one.id.startswith(("sma", "rsi", "donchian"))])
def test_shares_that_a_weight_came_to_fill_alike_as_plain_orders(strategy: type[Strategy]) -> None:
    backtest, host, _ = both(strategy(), Market(random_panel(300, 1, 11)), Settings(**COSTS), by_weight=False)
    free_of_cause = [one[:-2] for one in plain(host.simulation.fills)]
    assert free_of_cause == [one[:-2] for one in plain(backtest.result.fills)]
    assert len(free_of_cause) >= 2
