"""What `scizor backtest` does through the Backtest service."""

from __future__ import annotations

from dataclasses import dataclass

from scizor.backtest.v1 import backtest_pb2 as bt
from scizor.backtest.v1.backtest_pb2 import Backtest
from scizor.backtest.v1.backtest_service_pb2 import (
    CancelBacktestResponse,
    CreateBacktestResponse,
    DeleteBacktestResponse,
    GetBacktestResponse,
    ListBacktestsResponse,
)
from scizor.client.cli.backtest_options import Asked
from scizor.client.cli.backtest_request import arguments_of
from scizor.client.cli.backtest_tables import backtest_facts, backtests_table, trades_table
from scizor.client.cli.common import as_document, connect, print_json
from scizor.client.cli.following import follow, outcome_of, show_outcome
from scizor.client.cli.held_against import held_against
from scizor.client.cli.parse import one_of, strategy_and_version
from scizor.client.cli.plot import plot
from scizor.client.cli.tables import show, word
from scizor.client.cli.usage import EXIT_INTERRUPTED, CommandFailed
from scizor.client.sync import Client
from scizor.domain.backtests import BacktestState


@dataclass(frozen=True, slots=True)
class Manner:
    """How a backtest is asked for. `cached`: whether one that was computed before will do."""

    wait: bool = True
    plotted: bool = False
    as_json: bool = False
    priority: int | None = None
    cached: bool = False


def run(asked: Asked, manner: Manner) -> None:
    """Queue a backtest and, to `wait`, show what it came to."""
    strategy, version = strategy_and_version(asked.strategy)
    arguments = arguments_of(asked) | {"priority": manner.priority, "allow_cached": manner.cached}
    with connect() as client:
        backtest = client.backtests.create(strategy, asked.symbols, strategy_version=version, **arguments)
        if manner.wait:
            _follow_and_show(client, backtest.id, as_json=manner.as_json, plotted=manner.plotted)
            return
    if manner.as_json:
        print_json(CreateBacktestResponse(backtest=backtest))
    else:
        show(f"queued as {backtest.id}; `scizor backtest watch {backtest.id}` shows how far it is")


def watch(backtest_id: str, *, as_json: bool) -> None:
    """Follow a backtest to its end."""
    with connect() as client:
        _follow_and_show(client, backtest_id, as_json=as_json)


def show_one(backtest_id: str, *, trades: bool, as_json: bool) -> None:
    """What a backtest came to, or where it stands."""
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


def show_list(strategy: str, state: str, limit: int, *, as_json: bool) -> None:
    """Backtests, newest first."""
    wanted = one_of(BacktestState, state, "--state")
    with connect() as client:
        found = client.backtests.list(strategy_id=strategy, state=wanted, limit=limit)
    if as_json:
        print_json(ListBacktestsResponse(backtests=found))
    else:
        show(backtests_table(found))


def cancel(backtest_id: str, *, as_json: bool) -> None:
    """End a backtest."""
    with connect() as client:
        backtest = client.backtests.cancel(backtest_id)
    if as_json:
        print_json(CancelBacktestResponse(backtest=backtest))
    else:
        show(f"{backtest.id} is {word(bt.BacktestState, backtest.state)}, and asked to end")


def delete(backtest_id: str, *, as_json: bool) -> None:
    """Remove a backtest that has ended."""
    with connect() as client:
        client.backtests.delete(backtest_id)
    if as_json:
        print_json(DeleteBacktestResponse())
    else:
        show(f"{backtest_id} removed with its results")


def _follow_and_show(client: Client, backtest_id: str, *, as_json: bool, plotted: bool = False) -> None:
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
        return
    if not plotted:
        show_outcome(outcome)
        return
    trades = client.backtests.trades(backtest_id)
    show_outcome(outcome, drawn=plot(outcome, trades, held_against(client, outcome)))


def _show_unfinished(backtest: Backtest, *, as_json: bool) -> None:
    if as_json:
        print_json(GetBacktestResponse(backtest=backtest))
    else:
        show(backtest_facts(backtest))
