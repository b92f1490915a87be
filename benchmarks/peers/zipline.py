"""zipline-reloaded in its minute mode: bars are laid on the sessions of its calendar, as it knows no other time.

It fills market orders at the next minute's close, so its equity is not that of the others.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable

# Where it keeps what was ingested; read when it is imported.
os.environ["ZIPLINE_ROOT"] = tempfile.mkdtemp(prefix="zipline-")

import numpy as np
import pandas as pd
from zipline import run_algorithm
from zipline.algorithm import TradingAlgorithm
from zipline.api import order, set_commission, set_slippage, symbol
from zipline.data import bundles
from zipline.finance import commission, slippage
from zipline.protocol import BarData
from zipline.utils.calendar_utils import get_calendar

from benchmarks.peers.common import CASH, FAST, FEE, SHARES, SLOW, Bars, Outcome, Run, Work, answer

SESSIONS, MINUTES = 25, 390
CALENDAR = get_calendar("XNYS")


def whole_sessions() -> pd.DatetimeIndex:
    days = CALENDAR.sessions_in_range("2019-03-01", "2020-03-01")
    return pd.DatetimeIndex([day for day in days if len(CALENDAR.session_minutes(day)) == MINUTES])[: SESSIONS + 1]


def ingest(bars: Bars) -> pd.DatetimeIndex:
    """One symbol's minutes on whole sessions of the calendar, in a bundle; one flat session before, as history."""
    days = whole_sessions()
    one = bars.only(0)
    names = ("open", "high", "low", "close", "volume")
    columns = {name: np.append(np.full(MINUTES, one.open[0]), getattr(one, name)) for name in names}
    minutes = CALENDAR.session_minutes(days[0]).append([CALENDAR.session_minutes(day) for day in days[1:]])
    frame = pd.DataFrame(columns, minutes.tz_localize(None))
    daily = frame.groupby(frame.index.normalize()).agg(
        {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    )
    daily = daily.reindex(CALENDAR.sessions_in_range(days[0], days[-1])).ffill()

    def write(environ, asset_db, minute_bars, daily_bars, adjustments, calendar, start, end, cache, progress, out):
        listed = {"symbol": ["S"], "asset_name": ["S"], "start_date": [days[0]], "end_date": [days[-1]]}
        asset_db.write(equities=pd.DataFrame(listed | {"exchange": ["NYSE"]}))
        minute_bars.write([(0, frame)])
        daily_bars.write([(0, daily)])
        adjustments.write()

    bundles.register("made_up", write, "XNYS", start_session=days[0], end_session=days[-1])
    bundles.ingest("made_up")
    return days


def start(context: TradingAlgorithm) -> None:
    context.asset, context.held = symbol("S"), False
    set_slippage(slippage.FixedSlippage(spread=0.0))
    set_commission(commission.PerDollar(FEE))


def empty(context: TradingAlgorithm, data: BarData) -> None:
    pass


def cross(context: TradingAlgorithm, data: BarData) -> None:
    closes = data.history(context.asset, "close", SLOW, "1m").to_numpy()
    above = closes[-FAST:].mean() > closes.mean()
    if above != context.held:
        order(context.asset, SHARES if above else -SHARES)
        context.held = above


def work(rule: Callable[[TradingAlgorithm, BarData], None]) -> Work:
    def prepare(bars: Bars) -> Run:
        days = ingest(bars)
        flat = pd.Series(0.0, CALENDAR.sessions_in_range(days[1], days[-1]))

        def run() -> Outcome:
            found = run_algorithm(
                days[1],
                days[-1],
                start,
                CASH,
                rule,
                data_frequency="minute",
                bundle="made_up",
                trading_calendar=CALENDAR,
                benchmark_returns=flat,
            )
            fills = sum(map(len, found["transactions"]))
            return Outcome(fills // 2, float(found["portfolio_value"].iloc[-1]))

        return run

    return Work(prepare, SESSIONS * MINUTES)


answer({"callback": work(empty), "orders": work(cross)})
