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
                _strategy(one),
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
            ("strategy", f"{_strategy(backtest)} {set_to}".strip()),
            ("symbols", ", ".join(backtest.symbols)),
            ("sessions", " to ".join(filter(None, (backtest.start, backtest.end))) or "all stored"),
            ("capital", f"{capital.units + capital.nanos / 1e9:,.2f} {capital.currency_code}"),
            ("costs", f"{_commission(backtest)} commission, {_slippage(backtest)} slippage"),
            ("account", _account(backtest)),
            ("benchmark", backtest.benchmark),
        ],
    )


def metrics_table(results: bt.BacktestResults, benchmark: bt.BacktestResults | None = None) -> Table:
    """Every figure, beside that of the benchmark when there is one."""
    held_against = {metric.name: metric for metric in benchmark.metrics} if benchmark else {}
    intervals = any(metric.HasField("ci_low") for metric in results.metrics)
    columns = (
        *("metric", ">value"),
        *((">95 % interval",) if intervals else ()),
        *((">buy and hold",) if benchmark else ()),
        ">samples",
    )
    rows = []
    for metric in results.metrics:
        other = [figure(held_against[metric.name])] if metric.name in held_against else [""] * bool(benchmark)
        rows.append((metric.name, figure(metric), *([interval(metric)] * intervals), *other, f"{metric.n:,}"))
    conventions = ", ".join(dict.fromkeys(metric.convention for metric in results.metrics))
    return table(f"Metrics under {conventions}", columns, rows)


def results_facts(results: bt.BacktestResults) -> Table:
    """What a backtest came to, in short."""
    seconds = results.compute_time.ToTimedelta().total_seconds()
    return facts(
        f"Results of {results.backtest_id}" if results.backtest_id else "Results",
        [
            ("sessions", f"{results.sessions:,} from {results.first_session} to {results.last_session}"),
            ("bars", f"{results.bars:,} in {seconds:.3f} s"),
            ("capital", f"{results.initial_capital:,.2f} {results.currency}"),
            ("final equity", f"{results.final_equity:,.2f} {results.currency}"),
            ("costs", f"{results.commission_paid:,.2f} commission, {results.slippage_paid:,.2f} slippage"),
            ("financing", _financing(results.costs)),
            ("ambiguous bars", _ambiguity(results.ambiguity)),
            ("trades", f"{results.trades:,}"),
            ("fingerprint", results.fingerprint),
            *(("warning", warning) for warning in results.warnings),
        ],
    )


def figure(metric: bt.Metric) -> str:
    """A metric's value as its unit is read; a dash where it is not defined."""
    return written(metric.value, metric.unit) if metric.HasField("value") else "-"


def interval(metric: bt.Metric) -> str:
    """A metric's bootstrap interval; empty where there is none."""
    if not metric.HasField("ci_low"):
        return ""
    return f"{written(metric.ci_low, metric.unit)} to {written(metric.ci_high, metric.unit)}"


def written(value: float, unit: str) -> str:
    """A number as its unit is read."""
    formats = {
        "fraction": "{:.2%}",
        "currency": "{:,.2f}",
        "sessions": "{:,.1f}",
        "days": "{:,.0f}",
        "trades": "{:,.0f}",
    }
    return formats.get(unit, "{:,.3f}").format(value)


def trades_table(trades: Sequence[bt.BacktestTrade]) -> Table:
    """Round trips, one a line."""
    return table(
        f"{len(trades):,} trades",
        (
            ">#",
            "symbol",
            "side",
            ">quantity",
            "entry",
            ">at",
            "exit",
            ">at",
            "why",
            ">net",
            ">return",
            ">worst",
            ">best",
        ),
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
                word(bt.FillCause, one.exit_reason),
                f"{one.net_pnl:,.2f}",
                f"{one.return_fraction:.2%}",
                f"{one.mae:.2%}" if one.HasField("mae") else "",
                f"{one.mfe:.2%}" if one.HasField("mfe") else "",
            )
            for one in trades
        ),
    )


def _strategy(backtest: bt.Backtest) -> str:
    return f"{backtest.strategy_id}@{backtest.strategy_version}" if backtest.strategy_version else backtest.strategy_id


def _commission(backtest: bt.Backtest) -> str:
    if not backtest.HasField("commission"):
        return f"{backtest.commission_bps:g} bps"
    terms = backtest.commission
    if terms.plan:
        return word(bt.CommissionPlan, terms.plan)
    parts = [f"{terms.per_share:g} a share", f"{terms.value_bps:g} bps", f"{terms.minimum:g} an order at least"]
    said = zip((terms.per_share, terms.value_bps, terms.minimum), parts, strict=True)
    return " and ".join(part for amount, part in said if amount) or "no"


def _slippage(backtest: bt.Backtest) -> str:
    if not backtest.HasField("slippage"):
        return f"{backtest.slippage_bps:g} bps"
    return f"{word(bt.SlippageModel, backtest.slippage.model) or 'no'} {backtest.slippage.amount:g}"


def _account(backtest: bt.Backtest) -> str:
    words = (
        word(bt.AccountType, backtest.account),
        f"fills at {word(bt.FillTiming, backtest.fill_timing)}" if backtest.fill_timing else "",
        f"{word(bt.PathPolicy, backtest.path)} path" if backtest.path else "",
        "no financing" if backtest.no_financing else "",
    )
    return ", ".join(filter(None, words)).replace("_", " ")


def _financing(costs: bt.CostLines) -> str:
    """Those that are not nothing, each as what it does to the account."""
    lines = {
        "interest paid": costs.debit_interest,
        "interest earned": costs.credit_interest,
        "borrow fees": costs.borrow,
        "dividends": costs.dividends,
        "conversions": costs.fx,
    }
    return ", ".join(f"{amount:+,.2f} {name}" for name, amount in lines.items() if amount)


def _ambiguity(found: bt.Ambiguity) -> str:
    return f"{found.bars:,}: {found.worst:+,.2f} to {found.best:+,.2f}" if found.bars else ""


def _plain(value: object) -> str:
    """A parameter's value; JSON knows no whole numbers, people do."""
    return f"{value:g}" if isinstance(value, float) else str(value)
