"""What an account is held against in a picture: its benchmark, or its own symbols bought at once and held."""

from __future__ import annotations

import numpy as np

from scizor.client.cli.chart import Curve
from scizor.client.cli.following import Outcome
from scizor.client.cli.stored_bars import stored_bars
from scizor.client.sync import Client
from scizor.client.values import Bars
from scizor.domain.arrays import FloatArray
from scizor.domain.bars import Adjustment
from scizor.domain.intervals import Interval
from scizor.domain.outcomes import Times, held_value


def held_against(client: Client, outcome: Outcome) -> Curve | None:
    """The curve of an outcome's benchmark, of its symbols where it has none; None for an empty run."""
    asked, equity = outcome.backtest, outcome.equity
    if not len(equity):
        return None
    # What a run is held against is of whole days, as its figures take it.
    interval = Interval.DAY_1 if asked.benchmark else Interval(asked.interval or Interval.DAY_1)
    names = [asked.benchmark] if asked.benchmark else list(asked.symbols)
    # Whoever holds a share keeps its splits and dividends, whatever prices the strategy was shown.
    scale = Adjustment.TOTAL_RETURN
    bars = stored_bars(client, names, asked.start, asked.end, interval=interval, adjustment=scale)
    series = [_series(one, interval) for one in bars.values()]
    values = held_value(series, equity.dates.astype(np.int64) if not interval.intraday else equity.time_ns)
    return Curve(curve_name(asked.benchmark), values * outcome.results.initial_capital)


def curve_name(benchmark: str) -> str:
    """What the legend says."""
    return benchmark or "buy and hold"


def _series(bars: Bars, interval: Interval) -> tuple[Times, FloatArray]:
    if not interval.intraday:
        return bars.dates.astype(np.int64), bars.close
    # A session's first bar may be cut short by the full hour: no bar is under way when the next begins.
    ends = bars.time_ns + int(interval.length.total_seconds()) * 1_000_000_000
    ends[:-1] = np.minimum(ends[:-1], bars.time_ns[1:])
    return ends, bars.close
