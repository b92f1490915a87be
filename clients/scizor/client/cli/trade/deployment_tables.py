"""Strategies at work and how they fare, for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.table import Table

from scizor.backtest.v1.backtest_service_pb2 import GetEquityCurveResponse
from scizor.client.cli.backtest_tables import figure, interval
from scizor.client.cli.chart import Curve, chart
from scizor.client.cli.parse import length_word
from scizor.client.cli.strategy_tables import value_text
from scizor.client.cli.tables import PLAIN_WIDTH, console, counted, instant, minute, word
from scizor.client.cli.trade.words import average, cash, coloured, facts_of, gain, number, rows_of
from scizor.client.values import Equity
from scizor.trading.v1 import deployment_pb2 as pb
from scizor.trading.v1 import performance_pb2

_FEW_SYMBOLS = 4


def deployments_table(deployments: Sequence[pb.Deployment]) -> Table:
    """Deployments, one a line."""
    return rows_of(
        counted(len(deployments), "deployment"),
        ("id", "state", "strategy", "~symbols", ">capital", "money", "started, UTC"),
        (
            (
                one.id,
                coloured(word(pb.DeploymentState, one.state)),
                named(one),
                _symbols(one),
                cash(one.capital),
                "real" if one.live else "paper",
                minute(one.create_time),
            )
            for one in deployments
        ),
    )


def deployment_facts(deployment: pb.Deployment) -> Table:
    """What a deployment pins, and where it stands."""
    pinned = ", ".join(f"{name}={value_text(value)}" for name, value in sorted(deployment.parameters.fields.items()))
    return facts_of(
        "Deployment",
        [
            ("id", deployment.id),
            ("state", coloured(word(pb.DeploymentState, deployment.state))),
            ("error", deployment.error.message),
            ("strategy", f"{named(deployment)} {pinned}".strip()),
            ("code", f"sha256 {deployment.code_hash}" if deployment.code_hash else ""),
            ("symbols", ", ".join(deployment.symbols)),
            ("bars", length_word(deployment.interval)),
            ("account", deployment.account),
            ("capital", cash(deployment.capital)),
            ("money", "real, where the account has it" if deployment.live else "paper only"),
            ("missed bars", word(pb.CatchUp, deployment.catch_up)),
            ("newest bar", instant(deployment.last_bar_time)),
            ("etag", deployment.etag),
            ("started", instant(deployment.create_time)),
            ("changed", instant(deployment.update_time)),
            ("stopped", instant(deployment.end_time)),
        ],
    )


def named(deployment: pb.Deployment) -> str:
    """Its strategy, with the version of one that was stored."""
    version = f"@{deployment.strategy_version}" if deployment.strategy_version else ""
    return f"{deployment.strategy_id}{version}"


def deployment_line(deployment: pb.Deployment) -> str:
    """Where a deployment stands, in one line."""
    state = word(pb.DeploymentState, deployment.state)
    return f"{named(deployment)} on {_symbols(deployment)} is {state} as {deployment.id}"


def performance_facts(performance: performance_pb2.LivePerformance) -> Table:
    """Whose performance it is, and what to know before believing it."""
    return facts_of(
        "Live performance",
        [
            ("account", performance.account),
            ("deployment", performance.deployment_id),
            ("currency", performance.currency),
            *(("warning", warning) for warning in performance.warnings),
        ],
    )


def figures_table(performance: performance_pb2.LivePerformance) -> Table:
    """Every figure, as a backtest has them."""
    return rows_of(
        counted(len(performance.metrics), "figure"),
        ("metric", ">value", ">95 % interval", ">samples"),
        ((one.name, figure(one), interval(one), f"{one.n:,}") for one in performance.metrics),
    )


def equity_chart(performance: performance_pb2.LivePerformance) -> Any:
    """Equity by session; an empty text when there are no sessions."""
    equity = Equity.of(GetEquityCurveResponse(curve=performance.equity, currency=performance.currency))
    if not len(equity):
        return ""
    dates = equity.dates.astype(str)
    curve = Curve(f"live ({equity.currency})", equity.equity)
    return chart(curve, None, dates[0], dates[-1], width=min(console().width, PLAIN_WIDTH))


def parity_table(reports: Sequence[performance_pb2.ParityReport]) -> Table:
    """Sessions held against what the backtest makes of them, newest first."""
    return rows_of(
        f"{counted(len(reports), 'session')} held against the backtest",
        ("session", ">fills live", ">in the backtest", ">equal", ">live less backtest", ">differences"),
        (
            (
                one.session,
                f"{one.live_fills:,}",
                f"{one.backtest_fills:,}",
                f"{one.equal_fills:,}",
                gain(one.pnl),
                f"{len(one.differences):,}",
            )
            for one in reports
        ),
    )


def differences_table(reports: Sequence[performance_pb2.ParityReport]) -> Table:
    """Each fill that is not the backtest's, and why."""
    return rows_of(
        "Differences",
        ("session", "symbol", "cause", ">live", ">at", ">backtest", ">at", ">made"),
        (
            (
                report.session,
                one.symbol,
                word(performance_pb2.ParityCause, one.cause),
                number(one.live_quantity),
                average(one.live_price),
                number(one.backtest_quantity),
                average(one.backtest_price),
                gain(one.pnl),
            )
            for report in reports
            for one in report.differences
        ),
    )


def _symbols(deployment: pb.Deployment) -> str:
    more = len(deployment.symbols) - _FEW_SYMBOLS
    return ", ".join(deployment.symbols[:_FEW_SYMBOLS]) + (f" +{more}" if more > 0 else "")
