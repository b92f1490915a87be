"""SMA crosses on GOOG, trade by trade, as backtesting.py and vectorbt have them.

Where conventions agree: decided at a close, filled at the next open, whole shares, all of the equity as it is at that
open (AT_FILL), a commission on the value, money and shares lent for nothing.

What was chosen so that they do:

- backtesting.py closes and opens at a reversal by two orders, as ours does in one; both size the second from what the
  first left. Its crossing rule lets a tie break a cross; there is no tie in these closes.
- backtesting.py closes its last position, when asked to, at the open of the last session, so ours decides to be flat at
  the close before. vectorbt leaves it open.
- vectorbt reverses by one order as large as its cash allows: cash and what a short would bring pay for its commission,
  so its short positions are a share larger here and there. Long only, its shares and equity are ours.
"""

from __future__ import annotations

import numpy as np
import pytest

from scizor.domain.backtests import Sizing
from scizor.engine.costs import Commission, Financing
from scizor.engine.market import Market
from scizor.engine.panel import Panel
from scizor.engine.result import Result
from scizor.engine.settings import Settings
from scizor.engine.simulate import Simulation
from scizor.strategy.builtin.sma_cross import SmaCross
from scizor.strategy.weights import weights_of
from tests.full import peers

pytestmark = [pytest.mark.full, pytest.mark.timeout(900)]


def ours(panel: Panel, slow: int, rate: float, direction: str, *, flat_at_end: bool) -> Result:
    commission = Commission(value_bps=rate * 1e4)
    settings = Settings(10_000, sizing=Sizing.AT_FILL, commission=commission, financing=Financing.none())
    targets = weights_of(SmaCross(fast=10, slow=slow, direction=direction), Market(panel), settings)
    if flat_at_end:
        targets[-2:] = 0.0
    return Simulation(panel, settings, targets).run()


@pytest.mark.parametrize(
    ("slow", "rate", "at_end", "direction"),
    [
        (30, 0.0, 1, "long_short"),
        (20, 0.002, 0, "long_short"),
        (30, 0.001, 1, "long_only"),
        (50, 0.002, 0, "long_only"),
    ],
)
def test_backtesting_py_has_the_same_equity_and_trades(slow: int, rate: float, at_end: int, direction: str) -> None:
    bars = peers.google()
    short = int(direction == "long_short")
    theirs = peers.run("backtesting", "crosses_backtesting", bars, 10, slow, rate, at_end, short)
    result = ours(peers.panel(bars), slow, rate, direction, flat_at_end=bool(at_end))
    np.testing.assert_allclose(result.equity, theirs["equity"], rtol=1e-12)
    trades = result.trades
    for mine, name in (
        (trades["direction"] * trades["quantity"], "Size"),
        (trades["entry_row"], "EntryBar"),
        (trades["exit_row"], "ExitBar"),
    ):
        np.testing.assert_array_equal(mine, theirs[name])
    for field, name in (
        ("entry_price", "EntryPrice"),
        ("exit_price", "ExitPrice"),
        ("net_pnl", "PnL"),
        ("commission", "Commission"),
        ("return_fraction", "ReturnPct"),
    ):
        np.testing.assert_allclose(trades[field], theirs[name], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("direction", ["long_only", "long_short"])
def test_vectorbt_has_the_same_trades(direction: str) -> None:
    bars = peers.google()
    theirs = peers.run("vectorbt", "crosses_vectorbt", bars, 10, 20, 0.002, int(direction == "long_short"))
    result = ours(peers.panel(bars), 20, 0.002, direction, flat_at_end=False)
    trades = result.trades
    assert len(trades) == len(theirs["entry_row"]) == (93 if direction == "long_short" else 46)
    for name in ("direction", "entry_row", "exit_row", "entry_price", "exit_price"):
        np.testing.assert_allclose(trades[name], theirs[name], rtol=1e-12, err_msg=name)
    if direction == "long_only":
        np.testing.assert_array_equal(trades["quantity"], theirs["quantity"])
        np.testing.assert_allclose(result.equity, theirs["equity"], rtol=1e-12)
    else:
        np.testing.assert_allclose(trades["quantity"], theirs["quantity"], rtol=0.03)
