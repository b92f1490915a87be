"""`scizor demo`: the whole system does its job once, on real bars."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from scizor.backtest.v1 import backtest_pb2 as bt
from scizor.client.channel import address_from_environment
from scizor.client.cli import local
from scizor.client.cli.common import connect, print_json
from scizor.client.cli.demo_data import FIRST, LAST
from scizor.client.cli.demo_data import chapters as market_data_chapters
from scizor.client.cli.demo_trading import order_and_its_end
from scizor.client.cli.entry import Json, example, help_of
from scizor.client.cli.following import Outcome, follow, outcome_of, show_outcome
from scizor.client.cli.story import Story
from scizor.client.cli.usage import CommandFailed
from scizor.client.errors import CallError
from scizor.client.sync import Client

_TRADED = ("AAPL", "IBM", "MSFT")
_PARAMETERS = {"fast": 50, "slow": 200}
_CAPITAL = "100000"
_COMMISSION_BPS = 5.0
_SLIPPAGE_BPS = 2.0
_HEALTH_DEADLINE_S = 2.0


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo", help=help_of("demo"), epilog=example("scizor demo --keep"))(demo)


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave the services running that it started.")] = False,
    as_json: Json = False,
) -> None:
    """See it work: services start, bars are collected and proven, a backtest runs on them, an order is placed."""
    story = Story(silent=as_json)
    with ExitStack() as at_the_end:
        started = start(story)
        if started and not keep:
            at_the_end.callback(_stop, story)
        with connect() as client:
            for chapter in (*market_data_chapters, _backtest, order_and_its_end):
                chapter(client, story)
    story.tell("Try next", *next_lines(stopped=started and not keep))
    if as_json:
        print_json(story.document)


def start(story: Story) -> bool:
    """Whether it started the services; running ones, and those of another machine, are taken as they are."""
    address = address_from_environment(os.environ)
    story.keep("address", address)
    if os.environ.get("SCIZOR_ADDRESS") and not _to_be_started(address):
        story.tell("Services", f"those at {address}")
        return False
    local.demand_server()
    if local.running() is not None:
        story.tell("Services", f"running already at {address}")
        return False
    stack = local.start_detached()
    story.tell("Services", f"{', '.join(child.name for child in stack.children)} started; all of it at {address}")
    return True


def _to_be_started(address: str) -> bool:
    """Whether an address is where `scizor up` would put the services, and nobody answers there."""
    if address.replace("localhost:", "127.0.0.1:") != local.own_address(os.environ):
        return False
    with Client(address, deadline_s=_HEALTH_DEADLINE_S) as client:
        try:
            client.health()
        except CallError as error:
            return error.reason == "NOT_REACHABLE"
    return False


def _stop(story: Story) -> None:
    story.keep("stop", local.stop())


def _backtest(client: Client, story: Story) -> None:
    strategy = _run(client, "sma_cross", _PARAMETERS)
    benchmark = _run(client, "buy_and_hold", {})
    story.keep("backtest", strategy.document())
    story.keep("benchmark", benchmark.document())
    asked = f"sma_cross {_PARAMETERS['fast']}/{_PARAMETERS['slow']} on {', '.join(_TRADED)}, split-adjusted"
    costs = f"{_COMMISSION_BPS:g} bps commission, {_SLIPPAGE_BPS:g} bps slippage"
    story.tell("Backtest", f"{asked}; {costs}")
    if not story.silent:
        show_outcome(strategy, benchmark)


def _run(client: Client, strategy_id: str, parameters: dict[str, int]) -> Outcome:
    backtest = client.backtests.create(
        strategy_id,
        _TRADED,
        capital=_CAPITAL,
        currency="USD",
        parameters=parameters,
        commission_bps=_COMMISSION_BPS,
        slippage_bps=_SLIPPAGE_BPS,
        start=FIRST,
        end=LAST,
        title=f"demo {strategy_id}",
    )
    if follow(client, backtest.id, strategy_id) != bt.BACKTEST_STATE_SUCCEEDED:
        raise CommandFailed(f"backtest {backtest.id} did not succeed; see `scizor backtest show {backtest.id}`")
    return outcome_of(client, backtest.id)


def next_lines(*, stopped: bool) -> list[str]:
    """Commands to try, ready to be pasted."""
    address = address_from_environment(os.environ)
    python = f'from scizor.client import Client; print(Client("{address}").bars.get("AAPL", "2010-01-01").close[:5])'
    request = '{"symbol": "AAPL", "start": "2010-01-01", "end": "2010-01-31"}'
    method = "scizor.marketdata.v1.MarketDataService/GetBars"
    body = (
        '{"strategyId": "sma_cross", "symbols": ["AAPL"], "parameters": {"fast": 10, "slow": 30},'
        ' "initialCapital": {"currencyCode": "USD", "units": 100000}}'
    )
    first = ["first  scizor up --detach   (the demo has stopped what it started; --keep leaves it)"] if stopped else []
    programs = Path(sys.prefix) / "bin"
    if str(programs) not in os.environ.get("PATH", "").split(os.pathsep) and (programs / "activate").exists():
        first.insert(0, f"       source {programs / 'activate'}")
    return [
        *first,
        f"REST   curl 'http://{address}/api/data/AAPL?start=2010-01-01&end=2010-12-31'",
        f"       curl -X POST 'http://{address}/api/backtests' -H 'content-type: application/json' -d '{body}'",
        f"gRPC   python -c '{python}'",
        f"       grpcurl -plaintext -d '{request}' {address} {method}",
        f"       buf curl --protocol grpc --http2-prior-knowledge -d '{request}' http://{address}/{method}",
        "shell  scizor stream quotes AAPL MSFT; scizor collect history CBA; scizor trade watch; scizor --help",
    ]
