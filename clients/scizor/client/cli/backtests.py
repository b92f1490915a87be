"""`scizor backtest …`: run strategies over history."""

from __future__ import annotations

from typing import Annotated

import typer

from scizor.backtest.v1 import backtest_pb2 as bt
from scizor.backtest.v1.backtest_pb2 import Backtest
from scizor.backtest.v1.backtest_service_pb2 import (
    CancelBacktestResponse,
    CreateBacktestResponse,
    GetBacktestResponse,
    ListBacktestsResponse,
)
from scizor.client.cli.backtest_tables import backtest_facts, backtests_table, trades_table
from scizor.client.cli.common import as_document, connect, print_json
from scizor.client.cli.entry import End, Json, Start, example, group, help_of
from scizor.client.cli.following import follow, outcome_of, show_outcome
from scizor.client.cli.parse import Adjust, Size, one_of, settings, symbol_names
from scizor.client.cli.tables import show, word
from scizor.client.cli.usage import EXIT_INTERRUPTED, CommandFailed
from scizor.client.sync import Client
from scizor.domain.backtests import BacktestState, Sizing
from scizor.domain.bars import Adjustment

_SHOWN = "scizor backtest run sma_cross --symbols AAPL,MSFT --set fast=10 --set slow=30"
commands = group(help_of("backtest"), _SHOWN)

Id = Annotated[str, typer.Argument(metavar="ID", help="The backtest's id.")]
_AN_ID = "0190d3a2-6f2e-7c3a-9a51-3f5f0c8f2b11"


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(commands, name="backtest")


@commands.command("run", epilog=example(_SHOWN))
def run_backtest(
    strategy: Annotated[str, typer.Argument(help="sma_cross or buy_and_hold.")],
    symbols: Annotated[list[str], typer.Option(help="Symbols with commas between; they share one account.")],
    start: Start = "",
    end: End = "",
    capital: Annotated[str, typer.Option(help="Cash at the start.")] = "100000",
    currency: Annotated[str, typer.Option(help="Currency of the cash and of every symbol.")] = "USD",
    parameters: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A parameter of the strategy.", show_default="its own"),
    ] = None,
    commission_bps: Annotated[float, typer.Option(help="Commission of every fill, in basis points.")] = 0.0,
    slippage_bps: Annotated[float, typer.Option(help="By how much a fill is worse than its open.")] = 0.0,
    sizing: Annotated[Size, typer.Option(help="When share counts are fixed.")] = Size.AT_DECISION,
    adjustment: Annotated[Adjust, typer.Option(help="The prices it sees and fills at.")] = Adjust.SPLIT,
    title: Annotated[str, typer.Option(help="A name to find it by.")] = "",
    keep_open: Annotated[bool, typer.Option("--keep-open", help="Leave positions open at the last bar.")] = False,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for it and show what it came to.")] = True,
    as_json: Json = False,
) -> None:
    """Run a strategy over history."""
    values = settings(parameters or [])
    with connect() as client:
        backtest = client.backtests.create(
            strategy,
            symbol_names(symbols),
            start=start,
            end=end,
            capital=capital,
            currency=currency,
            parameters=values,
            commission_bps=commission_bps,
            slippage_bps=slippage_bps,
            sizing=Sizing[sizing.name],
            adjustment=Adjustment[adjustment.name],
            title=title,
            keep_open_at_end=keep_open,
        )
        if wait:
            _follow_and_show(client, backtest.id, as_json=as_json)
            return

    if as_json:
        print_json(CreateBacktestResponse(backtest=backtest))
    else:
        show(f"queued as {backtest.id}; `scizor backtest watch {backtest.id}` shows how far it is")


@commands.command("watch", epilog=example(f"scizor backtest watch {_AN_ID}"))
def watch_backtest(backtest_id: Id, as_json: Json = False) -> None:
    """Watch a backtest to its end, then show what it came to."""
    with connect() as client:
        _follow_and_show(client, backtest_id, as_json=as_json)


@commands.command("show", epilog=example(f"scizor backtest show {_AN_ID} --trades"))
def show_backtest(
    backtest_id: Id,
    trades: Annotated[bool, typer.Option("--trades", help="Also every round trip.")] = False,
    as_json: Json = False,
) -> None:
    """Show what a backtest came to, or where it stands."""
    with connect() as client:
        backtest = client.backtests.get(backtest_id)
        if backtest.state != bt.BACKTEST_STATE_SUCCEEDED:
            _show_unfinished(backtest, as_json=as_json)
            return
        outcome = outcome_of(client, backtest_id)
        round_trips = client.backtests.trades(backtest_id) if trades else []
    if as_json:
        listed = {"trades": [as_document(one) for one in round_trips]} if trades else {}
        print_json({**outcome.document(), **listed})
        return
    show(backtest_facts(backtest))
    show_outcome(outcome)
    if trades:
        show(trades_table(round_trips))


@commands.command("list", epilog=example("scizor backtest list --limit 10"))
def list_backtests(
    strategy: Annotated[str, typer.Option(help="Only this strategy.", show_default="all")] = "",
    state: Annotated[str, typer.Option(help="Only this state, such as running.", show_default="all")] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20,
    as_json: Json = False,
) -> None:
    """List backtests, newest first."""
    wanted = one_of(BacktestState, state, "--state")
    with connect() as client:
        found = client.backtests.list(strategy_id=strategy, state=wanted, limit=limit)
    if as_json:
        print_json(ListBacktestsResponse(backtests=found))
    else:
        show(backtests_table(found))


@commands.command("cancel", epilog=example(f"scizor backtest cancel {_AN_ID}"))
def cancel_backtest(backtest_id: Id, as_json: Json = False) -> None:
    """End a queued or running backtest."""
    with connect() as client:
        backtest = client.backtests.cancel(backtest_id)
    if as_json:
        print_json(CancelBacktestResponse(backtest=backtest))
    else:
        show(f"{backtest.id} is {word(bt.BacktestState, backtest.state)}, and asked to end")


def _follow_and_show(client: Client, backtest_id: str, *, as_json: bool) -> None:
    try:
        state = follow(client, backtest_id)
    except KeyboardInterrupt:
        going_on = f"it goes on without you; `scizor backtest watch {backtest_id}` shows it again"
        raise CommandFailed(going_on, EXIT_INTERRUPTED) from None
    if state != bt.BACKTEST_STATE_SUCCEEDED:
        raise CommandFailed(f"backtest {backtest_id} ended {word(bt.BacktestState, state)}; see `scizor backtest show`")
    outcome = outcome_of(client, backtest_id)
    if as_json:
        print_json(outcome.document())
    else:
        show_outcome(outcome)


def _show_unfinished(backtest: Backtest, *, as_json: bool) -> None:
    if as_json:
        print_json(GetBacktestResponse(backtest=backtest))
    else:
        show(backtest_facts(backtest))
