"""What Backtest answers, as tables for people."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from scizor.backtest.v1 import backtest_pb2 as bt
from scizor.client.cli.tables import facts, table, word


def backtests_table(backtests: Sequence[bt.Backtest]) -> Table:
    """Backtests, one a line."""
    return table(
        f"{len(backtests):,} backtests",
        ("id", "state", "strategy", "~symbols", "created"),
        (
            (
                one.id,
                word(bt.BacktestState, one.state),
                one.strategy_id,
                ", ".join(one.symbols[:4]) + (f" +{len(one.symbols) - 4}" if len(one.symbols) > 4 else ""),
                f"{one.create_time.ToDatetime():%Y-%m-%d %H:%M:%S}",
            )
            for one in backtests
        ),
    )


def backtest_facts(backtest: bt.Backtest) -> Table:
    """What was asked, and where it stands."""
    set_to = ", ".join(f"{name}={_plain(value)}" for name, value in sorted(backtest.parameters.items()))
    capital = backtest.initial_capital
    return facts(
        f"Backtest {backtest.id}",
        [
            ("title", backtest.title),
            ("state", word(bt.BacktestState, backtest.state)),
            ("done", f"{backtest.progress.fraction:.0%}"),
            ("error", backtest.error.message),
            ("strategy", f"{backtest.strategy_id} {set_to}".strip()),
            ("symbols", ", ".join(backtest.symbols)),
            ("sessions", " to ".join(filter(None, (backtest.start, backtest.end))) or "all stored"),
            ("capital", f"{capital.units + capital.nanos / 1e9:,.2f} {capital.currency_code}"),
            ("costs", f"{backtest.commission_bps:g} bps commission, {backtest.slippage_bps:g} bps slippage"),
        ],
    )


def metrics_table(results: bt.BacktestResults, benchmark: bt.BacktestResults | None = None) -> Table:
    """Every figure, beside that of the benchmark when there is one."""
    held_against = {metric.name: metric for metric in benchmark.metrics} if benchmark else {}
    columns = ("metric", ">value", *((">buy and hold",) if benchmark else ()), ">samples")
    rows = []
    for metric in results.metrics:
        other = [figure(held_against[metric.name])] if metric.name in held_against else [""] * bool(benchmark)
        rows.append((metric.name, figure(metric), *other, f"{metric.n:,}"))
    conventions = ", ".join(dict.fromkeys(metric.convention for metric in results.metrics))
    return table(f"Metrics under {conventions}", columns, rows)


def results_facts(results: bt.BacktestResults) -> Table:
    """What a backtest came to, in short."""
    seconds = results.compute_time.ToTimedelta().total_seconds()
    return facts(
        f"Results of {results.backtest_id}",
        [
            ("sessions", f"{results.sessions:,} from {results.first_session} to {results.last_session}"),
            ("bars", f"{results.bars:,} in {seconds:.3f} s"),
            ("capital", f"{results.initial_capital:,.2f} {results.currency}"),
            ("final equity", f"{results.final_equity:,.2f} {results.currency}"),
            ("costs", f"{results.commission_paid:,.2f} commission, {results.slippage_paid:,.2f} slippage"),
            ("trades", f"{results.trades:,}"),
            ("fingerprint", results.fingerprint),
            *(("warning", warning) for warning in results.warnings),
        ],
    )


def figure(metric: bt.Metric) -> str:
    """A metric's value as its unit is read; a dash where it is not defined."""
    if not metric.HasField("value"):
        return "-"
    formats = {
        "fraction": "{:.2%}",
        "currency": "{:,.2f}",
        "sessions": "{:,.1f}",
        "days": "{:,.0f}",
        "trades": "{:,.0f}",
    }
    return formats.get(metric.unit, "{:,.3f}").format(metric.value)


def trades_table(trades: Sequence[bt.BacktestTrade]) -> Table:
    """Round trips, one a line."""
    return table(
        f"{len(trades):,} trades",
        (">#", "symbol", "side", ">quantity", "entry", ">at", "exit", ">at", ">net", ">return"),
        (
            (
                str(one.number),
                one.symbol,
                word(bt.TradeDirection, one.direction),
                f"{one.quantity:,.0f}",
                one.entry_session,
                f"{one.entry_price:,.2f}",
                one.exit_session + ("*" if one.closed_at_end else ""),
                f"{one.exit_price:,.2f}",
                f"{one.net_pnl:,.2f}",
                f"{one.return_fraction:.2%}",
            )
            for one in trades
        ),
    )


def _plain(value: object) -> str:
    """A parameter's value; JSON knows no whole numbers, people do."""
    return f"{value:g}" if isinstance(value, float) else str(value)
