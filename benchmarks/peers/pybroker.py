"""pybroker: rules called for each symbol and bar, indicators taken beforehand, orders filled at the next open."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pybroker as peer
from numpy.typing import NDArray

from benchmarks.peers.common import CASH, FAST, FEE, SHARES, SLOW, Bars, Outcome, Run, Work, answer

ROWS = 20_000
CONFIG = peer.StrategyConfig(
    initial_cash=CASH,
    fee_mode=peer.FeeMode.ORDER_PERCENT,
    fee_amount=FEE * 100,
    round_fill_price=False,
    round_test_result=False,
)


def mean(window: int, data: peer.BarData) -> NDArray[np.float64]:
    return pd.Series(data.close).rolling(window).mean().to_numpy()


MEANS = [peer.indicator("fast", partial(mean, FAST)), peer.indicator("slow", partial(mean, SLOW))]


def empty(ctx: peer.ExecContext) -> None:
    pass


def cross(share: float | None, ctx: peer.ExecContext) -> None:
    above = ctx.indicator("fast")[-1] > ctx.indicator("slow")[-1]
    held = ctx.long_pos() is not None
    if above and not held:
        ctx.buy_shares = SHARES if share is None else ctx.calc_target_shares(share)
        ctx.buy_fill_price = peer.PriceType.OPEN
    elif held and not above:
        ctx.sell_all_shares()
        ctx.sell_fill_price = peer.PriceType.OPEN


def work(rule: partial[None], *, indicators: bool = True, rows: int | None = ROWS) -> Work:
    def prepare(bars: Bars) -> Run:
        dates = pd.to_datetime(bars.close_ns)
        symbols = [f"S{symbol}" for symbol in range(bars.close.shape[1])]
        columns = ("open", "high", "low", "close", "volume")
        frames = [
            pd.DataFrame({"date": dates, "symbol": name} | {one: getattr(bars, one)[:, at] for one in columns})
            for at, name in enumerate(symbols)
        ]
        ready = peer.Strategy(pd.concat(frames), dates[0], dates[-1], CONFIG)
        ready.add_execution(rule, symbols, indicators=MEANS if indicators else None)

        def run() -> Outcome:
            found = ready.backtest()
            return Outcome(len(found.trades), float(found.metrics.end_market_value))

        return run

    return Work(prepare, rows)


peer.disable_logging()
peer.disable_progress_bar()
answer(
    {
        "sma": work(partial(cross, 1.0)),
        "callback": work(partial(empty), indicators=False),
        "orders": work(partial(cross, None)),
        "portfolio": work(partial(cross, 1 / 309), rows=252),
    }
)
