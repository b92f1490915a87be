"""Finished runs made by hand: analytics are held against results, not against simulations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.metrics import Metric
from scizor.engine.arrays import FILL, ORDER, TRADE, DateArray, Records
from scizor.engine.panel import Panel, Series
from scizor.engine.result import Ambiguity, CostLines, Result

NAN = float("nan")
NO_COSTS = CostLines(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
DAY_NS = 86_400_000_000_000


def weekdays(n: int, start: str = "2020-01-01") -> DateArray:
    """The first n business days from `start`."""
    return np.busday_offset(np.datetime64(start), np.arange(n), roll="forward").astype("datetime64[D]")


def panel_of(closes: Sequence[object] | FloatArray, sessions: DateArray | None = None, volume: float = 1e6) -> Panel:
    """Daily bars without range; one symbol (numbers) or several (rows of numbers), NaN where there is no bar."""
    close = np.array(closes, np.float64).reshape(len(closes), -1)
    days = weekdays(len(close)) if sessions is None else sessions
    open_ns = days.astype("datetime64[D]").astype(np.int64) * DAY_NS
    symbols = tuple(f"S{index}" for index in range(close.shape[1]))
    volumes = np.full(close.shape, float(volume))
    return Panel(symbols, days, open_ns, open_ns + DAY_NS, close, close, close, close, volumes)


def minute_panel(sessions: Sequence[str], n_minutes: int, closes: Sequence[float] | FloatArray) -> Panel:
    """One symbol, `n_minutes` bars in each session, from 14:30 UTC on."""
    days = np.repeat(np.array(sessions, "datetime64[D]"), n_minutes)
    minute = np.tile(np.arange(n_minutes, dtype=np.int64), len(sessions))
    open_ns = days.astype(np.int64) * DAY_NS + (14 * 60 + 30 + minute) * 60_000_000_000
    close = np.array(closes, np.float64)
    series = Series(days, close, close, close, close, None, open_ns, open_ns + 60_000_000_000)
    return Panel.align({"S0": series})


def result_of(equity: Sequence[float] | FloatArray, **changes: Any) -> Result:
    """A run with this account value at each close, all of it in cash, unless said."""
    values = np.array(equity, np.float64)
    none = np.zeros(len(values))
    result = Result(
        equity=values,
        cash=values.copy(),
        long_value=none,
        short_value=none.copy(),
        in_market=np.zeros(len(values), np.bool_),
        fills=np.zeros(0, FILL),
        trades=np.zeros(0, TRADE),
        orders=np.zeros(0, ORDER),
        positions=np.zeros(1),
        costs=NO_COSTS,
        ambiguity=Ambiguity(0, 0.0, 0.0, 0),
        first_row=0,
        n_cut=0,
        n_rejected=0,
        n_zero_volume_fills=0,
        n_margin_calls=0,
        n_open_orders=0,
        ruined_row=None,
    )
    return replace(result, **changes)


def trades_of(pnls: Sequence[float] | FloatArray, **columns: Any) -> Records:
    """Closed trades with these net results, of positions of 1,000; other columns as said."""
    trades = np.zeros(len(pnls), TRADE)
    trades["net_pnl"] = pnls
    trades["return_fraction"] = np.array(pnls) / 1_000
    for name, value in {"direction": 1, "quantity": 1.0, **columns}.items():
        trades[name] = value
    return trades


def fills_of(n: int, **columns: Any) -> Records:
    """`n` fills of one share at 1.0; other columns as said."""
    fills = np.zeros(n, FILL)
    for name, value in {"side": 1, "quantity": 1.0, "price": 1.0, "reference": 1.0, "rate": 1.0, **columns}.items():
        fills[name] = value
    return fills


def values(metrics: tuple[Metric, ...]) -> dict[str, float | None]:
    return {metric.name: metric.value for metric in metrics}


def by_name(metrics: tuple[Metric, ...]) -> dict[str, Metric]:
    return {metric.name: metric for metric in metrics}
