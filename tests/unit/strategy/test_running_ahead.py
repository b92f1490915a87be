"""The simulation runs ahead of a silent strategy, which must not see that it does."""

from __future__ import annotations

import numpy as np
import pytest

from scizor.engine.market import Market
from scizor.engine.settings import Settings
from scizor.engine.simulate import Simulation
from scizor.strategy import Context, EventStrategy, Fill, Order, TimeInForce
from scizor.strategy.drive import Driver
from tests.unit.strategy.build import random_panel

HOUR_NS = 3_600_000_000_000


class Busy(EventStrategy):
    """Now and then places an order of one kind or another; writes down all it sees of the account."""

    def on_start(self, ctx: Context) -> None:
        self.seen: list[object] = []
        self.told: list[object] = []
        self.random = np.random.default_rng(5)

    def on_bar(self, ctx: Context) -> None:
        self.seen.append((ctx.time, ctx.cash, ctx.equity, dict(ctx.positions()), ctx.orders()))
        symbol = str(self.random.choice(ctx.symbols))
        price, chance = ctx.close(symbol), self.random.random()
        if price != price or chance > 0.2:
            return
        if chance < 0.04:
            ctx.bracket(symbol, 5, limit=price * 0.99, take_profit=price * 1.02, stop_loss=price * 0.97)
        elif chance < 0.08:
            ctx.buy(symbol, 10, limit=price * 0.95, tif=TimeInForce.DAY)
        elif chance < 0.12:
            ctx.sell(symbol, 5, trail=price * 0.03)
        elif chance < 0.16:
            ctx.buy(symbol, 5)
        else:
            ctx.cancel_all(symbol)

    def on_order(self, ctx: Context, order: Order) -> None:
        self.told.append((ctx.time, order, ctx.orders(order.symbol)))

    def on_fill(self, ctx: Context, fill: Fill) -> None:
        self.told.append((ctx.time, fill, ctx.position(fill.symbol), ctx.cash))


@pytest.mark.parametrize("n_symbols", [1, 3])
def test_a_strategy_sees_the_same_however_far_the_simulation_runs_ahead(
    n_symbols: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    gaps = 0.1 if n_symbols > 1 else 0.0
    market = Market(random_panel(400, n_symbols, 7, gaps=gaps, bar_ns=HOUR_NS, bars_a_day=6))
    far, near = Busy(), Busy()
    Driver(far, market, Settings()).run()
    ahead = Simulation.run_ahead
    monkeypatch.setattr(Simulation, "run_ahead", lambda self, _last: ahead(self, self.rows_done + 1))
    Driver(near, market, Settings()).run()
    assert far.seen == near.seen
    assert far.told == near.told
    assert len(far.told) > 50
