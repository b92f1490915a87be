"""Limit and stop entries with a stop-loss and a take-profit on GOOG, trade by trade, as two other engines have them.

What the three agree on: an order placed at a close takes part from the next open; a stop or limit gapped through fills
at the open, else at its price; a bar that meets both exits is taken to have met the stop-loss (WORST_CASE).

Where they differ is from when an exit lives:

| | market entry | limit or stop entry |
|---|---|---|
| ours, `bracket` | from its fill on, within the bar | the same |
| backtesting.py | within the bar | from the next bar on, save a stop entry's take-profit when it alone is met |
| backtrader | from the next bar on | the same |

So theirs are met by placing the exits when the fill is told (at the close of the bar), as an OCO group, where they wait
for the next bar, and by a bracket of the take-profit alone until then where that does not. A bracket of both needs none
of this, as a bar is walked along a path: the last test shows a day on which that matters.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from scizor.domain.orders import Side
from scizor.engine.costs import Commission, Financing
from scizor.engine.market import Market
from scizor.engine.panel import Panel
from scizor.engine.result import Result
from scizor.engine.settings import Settings
from scizor.strategy import Choice, Context, EventStrategy, Fill
from scizor.strategy.run import run
from tests.full import peers
from tests.full.scripts.rules import EVERY, PATIENCE, SHARES, Entry, entry_at

pytestmark = [pytest.mark.full, pytest.mark.timeout(900)]

SETTINGS = Settings(100_000, commission=Commission(value_bps=10), financing=Financing.none())


class Exits(EventStrategy):
    """Entries by the rules, their exits in a bracket or once the entry is told to have filled."""

    kind = Choice("market", ("market", "limit", "stop"), "The entry's type")
    exits = Choice("bracket", ("bracket", "next_bar", "profit_at_once"), "From when the exits live")

    def on_start(self, ctx: Context) -> None:
        (self.symbol,) = ctx.symbols
        self.bar, self.entry = -1, Entry(0, None, None, 0.0, 0.0)

    def on_fill(self, ctx: Context, fill: Fill) -> None:
        entry = self.entry
        if self.exits != "bracket" and fill.side == entry.side and ctx.position(self.symbol):
            ctx.cancel_all()
            leave = ctx.sell if entry.side > 0 else ctx.buy
            group = ctx.one_cancels_other()
            leave(self.symbol, SHARES, stop=entry.stop_loss, group=group)
            leave(self.symbol, SHARES, limit=entry.take_profit, group=group)

    def on_bar(self, ctx: Context) -> None:
        self.bar += 1
        flat = ctx.position(self.symbol) == 0
        if self.bar % EVERY == PATIENCE and flat:
            ctx.cancel_all()
        entry = entry_at(self.bar, ctx.close(self.symbol), self.kind)
        if entry is None or not flat or ctx.orders():
            return
        self.entry = entry
        if self.exits == "next_bar":
            (ctx.buy if entry.side > 0 else ctx.sell)(self.symbol, SHARES, limit=entry.limit, stop=entry.stop)
            return
        ctx.bracket(
            self.symbol,
            SHARES,
            side=Side(entry.side),
            limit=entry.limit,
            stop=entry.stop,
            take_profit=entry.take_profit,
            stop_loss=entry.stop_loss if self.exits == "bracket" else None,
        )


def ours(kind: str, exits: str) -> Result:
    return run(Exits(kind=kind, exits=exits), panel(), SETTINGS).result


@cache
def panel() -> Panel:
    return peers.panel(peers.google())


def assert_same_trades(result: Result, theirs: peers.Arrays) -> None:
    assert len(result.trades) == len(theirs["entry_row"])
    for name in ("direction", "entry_row", "exit_row", "entry_price", "exit_price", "net_pnl"):
        np.testing.assert_allclose(result.trades[name], theirs[name], rtol=1e-9, err_msg=name)


def test_a_market_entry_with_exits_trades_as_in_backtesting_py() -> None:
    theirs = peers.run("backtesting", "exits_backtesting", peers.google(), "market")
    assert_same_trades(ours("market", "bracket"), theirs)


def test_a_limit_entry_with_exits_from_the_next_bar_on_trades_as_in_backtesting_py() -> None:
    theirs = peers.run("backtesting", "exits_backtesting", peers.google(), "limit")
    assert_same_trades(ours("limit", "next_bar"), theirs)


def test_a_stop_entry_with_its_take_profit_at_once_trades_as_in_backtesting_py() -> None:
    theirs = peers.run("backtesting", "exits_backtesting", peers.google(), "stop")
    assert_same_trades(ours("stop", "profit_at_once"), theirs)
    # The bars in which the take-profit was met with the entry: what backtrader has otherwise.
    assert np.count_nonzero(theirs["entry_row"] == theirs["exit_row"]) > 0


@pytest.mark.parametrize("kind", ["market", "limit", "stop"])
def test_entries_with_exits_from_the_next_bar_on_trade_as_in_backtrader(kind: str) -> None:
    theirs = peers.run("backtrader", "exits_backtrader", peers.google(), kind)
    assert_same_trades(ours(kind, "next_bar"), theirs)


class OneDay(EventStrategy):
    """Buys after 2012-10-17, the eve of a fall from 759.42 to 676 within a day, and to an open of 705.58 after it."""

    entry = Choice("market", ("market", "stop"), "At the market, or at a stop of 758")
    exits = Choice("bracket", ("bracket", "next_bar"), "From when the stop-loss of 720 lives")

    def on_bar(self, ctx: Context) -> None:
        if ctx.session.isoformat() != "2012-10-17":
            return
        stop = 758.0 if self.entry == "stop" else None
        if self.exits == "bracket":
            ctx.bracket("GOOG", SHARES, stop=stop, stop_loss=720.0)
        else:
            ctx.buy("GOOG", SHARES, stop=stop)

    def on_fill(self, ctx: Context, fill: Fill) -> None:
        if self.exits == "next_bar" and fill.side == Side.BUY:
            ctx.sell("GOOG", SHARES, stop=720.0)


@pytest.mark.parametrize(
    ("entry", "exits", "entry_price", "exit_price", "days"),
    [
        # A stop-loss is met on the day of its entry.
        ("market", "bracket", 755.54, 720.0, 0),
        # The stop entry is met at 758 and only then can the stop-loss be: on either way of the price it is that day.
        ("stop", "bracket", 758.0, 720.0, 0),
        # Where the exit waits for the next bar, that bar gaps through it.
        ("stop", "next_bar", 758.0, 705.58, 1),
    ],
)
def test_the_fall_of_2012_10_18(entry: str, exits: str, entry_price: float, exit_price: float, days: int) -> None:
    (trade,) = run(OneDay(entry=entry, exits=exits), Market(panel()), SETTINGS).result.trades
    assert (trade["entry_price"], trade["exit_price"]) == (entry_price, exit_price)
    assert trade["exit_row"] - trade["entry_row"] == days
