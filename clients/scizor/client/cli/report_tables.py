"""Comparisons and performances, as tables for people."""

from __future__ import annotations

from rich.table import Table

from scizor.backtest.v1 import report_pb2 as pb
from scizor.client.cli.backtest_tables import figure, written
from scizor.client.cli.tables import counted, facts, instant, table

_MAIN = (
    *("final_equity", "total_return", "cagr", "sharpe", "sortino", "calmar", "max_drawdown", "volatility"),
    *("n_trades", "win_rate", "profit_factor", "time_in_market", "turnover", "total_costs", "beta"),
)


def settings_table(found: pb.CompareBacktestsResponse) -> Table:
    """Which backtests these are, and what they were asked differently."""
    runs = found.backtests
    rows = [("id", *(run.id for run in runs)), *((one.name, *one.values) for one in found.settings)]
    return table(f"{len(runs)} backtests", ("asked", *(f"~{_letter(place)}" for place in range(len(runs)))), rows)


def figures_table(found: pb.CompareBacktestsResponse, *, every: bool) -> Table:
    """Their figures, and how much more each is than that of the first."""
    letters = [_letter(place) for place in range(len(found.backtests))]
    heads = ("figure", f">{letters[0]}", *(head for one in letters[1:] for head in (f">{one}", f">{one} - A")))
    rows = [
        (line.name, figure(line.values[0].metric), *(cell for one in line.values[1:] for cell in _compared(one)))
        for line in found.metrics
        if every or line.name in _MAIN
    ]
    return table("Figures", heads, rows)


def correlations_table(found: pb.CompareBacktestsResponse) -> Table:
    """How their returns go together."""
    letters = {run.id: _letter(place) for place, run in enumerate(found.backtests)}
    rows = [
        (
            f"{letters[one.first_id]} with {letters[one.second_id]}",
            f"{one.value:.3f}" if one.HasField("value") else "-",
            f"{one.n:,}",
            one.undefined_reason,
        )
        for one in found.correlations
    ]
    return table("Correlation of returns", ("backtests", ">correlation", ">returns", "why none"), rows)


def common_sessions(found: pb.CompareBacktestsResponse) -> str:
    """Over what their returns were compared."""
    if not found.common_sessions:
        return "they have no session in common"
    span = f"from {found.first_common_session} to {found.last_common_session}"
    return f"{counted(found.common_sessions, 'common session')} {span}"


def performance_facts(found: pb.GetStrategyPerformanceResponse) -> Table:
    """How many runs there are, and which stand out."""
    states = {name: getattr(found.states, name) for name in ("succeeded", "failed", "cancelled", "running", "queued")}
    return facts(
        f"Runs of {found.strategy_id}",
        [
            ("runs", ", ".join(f"{number:,} {name}" for name, number in states.items() if number) or "none"),
            (f"best {found.ranked_by}", _run(found, "best")),
            (f"worst {found.ranked_by}", _run(found, "worst")),
            ("newest", _run(found, "latest")),
        ],
    )


def spreads_table(found: pb.GetStrategyPerformanceResponse) -> Table:
    """How the main figures are spread."""
    heads = ("figure", ">runs", ">least", ">lower quarter", ">median", ">mean", ">upper quarter", ">most")
    rows = [
        (
            one.name,
            f"{one.n:,}",
            *(
                written(value, one.unit)
                for value in (one.minimum, one.lower_quartile, one.median, one.mean, one.upper_quartile, one.maximum)
            ),
        )
        for one in found.spreads
    ]
    return table(f"Figures over {found.runs:,} runs", heads, rows)


def _compared(one: pb.ComparedValue) -> tuple[str, str]:
    more = written(one.difference, one.metric.unit) if one.HasField("difference") else ""
    return figure(one.metric), more if more.startswith("-") or not more else f"+{more}"


def _run(found: pb.GetStrategyPerformanceResponse, which: str) -> str:
    if not found.HasField(which):  # type: ignore[arg-type]  # one of the fields that are runs
        return ""
    run: pb.RunFigures = getattr(found, which)
    by = {metric.name: metric for metric in run.metrics}
    ranked = figure(by[found.ranked_by]) if found.ranked_by in by else "-"
    return f"{ranked} in {run.backtest_id} of {instant(run.create_time)}"


def _letter(place: int) -> str:
    return chr(ord("A") + place)
