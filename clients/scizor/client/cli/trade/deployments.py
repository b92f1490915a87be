"""`scizor trade start`, `stop`, `pause`, `resume`, `deployments`, `deployment` and `performance`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from scizor.client.cli.common import connect, print_json
from scizor.client.cli.entry import Json, example
from scizor.client.cli.parse import Length, one_of, settings, strategy_and_version, symbol_names
from scizor.client.cli.trade import options
from scizor.client.cli.trade.deployment_tables import (
    deployment_facts,
    deployment_line,
    deployments_table,
    differences_table,
    equity_chart,
    figures_table,
    parity_table,
    performance_facts,
)
from scizor.client.cli.trade.words import show_whole
from scizor.client.cli.usage import EXIT_USAGE, CommandFailed
from scizor.client.sync import Client
from scizor.domain.trading.deployments import CatchUp, DeploymentState, StopMode
from scizor.trading.v1 import deployment_pb2
from scizor.trading.v1 import trading_service_pb2 as rpc

_START_SHOWN = "scizor trade start sma_cross --symbols AAPL --capital 10000USD --set fast=20 --set slow=100"
_PARITY_SESSIONS = 5


class Mode(StrEnum):
    """What becomes of orders and positions."""

    LEAVE = "leave"
    CANCEL_ORDERS = "cancel_orders"
    FLATTEN = "flatten"


Target = Annotated[str, typer.Argument(metavar="STRATEGY|ID", help="The strategy, or its deployment's id.")]


def register(commands: typer.Typer) -> None:
    """Add the commands."""
    commands.command("start", epilog=example(_START_SHOWN))(start)
    commands.command("stop", epilog=example("scizor trade stop sma_cross --mode flatten"))(stop)
    commands.command("pause", epilog=example("scizor trade pause sma_cross"))(pause)
    commands.command("resume", epilog=example("scizor trade resume sma_cross"))(resume)
    commands.command("deployments", epilog=example("scizor trade deployments --state running"))(list_deployments)
    commands.command("deployment", epilog=example("scizor trade deployment sma_cross"))(show_one)
    commands.command("performance", epilog=example("scizor trade performance sma_cross --parity 10"))(performance)


def start(
    strategy: Annotated[
        str, typer.Argument(metavar="STRATEGY[@VERSION]", help="A built-in one such as sma_cross, or a stored one.")
    ],
    symbols: Annotated[list[str], typer.Option(help="What it may trade, commas between.")],
    capital: Annotated[str, typer.Option(metavar="AMOUNT", help="The cash it counts as its own, such as 10000USD.")],
    parameters: Annotated[
        list[str] | None,
        typer.Option("--set", "--parameters", metavar="NAME=VALUE", help="A parameter.", show_default="its own"),
    ] = None,
    interval: Annotated[Length, typer.Option(help="How long a bar lasts.")] = Length.DAY_1,
    live: Annotated[bool, typer.Option("--live", help="It may move real money.")] = False,
    catch_up: Annotated[
        bool, typer.Option("--catch-up", help="After a restart, act on the newest bar it missed if that is fresh.")
    ] = False,
    account: options.Account = "",
    yes: options.Yes = False,
    as_json: Json = False,
) -> None:
    """Put a strategy to work on an account; it warms up on stored history, then trades."""
    strategy_id, version = strategy_and_version(strategy)
    names, (amount, currency) = symbol_names(symbols), options.cash(capital, "--capital")
    if live:
        options.confirm(f"let {strategy} trade {', '.join(names)} with {amount} {currency} of real money", yes=yes)
    with connect() as client:
        deployment = client.deployments.start(
            strategy_id,
            names,
            capital=amount,
            currency=currency,
            parameters=settings(parameters or []),
            strategy_version=version,
            interval=interval.interval,
            live=live,
            catch_up=CatchUp.ACT_ON_NEWEST if catch_up else CatchUp.SHOW,
            account=account,
        )
    _tell(rpc.StartStrategyResponse(deployment=deployment), as_json=as_json)


def stop(
    target: Target,
    mode: Annotated[Mode, typer.Option(help="What becomes of its orders and positions.")] = Mode.CANCEL_ORDERS,
    as_json: Json = False,
) -> None:
    """End a strategy's deployment."""
    with connect() as client:
        deployment = client.deployments.stop(**_named(target), mode=StopMode[mode.name])
    _tell(rpc.StopStrategyResponse(deployment=deployment), as_json=as_json)


def pause(target: Target, as_json: Json = False) -> None:
    """Let a strategy watch without sending orders; its open orders stay."""
    with connect() as client:
        deployment = client.deployments.pause(**_named(target))
    _tell(rpc.PauseStrategyResponse(deployment=deployment), as_json=as_json)


def resume(target: Target, as_json: Json = False) -> None:
    """Let a paused or failed strategy trade again; it warms up first."""
    with connect() as client:
        deployment = client.deployments.resume(**_named(target))
    _tell(rpc.ResumeStrategyResponse(deployment=deployment), as_json=as_json)


def list_deployments(
    strategy: options.Strategy = "",
    state: Annotated[str, typer.Option(help="Only this state, such as running.", show_default="all")] = "",
    account: options.Account = "",
    limit: options.Most = 100,
    as_json: Json = False,
) -> None:
    """List deployments, newest first."""
    wanted = one_of(DeploymentState, state, "--state")
    with connect() as client:
        found = client.deployments.list(strategy_id=strategy, state=wanted, account=account, limit=limit)
    if as_json:
        print_json(rpc.ListDeploymentsResponse(deployments=found))
    else:
        show_whole(deployments_table(found))


def show_one(target: Target, as_json: Json = False) -> None:
    """Show a deployment, or a strategy's newest one."""
    with connect() as client:
        found = client.deployments.get(_id_of(client, target))
    if as_json:
        print_json(rpc.GetDeploymentResponse(deployment=found))
    else:
        show_whole(deployment_facts(found))


def performance(
    target: Annotated[
        str,
        typer.Argument(
            metavar="[STRATEGY|ID]", help="The strategy, or its deployment's id.", show_default="the account"
        ),
    ] = "",
    parity: Annotated[
        int, typer.Option(min=0, max=250, help="Hold so many of its sessions against their backtest.")
    ] = _PARITY_SESSIONS,
    account: options.Account = "",
    as_json: Json = False,
) -> None:
    """Show how the account or a strategy fares live, and where its sessions differ from their backtest."""
    with connect() as client:
        deployment_id = _id_of(client, target) if target else ""
        sessions = parity if target else 0
        found = client.trading.performance(deployment_id=deployment_id, parity_sessions=sessions, account=account)
    if as_json:
        print_json(rpc.GetLivePerformanceResponse(performance=found))
        return
    show_whole(performance_facts(found), figures_table(found), equity_chart(found))
    if found.parity:
        show_whole(parity_table(found.parity))
    if any(report.differences for report in found.parity):
        show_whole(differences_table(found.parity))


def _named(target: str) -> dict[str, str]:
    """A deployment as the contract names it: by itself, or by its strategy."""
    return {"deployment_id": target} if options.is_id(target) else {"strategy_id": target}


def _id_of(client: Client, target: str) -> str:
    if options.is_id(target):
        return target
    newest = client.deployments.list(strategy_id=target, limit=1)
    if not newest:
        raise CommandFailed(f"strategy {target} was never put to work; `scizor trade start` does", EXIT_USAGE)
    return newest[0].id


def _tell(
    answer: rpc.StartStrategyResponse
    | rpc.StopStrategyResponse
    | rpc.PauseStrategyResponse
    | rpc.ResumeStrategyResponse,
    *,
    as_json: bool,
) -> None:
    if as_json:
        print_json(answer)
        return
    deployment: deployment_pb2.Deployment = answer.deployment
    show_whole(f"{deployment_line(deployment)}; `scizor trade deployment {deployment.id}` tells how it goes on")
