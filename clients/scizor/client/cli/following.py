"""Waiting for a backtest with a bar that moves, then showing what it came to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scizor.backtest.v1 import backtest_pb2 as bt
from scizor.client.cli.backtest_tables import metrics_table, results_facts
from scizor.client.cli.chart import Curve, chart
from scizor.client.cli.common import as_document
from scizor.client.cli.progress import progress_bar
from scizor.client.cli.tables import PLAIN_WIDTH, console, show, word
from scizor.client.sync import Client
from scizor.client.values import Equity


@dataclass(frozen=True, slots=True)
class Outcome:
    """A backtest that succeeded, with what it came to."""

    backtest: bt.Backtest
    results: bt.BacktestResults
    equity: Equity

    def document(self) -> dict[str, Any]:
        """For machines."""
        curve = {name: getattr(self.equity, name).tolist() for name in ("equity", "cash", "drawdown", "exposure")}
        return {
            "backtest": as_document(self.backtest),
            "results": as_document(self.results),
            "equity": {
                "currency": self.equity.currency,
                "sessionDate": self.equity.dates.astype(str).tolist(),
                **curve,
            },
        }


def follow(client: Client, backtest_id: str, what: str = "backtest") -> bt.BacktestState.ValueType:
    """Watch a backtest to its end; returns how it ended. Raises CallError when it failed."""
    state = bt.BACKTEST_STATE_QUEUED
    with progress_bar(what, 1.0) as advance:
        for progress in client.backtests.watch(backtest_id):
            state = progress.state
            speed = f"{progress.bars_done:,} bars, {progress.bars_per_second:,.0f} a second"
            stage = word(bt.BacktestStage, progress.stage) or word(bt.BacktestState, state)
            advance(progress.fraction, note=speed if progress.bars_per_second else stage)
    return state


def outcome_of(client: Client, backtest_id: str) -> Outcome:
    """Everything about a backtest that succeeded. Raises CallError BACKTEST_NOT_FINISHED for any other."""
    return Outcome(
        client.backtests.get(backtest_id),
        client.backtests.results(backtest_id),
        client.backtests.equity(backtest_id),
    )


def show_outcome(outcome: Outcome, benchmark: Outcome | None = None, drawn: Any = None) -> None:
    """Facts, metrics and the chart of the account's value, or what is `drawn` in its place."""
    show(
        results_facts(outcome.results),
        metrics_table(outcome.results, benchmark.results if benchmark else None),
        equity_chart(outcome, benchmark) if drawn is None else drawn,
    )


def equity_chart(outcome: Outcome, benchmark: Outcome | None = None) -> Any:
    """The account's value over time, beside the benchmark's; an empty text when there are no sessions."""
    equity = outcome.equity
    if not len(equity):
        return ""
    dates = equity.dates.astype(str)
    name = f"{outcome.backtest.strategy_id} ({equity.currency})"
    other = None
    if benchmark is not None and len(benchmark.equity) == len(equity):
        other = Curve(benchmark.backtest.strategy_id, benchmark.equity.equity)
    width = min(console().width, PLAIN_WIDTH)
    return chart(Curve(name, equity.equity), other, dates[0], dates[-1], width=width)
