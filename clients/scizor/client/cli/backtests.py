"""`scizor backtest …`: run strategies over history.

What speaks to the services is loaded when a command is carried out: it takes half a second, in which the program that
runs a strategy from a file loads its own part.
"""

from __future__ import annotations

from typing import Annotated

import typer

from scizor.client.cli import backtest_options as options
from scizor.client.cli import backtest_reports, research
from scizor.client.cli.entry import End, Json, Start, example, group, help_of
from scizor.client.cli.parse import Adjust, Length, Size, settings, symbol_names
from scizor.client.cli.usage import EXIT_USAGE, CommandFailed

_SHOWN = "scizor backtest run sma_cross --symbols AAPL,MSFT --set fast=10 --set slow=30"
_FILE_SHOWN = "scizor backtest check my_strategy.py --symbols AAPL"
commands = group(help_of("backtest"), _SHOWN)

Id = Annotated[str, typer.Argument(metavar="ID", help="The backtest's id.")]
Priority = Annotated[int | None, typer.Option(min=0, max=9, help="Higher ones are begun first.", show_default="5")]
Cached = Annotated[bool, typer.Option("--cached", help="Where the same was computed before, show that.")]
_AN_ID = "0190d3a2-6f2e-7c3a-9a51-3f5f0c8f2b11"
_OF_FILES = "is for a strategy of a file, such as my_strategy.py"


def register(app: typer.Typer) -> None:
    """Add the group."""
    backtest_reports.register(commands)
    app.add_typer(commands, name="backtest")


@commands.command("run", epilog=example(_SHOWN))
def run_backtest(
    strategy: Annotated[
        str,
        typer.Argument(
            help="A built-in one such as sma_cross, a stored one such as mine or mine@2, or my_strategy.py."
        ),
    ],
    symbols: options.Symbols = None,
    start: Start = "",
    end: End = "",
    capital: options.Capital = "100000",
    currency: options.Currency = "USD",
    parameters: options.Settings = None,
    commission_bps: options.CommissionBps = 0.0,
    commission: options.Commission = "",
    slippage_bps: options.SlippageBps = 0.0,
    slippage: options.Slippage = "",
    sizing: options.Sizing = Size.AT_DECISION,
    adjustment: options.Adjustment = Adjust.SPLIT,
    interval: options.Interval = Length.DAY_1,
    account: options.AccountKind = options.Account.UNLEVERED,
    fill_timing: options.FillTiming = options.Timing.NEXT_OPEN,
    path: options.PathWay = options.Way.WORST_CASE,
    limit_fills: options.LimitFills = options.LimitWord.TOUCH,
    max_participation: options.MaxParticipation = 0.0,
    cash_buffer: options.CashBuffer = 0.0,
    financing: options.Financed = True,
    benchmark: options.Benchmark = "",
    title: options.Title = "",
    keep_open: options.KeepOpen = False,
    wait: options.Wait = True,
    plot: options.Plot = False,
    bars: options.BarsFile = "",
    deadline: options.Deadline = research.DEADLINE_S,
    priority: Priority = None,
    cached: Cached = False,
    as_json: Json = False,
) -> None:
    """Run a strategy over history: one of the service's as a job of it, one of a file on this machine."""
    asked = options.Asked(
        strategy,
        symbol_names(symbols or ()) if symbols or not bars else (),
        start=start,
        end=end,
        capital=capital,
        currency=currency,
        parameters=settings(parameters or []),
        commission_bps=commission_bps,
        commission=commission,
        slippage_bps=slippage_bps,
        slippage=slippage,
        sizing=sizing,
        adjustment=adjustment,
        interval=interval,
        account=account,
        fill_timing=fill_timing,
        path=path,
        limit_fills=limit_fills,
        max_participation=max_participation,
        cash_buffer=cash_buffer,
        financing=financing,
        benchmark=benchmark.upper(),
        title=title,
        keep_open=keep_open,
    )
    if research.is_file(strategy):
        research.run_file(asked, bars, deadline, plotted=plot, as_json=as_json)
        return
    if bars:
        raise CommandFailed(f"--bars {_OF_FILES}; a service has bars of its own", EXIT_USAGE)
    from scizor.client.cli import backtest_service  # noqa: PLC0415 - see the module's docstring

    manner = backtest_service.Manner(wait, plot, as_json, priority, cached)
    backtest_service.run(asked, manner)


@commands.command("check", epilog=example(_FILE_SHOWN))
def check_strategy(
    strategy: Annotated[str, typer.Argument(metavar="FILE", help="The strategy's file, such as my_strategy.py.")],
    symbols: options.Symbols = None,
    start: Start = "",
    end: End = "",
    parameters: options.Settings = None,
    adjustment: options.Adjustment = Adjust.SPLIT,
    interval: options.Interval = Length.DAY_1,
    bars: options.BarsFile = "",
    deadline: options.Deadline = research.DEADLINE_S,
    as_json: Json = False,
) -> int:
    """Look for mistakes in a strategy's file: syntax, wrong names, a short run, a view of the future.

    Without symbols and bars it runs on bars made up for it. Exit status 1 when something is found.
    """
    if not research.is_file(strategy):
        raise CommandFailed(f"check {_OF_FILES}, not {strategy!r}", EXIT_USAGE)
    asked = options.Asked(
        strategy,
        symbol_names(symbols) if symbols else (),
        start=start,
        end=end,
        parameters=settings(parameters or []),
        adjustment=adjustment,
        interval=interval,
    )
    return research.check_file(asked, bars, deadline, as_json=as_json)


@commands.command("watch", epilog=example(f"scizor backtest watch {_AN_ID}"))
def watch_backtest(backtest_id: Id, as_json: Json = False) -> None:
    """Watch a backtest to its end, then show what it came to."""
    from scizor.client.cli import backtest_service  # noqa: PLC0415 - see the module's docstring

    backtest_service.watch(backtest_id, as_json=as_json)


@commands.command("show", epilog=example(f"scizor backtest show {_AN_ID} --trades"))
def show_backtest(
    backtest_id: Id,
    trades: Annotated[bool, typer.Option("--trades", help="Also every round trip.")] = False,
    as_json: Json = False,
) -> None:
    """Show what a backtest came to, or where it stands."""
    from scizor.client.cli import backtest_service  # noqa: PLC0415 - see the module's docstring

    backtest_service.show_one(backtest_id, trades=trades, as_json=as_json)


@commands.command("list", epilog=example("scizor backtest list --limit 10"))
def list_backtests(
    strategy: Annotated[str, typer.Option(help="Only this strategy.", show_default="all")] = "",
    state: Annotated[str, typer.Option(help="Only this state, such as running.", show_default="all")] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20,
    as_json: Json = False,
) -> None:
    """List backtests, newest first."""
    from scizor.client.cli import backtest_service  # noqa: PLC0415 - see the module's docstring

    backtest_service.show_list(strategy, state, limit, as_json=as_json)


@commands.command("cancel", epilog=example(f"scizor backtest cancel {_AN_ID}"))
def cancel_backtest(backtest_id: Id, as_json: Json = False) -> None:
    """End a queued or running backtest."""
    from scizor.client.cli import backtest_service  # noqa: PLC0415 - see the module's docstring

    backtest_service.cancel(backtest_id, as_json=as_json)


@commands.command("delete", epilog=example(f"scizor backtest delete {_AN_ID}"))
def delete_backtest(backtest_id: Id, as_json: Json = False) -> None:
    """Remove a backtest that has ended, with its results."""
    from scizor.client.cli import backtest_service  # noqa: PLC0415 - see the module's docstring

    backtest_service.delete(backtest_id, as_json=as_json)
