"""What a backtest came to, as messages. Figures are float64 until here, where they are rounded once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Final

from scizor.backtest.v1 import backtest_pb2 as pb
from scizor.codec.times import to_duration, to_session, to_timestamp
from scizor.domain.metrics import Metric
from scizor.domain.outcomes import EquityCurve, Trade
from scizor.domain.sessions import days_to_yyyymmdd
from scizor.ports.backtests import BacktestResults

# Digits that a float64 sum over years of sessions still holds; those behind differ by the order of adding.
_SIGNIFICANT_DIGITS: Final = 12
# The engine knows samples of any length and counts of anything; here these are sessions and trades.
_UNITS: Final = {"samples": "sessions", "count": "trades"}


def results_to_proto(backtest_id: str, results: BacktestResults) -> pb.BacktestResults:
    """What a backtest came to."""
    return pb.BacktestResults(
        backtest_id=backtest_id,
        metrics=map(metric_to_proto, results.metrics),
        warnings=results.warnings,
        fingerprint=results.fingerprint,
        engine_version=results.engine_version,
        first_session=results.first_session,
        last_session=results.last_session,
        sessions=results.sessions,
        bars=results.bars,
        currency=results.currency,
        initial_capital=rounded(results.initial_capital),
        final_equity=rounded(results.final_equity),
        commission_paid=rounded(results.commission_paid),
        slippage_paid=rounded(results.slippage_paid),
        trades=results.trades,
        compute_time=to_duration(results.compute_seconds),
        costs=pb.CostLines(**{name: rounded(amount) for name, amount in asdict(results.costs).items()}),
        ambiguity=pb.Ambiguity(
            bars=results.ambiguity.bars,
            best=rounded(results.ambiguity.best),
            worst=rounded(results.ambiguity.worst),
            touch_fills=results.ambiguity.touch_fills,
        ),
        counts=pb.RunCounts(**asdict(results.counts)),
    )


def metric_to_proto(metric: Metric) -> pb.Metric:
    """A figure; one that is not defined has no value."""
    return pb.Metric(
        name=metric.name,
        value=_rounded_if_any(metric.value),
        convention=metric.convention,
        n=metric.n,
        unit=_UNITS.get(metric.unit, metric.unit),
        ci_low=_rounded_if_any(metric.ci_low),
        ci_high=_rounded_if_any(metric.ci_high),
        undefined_reason=metric.undefined_reason or "",
    )


def trade_to_proto(trade: Trade) -> pb.BacktestTrade:
    """One round trip."""
    return pb.BacktestTrade(
        number=trade.number,
        symbol=trade.symbol,
        direction=pb.TradeDirection.ValueType(trade.direction),
        quantity=rounded(trade.quantity),
        entry_session=to_session(trade.entry_session),
        exit_session=to_session(trade.exit_session),
        entry_price=rounded(trade.entry_price),
        exit_price=rounded(trade.exit_price),
        commission=rounded(trade.commission),
        gross_pnl=rounded(trade.gross_pnl),
        net_pnl=rounded(trade.net_pnl),
        return_fraction=rounded(trade.return_fraction),
        sessions_held=trade.sessions_held,
        closed_at_end=trade.closed_at_end,
        mae=_rounded_if_any(trade.mae),
        mfe=_rounded_if_any(trade.mfe),
        entry_reason=pb.FillCause.ValueType(trade.entry_reason),
        exit_reason=pb.FillCause.ValueType(trade.exit_reason),
        dividends=rounded(trade.dividends),
        conversion_cost=rounded(trade.conversion_cost),
        entry_time=to_timestamp(trade.entry_time) if trade.entry_time else None,
        exit_time=to_timestamp(trade.exit_time) if trade.exit_time else None,
    )


def curve_to_proto(curve: EquityCurve) -> pb.EquityColumns:
    """The account value by bar, as columns."""
    return pb.EquityColumns(
        session_date=days_to_yyyymmdd(curve.days).tolist(),
        equity=_rounded_all(curve.equity.tolist()),
        cash=_rounded_all(curve.cash.tolist()),
        drawdown=_rounded_all(curve.drawdown.tolist()),
        exposure=_rounded_all(curve.exposure.tolist()),
        time_ns=curve.close_ns.tolist(),
    )


def rounded(value: float) -> float:
    """The value with the digits that mean something."""
    return float(f"{value:.{_SIGNIFICANT_DIGITS}g}")


def _rounded_if_any(value: float | None) -> float | None:
    return None if value is None else rounded(value)


def _rounded_all(values: Iterable[float]) -> list[float]:
    return [rounded(value) for value in values]
