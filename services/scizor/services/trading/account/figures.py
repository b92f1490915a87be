"""The engine's figures on live equity: those of a backtest that need no bars, under the same names and conventions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.metrics import Metric
from scizor.engine.analytics import drawdowns, significance
from scizor.engine.analytics.conventions import Convention, Terms, label
from scizor.engine.analytics.curve import SessionCurve
from scizor.engine.analytics.figures import Origin, measure, metric
from scizor.engine.analytics.intervals import Intervals, mean_block
from scizor.engine.analytics.metrics import stability
from scizor.engine.analytics.moments import ReturnSample
from scizor.engine.analytics.ratios import DEPTH_FORMULA, RETURN_FORMULAS
from scizor.engine.analytics.tables import month_returns
from scizor.engine.analytics.trade_figures import TRADE_FORMULAS, TradeSample
from scizor.services.trading.account.round_trips import RoundTrip

_TRIP = np.dtype([("net_pnl", "f8"), ("return_fraction", "f8")])


@dataclass(frozen=True, slots=True)
class Fared:
    """What figures are of. `curve`: with what was paid in and out left out; `equity`, `peak`: as they were."""

    curve: SessionCurve
    equity: float
    peak: float
    trips: Sequence[RoundTrip]
    fees: float


def figures(fared: Fared) -> tuple[Metric, ...]:
    """Growth, returns with their intervals, drawdowns, round trips and fees; an undefined one says why. It blocks."""
    returns = fared.curve.returns
    terms = Terms(Convention.TRADING_DAY_252, 252.0, days=fared.curve.n_days)
    name = label(terms.convention, terms.periods_per_year)
    origin = Origin(terms, name, len(returns), "return", mean_block(len(returns)), Intervals())
    sample = ReturnSample(returns, terms.target) if len(returns) else None
    with np.errstate(all="ignore"):
        *measured, depth = measure((*RETURN_FORMULAS, DEPTH_FORMULA), sample, origin)
        return (
            *_growth(fared, origin),
            *measured,
            *_extremes(fared.curve, origin),
            *significance.figures(sample, origin, None, None),
            *_drawdowns(fared.curve, depth, origin),
            *_trips(fared, origin),
        )


def _growth(fared: Fared, origin: Origin) -> Iterator[Metric]:
    values = fared.curve.values
    points = _counted(origin, len(values), "sample")
    yield metric("final_equity", "currency", points, fared.equity, "")
    yield metric("peak_equity", "currency", points, fared.peak, "")
    growth = float(values[-1] / values[0] - 1.0) if values[0] > 0 else None
    yield metric("total_return", "fraction", points, growth, "there was no equity to begin with")


def _extremes(curve: SessionCurve, origin: Origin) -> Iterator[Metric]:
    returns, months = curve.returns, month_returns(curve)
    by_month = _counted(origin, len(months), "month")
    for name, pick in (("best", np.max), ("worst", np.min)):
        found = float(pick(returns)) if len(returns) else None
        yield metric(f"{name}_session", "fraction", origin, found, "no return")
        yield metric(f"{name}_month", "fraction", by_month, float(pick(months)), "the account was wiped out")
    points = _counted(origin, len(curve.values), "sample")
    yield metric("stability", "ratio", points, stability(curve.values), "no movement, or wiped out")


def _drawdowns(curve: SessionCurve, depth: Metric, origin: Origin) -> Iterator[Metric]:
    values: FloatArray = curve.values
    if not values[0] > 0:
        return
    points, deepest = _counted(origin, len(values), "sample"), drawdowns.max_drawdown(values)
    starts, ends = drawdowns.drawdown_spans(values)
    days = (curve.days[ends] - curve.days[starts]).astype(np.int64)
    yield replace(depth, value=deepest.depth, n=len(values), undefined_reason=None)
    yield metric("max_drawdown_duration", "samples", points, deepest.duration_samples, "")
    yield metric("max_drawdown_recovery", "samples", points, deepest.recovery_samples, "not recovered by the end")
    yield metric("average_drawdown", "fraction", points, drawdowns.average_drawdown(values), "")
    yield metric("longest_drawdown", "samples", points, int(np.max(ends - starts, initial=0)), "")
    yield metric("longest_drawdown_days", "days", points, int(np.max(days, initial=0)), "")
    yield metric("ulcer_index", "fraction", points, drawdowns.ulcer_index(values), "")


def _trips(fared: Fared, origin: Origin) -> Iterator[Metric]:
    told = [(float(trip.net), float(trip.return_fraction)) for trip in fared.trips]
    records = np.array(told, dtype=_TRIP)
    trades = _counted(origin, len(records), "closed trade")
    yield metric("n_trades", "count", trades, len(records), "")
    yield from measure(TRADE_FORMULAS, TradeSample(records) if len(records) else None, trades)
    for name, pick in (("best", np.max), ("worst", np.min)):
        found = float(pick(records["return_fraction"])) if len(records) else None
        yield metric(f"{name}_trade", "fraction", trades, found, "no closed trade")
    yield metric("commissions", "currency", trades, fared.fees, "")


def _counted(origin: Origin, n: int, things: str) -> Origin:
    return replace(origin, n=n, things=things, block=1.0)
