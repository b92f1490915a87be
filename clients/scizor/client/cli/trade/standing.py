"""`scizor trade status`, `account`, `reconcile`, `halt`, `reduce` and `activate`."""

from __future__ import annotations

from typing import Annotated

import typer

from scizor.client.cli.common import connect, print_json
from scizor.client.cli.entry import Json, example
from scizor.client.cli.trade import options
from scizor.client.cli.trade.account_tables import account_facts, differences_table, status_facts
from scizor.client.cli.trade.words import show_whole
from scizor.client.cli.usage import EXIT_FAILED
from scizor.domain.trading.trading_state import TradingState
from scizor.trading.v1 import trading_service_pb2 as rpc


def register(commands: typer.Typer) -> None:
    """Add the commands."""
    commands.command("status", epilog=example("scizor trade status"))(status)
    commands.command("account", epilog=example("scizor trade account --json"))(show_account)
    commands.command("reconcile", epilog=example("scizor trade reconcile"))(reconcile)
    commands.command("halt", epilog=example('scizor trade halt --reason "prices look wrong" --flatten'))(halt)
    commands.command("reduce", epilog=example('scizor trade reduce --reason "end of the quarter"'))(reduce)
    commands.command("activate", epilog=example('scizor trade activate --reason "drill over"'))(activate)


def status(account: options.Account = "", as_json: Json = False) -> None:
    """Show how trading stands: the state, the gate to the broker, the last reconciliation."""
    with connect() as client:
        found = client.trading.status(account=account)
    _show(found, as_json=as_json)


def show_account(account: options.Account = "", as_json: Json = False) -> None:
    """Show the account's value, cash, funds and profit."""
    with connect() as client:
        found = client.trading.account(account=account)
    if as_json:
        print_json(rpc.GetAccountResponse(account=found))
    else:
        show_whole(account_facts(found))


def reconcile(account: options.Account = "", as_json: Json = False) -> int:
    """Compare the books with the broker's now; exit status 1 when a difference is left for people."""
    with connect() as client:
        answer = client.trading.reconcile(account=account)
    if as_json:
        print_json(answer)
    else:
        show_whole(*([differences_table(answer)] if answer.differences else ["the books agree with the broker's"]))
    return 0 if all(one.corrected for one in answer.differences) else EXIT_FAILED


def halt(
    reason: options.Reason,
    flatten: Annotated[
        bool, typer.Option("--flatten", help="The kill switch: cancel all orders and close all positions.")
    ] = False,
    account: options.Account = "",
    yes: options.Yes = False,
    as_json: Json = False,
) -> None:
    """Let the account take no orders until it is activated; outlives restarts."""
    if flatten:
        whose = f"account {account}" if account else "the account"
        options.confirm(f"halt {whose}, cancel all its orders and close all its positions at the market", yes=yes)
    _set(TradingState.HALTED, reason, account, flatten=flatten, as_json=as_json)


def reduce(reason: options.Reason, account: options.Account = "", as_json: Json = False) -> None:
    """Let the account take only orders that reduce what it holds."""
    _set(TradingState.REDUCING, reason, account, as_json=as_json)


def activate(reason: options.Reason, account: options.Account = "", as_json: Json = False) -> None:
    """Let the account trade again."""
    _set(TradingState.ACTIVE, reason, account, as_json=as_json)


def _set(state: TradingState, reason: str, account: str, *, flatten: bool = False, as_json: bool) -> None:
    with connect() as client:
        found = client.trading.set_state(state, reason, flatten=flatten, account=account)
    _show(found, as_json=as_json)


def _show(found: rpc.TradingStatus, *, as_json: bool) -> None:
    if as_json:
        print_json(rpc.GetTradingStatusResponse(status=found))
    else:
        show_whole(status_facts(found))
